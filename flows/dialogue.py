"""What the next reply must do, decided from what is known: a pure function of the state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flows import speakable
from flows.capture import Kind
from flows.dialogue_state import DialogueState as DialogueState  # noqa: PLC0414 - re-exported
from flows.dialogue_state import Ending as Ending  # noqa: PLC0414 - re-exported
from flows.doubt import doubtful_letter
from flows.lead import ASKABLE, FieldState, Status, same_value
from flows.phrases import Phrases, RepairStep, phrases_for
from flows.playbook import Playbook, PlaybookField, Verify
from flows.repair import doubtful_part
from flows.words_for_letters import LETTERS_OF_WORDS

SPELLED = (Kind.EMAIL, Kind.NAME, Kind.COMPANY)
"""Kinds of value that are spelled with a word for each letter."""
ECHOES_AT_ONCE = 3
"""Values said in passing in one reply; more of them and nobody listens."""
READBACKS_AT_MOST = 3
"""Read-backs of one value that got neither yes nor no, before the dialogue moves on."""
OBJECTIONS_TO_READ_BACK = 2
"""After so many objections a value that is otherwise said in passing is read back instead."""
OBJECTIONS_TO_TYPE = 3
"""After so many wrong values the caller is asked to type it: another hearing will not help."""
ASKS_AT_MOST = 12
"""Questions and read-backs of one field that a caller may hear; then a person settles it."""
CALLER_TURNS_AT_MOST = 90
"""A conversation of more turns goes round in circles: it is closed, politely."""
WRAP_UPS_AT_MOST = 4
HOLDS_AT_MOST = 5
"""Moments that a caller may ask for in a row, before the bot asks again."""
REQUIRED_FAILURES, OPTIONAL_FAILURES = 4, 3
"""Failed ways of asking, the first one included, after which a field is given up."""


@dataclass(frozen=True)
class Directive:
    """What the next reply must do.

    `ask_line`, `readback_lines` and `echo_lines` are the words themselves: the scripted reply is
    made of them, and an LLM is told to keep to them.
    """

    say_first: tuple[str, ...] = ()
    known: Mapping[str, Any] = field(default_factory=dict)
    readback: Mapping[str, Any] = field(default_factory=dict)
    echo: Mapping[str, Any] = field(default_factory=dict)
    ask: str | None = None
    open: tuple[str, ...] = ()
    closing: str | None = None
    done: bool = False
    ask_line: str | None = None
    readback_lines: tuple[str, ...] = ()
    echo_lines: tuple[str, ...] = ()
    closing_line: str | None = None
    avoid: tuple[str, ...] = ()

    def as_prompt(self) -> str:
        """The text at the tail of the LLM's context, at most about 250 tokens."""
        lines = ["[Directive for your next reply; never mention it]"]
        if self.known:
            known = "; ".join(f"{k}={_brief(v)}" for k, v in self.known.items())
            lines.append(f"Known: {known[:400]}.")
        if self.say_first:
            lines.append(f"First say: {' '.join(self.say_first)}")
        if self.echo_lines:
            lines.append(f"Then say, keeping the values: {' '.join(self.echo_lines)}")
        if self.readback_lines:
            lines.append(
                "Read back in exactly these words and wait for yes or no: "
                + " ".join(self.readback_lines)
            )
            lines.append("Nothing is confirmed yet. Ask nothing else.")
        elif self.closing_line:
            lines.append(f"Close with: {self.closing_line} Ask nothing.")
        elif self.ask_line:
            lines.append(f"Then ask only this: {self.ask_line}")
        else:
            lines.append("Ask nothing now.")
        if self.open:
            lines.append(f"Still open after that: {', '.join(self.open[:8])}.")
        if self.avoid:
            lines.append(f"Do not say or offer: {', '.join(self.avoid)}.")
        lines.append(
            "At most two short sentences beside the words above. Never say that anything is "
            "confirmed, saved or correct."
        )
        return "\n".join(lines)


def decide(
    state: DialogueState, playbook: Playbook, *, closing_name: str, now: datetime
) -> Directive:
    """The next reply. `closing_name` is which of the playbook's closings fits the lead now."""
    if state.closed:
        goodbye = phrases_for(playbook.language).goodbye
        return Directive(done=True, known=state.lead.settled(), closing_line=goodbye)
    first = tuple(state.remarks)
    known = state.lead.settled()
    if state.holding:
        return Directive(say_first=first, known=known, open=_open_keys(state, playbook))
    if state.ending in (Ending.DO_NOT_CONTACT, Ending.GOODBYE, Ending.SILENCE):
        return _close(state, playbook, closing_name, first)
    if state.turn >= CALLER_TURNS_AT_MOST:
        return _close(state, playbook, closing_name, first)
    open_keys = _open_keys(state, playbook)
    to_read_back = _readback_due(state, playbook)
    # A no to a read-back must not be able to mean anything else: what is to be said in passing
    # waits for the next reply.
    echo = _echo_due(state, playbook) if to_read_back is None else {}
    echo_lines = tuple(_echo_line(playbook, key, value, now) for key, value in echo.items())
    if to_read_back is not None:
        spec = playbook.field(to_read_back)
        value = state.lead[to_read_back].value
        return Directive(
            say_first=first,
            known=known,
            readback={to_read_back: value},
            ask=to_read_back,
            open=open_keys,
            readback_lines=(readback_line(state, playbook, spec),),
            avoid=_rejected(state),
        )
    if open_keys:
        spec = playbook.field(open_keys[0])
        return Directive(
            say_first=first,
            known=known,
            echo=echo,
            ask=spec.key,
            open=open_keys,
            ask_line=ask_line(state, playbook, spec),
            echo_lines=echo_lines,
            avoid=_rejected(state),
        )
    if echo and state.ending is Ending.NONE and state.wrap_ups < WRAP_UPS_AT_MOST:
        return Directive(
            say_first=first,
            known=known,
            echo=echo,
            ask_line=playbook.wrap_up,
            echo_lines=echo_lines,
            avoid=_rejected(state),
        )
    return _close(state, playbook, closing_name, first)


def wanted(state: DialogueState, playbook: Playbook) -> tuple[PlaybookField, ...]:
    """The fields that this conversation is about, in order."""
    chosen = []
    for spec in playbook.fields:
        if any(same_value(state.lead.value(k), v) for k, v in spec.skip_when.items()):
            continue
        chosen.append(spec)
    if state.ending is not Ending.HUMAN:
        return tuple(chosen)
    reach = [s for s in chosen if s.kind in (Kind.PHONE, Kind.EMAIL)]
    settled = [s for s in reach if state.lead[s.key].status not in ASKABLE]
    reach.sort(key=lambda s: s.kind is not Kind.PHONE)
    names = [s for s in chosen if s.kind is Kind.NAME][:1]
    return tuple(names + (settled or reach[:1]))


def _open_keys(state: DialogueState, playbook: Playbook) -> tuple[str, ...]:
    return tuple(
        spec.key
        for spec in wanted(state, playbook)
        if state.lead[spec.key].status in ASKABLE
        and state.lead[spec.key].asked < ASKS_AT_MOST
        and not _is_proposal(state, spec)
    )


def _is_proposal(state: DialogueState, spec: PlaybookField) -> bool:
    """A value that only the second reader has read: it is said to the caller, not asked for.

    A yes or a no cannot be said in passing ("Yes, got it."): its question is asked all the same.
    """
    if spec.kind in (Kind.BOOLEAN, Kind.CONSENT):
        return False
    field_state = state.lead[spec.key]
    return field_state.status is Status.HEARD and field_state.value is not None


def _readback_due(state: DialogueState, playbook: Playbook) -> str | None:
    for spec in wanted(state, playbook):
        field_state = state.lead[spec.key]
        if (
            is_read_back(spec, field_state)
            and field_state.value is not None
            and field_state.status in (Status.VALIDATED, Status.HEARD)
            and spec.key not in state.parked
            and field_state.asked < ASKS_AT_MOST
        ):
            return spec.key
    return None


def _echo_due(state: DialogueState, playbook: Playbook) -> dict[str, Any]:
    due: dict[str, Any] = {}
    for spec in playbook.fields:
        field_state = state.lead[spec.key]
        if field_state.value is None or spec.kind in (Kind.BOOLEAN, Kind.CONSENT):
            continue
        if is_read_back(spec, field_state) and spec.key not in state.parked:
            continue
        proposal = field_state.status is Status.HEARD and spec.verify is not Verify.READBACK
        fresh = field_state.status is Status.VALIDATED and spec.verify is Verify.ECHO
        if (proposal or fresh) and not same_value(field_state.echoed, field_state.value):
            due[spec.key] = field_state.value
    return dict(list(due.items())[:ECHOES_AT_ONCE])


def is_read_back(spec: PlaybookField, held: FieldState) -> bool:
    """Whether the value waits for a yes; one that was misheard twice does, whatever its field."""
    if spec.verify is Verify.READBACK:
        return True
    if spec.verify is not Verify.ECHO:
        return False
    return len(held.rejected) >= OBJECTIONS_TO_READ_BACK or held.is_inferred


def misses(held: FieldState) -> int:
    """Ways of asking that have failed; the first wrong value is not the question's fault."""
    return max(held.failures, len(held.rejected) - 1)


def typed_line(playbook: Playbook, spec: PlaybookField) -> str:
    """The question that asks for typing."""
    step = RepairStep.KEYPAD if spec.kind is Kind.PHONE else RepairStep.TYPED
    return phrases_for(playbook.language).repair(spec.kind, spec.label, step)


def words_step(playbook: Playbook, spec: PlaybookField, held: FieldState) -> RepairStep | None:
    """How to ask for a word for each letter; None where that has been asked.

    Once more where it gave a value, though a wrong one: two of them are nearly always enough.
    """
    phrases: Phrases = phrases_for(playbook.language)
    steps = [RepairStep.WORDS_FOR_LETTERS]
    if any(e.rule == LETTERS_OF_WORDS for e in held.evidence):
        steps.append(RepairStep.WORDS_AGAIN)
    for step in steps:
        if phrases.repair(spec.kind, spec.label, step) not in held.lines:
            return step
    return None


def readback_line(state: DialogueState, playbook: Playbook, spec: PlaybookField) -> str:
    field_state = state.lead[spec.key]
    style = speakable.Style.PLAIN
    if field_state.failures >= 2 or field_state.readbacks >= 2:
        style = speakable.Style.PHONETIC
    elif field_state.failures == 1 or field_state.readbacks == 1:
        style = speakable.Style.SPELLED
    spoken = speakable.say(spec.kind, field_state.value, style, region=playbook.region)
    return phrases_for(playbook.language).readback(spec.kind, spoken, field_state.readbacks)


def _echo_line(playbook: Playbook, key: str, value: Any, now: datetime) -> str:
    spec = playbook.field(key)
    spoken = speakable.say(spec.kind, value, speakable.Style.PLAIN, now=now, region=playbook.region)
    if spec.acknowledgement and "{value}" in spec.acknowledgement:
        line = spec.acknowledgement.replace("{value}", spoken)
        return line[:1].upper() + line[1:]
    phrases = phrases_for(playbook.language)
    return phrases.quoted(spoken) if spec.kind is Kind.TEXT else phrases.echo(spoken)


def repair_step(state: DialogueState, playbook: Playbook, spec: PlaybookField) -> RepairStep | None:
    """The step of the ladder that asks for the field now; None: one of its own questions."""
    field_state = state.lead[spec.key]
    misheard = len(field_state.rejected) >= OBJECTIONS_TO_TYPE and field_state.value is None
    if misheard and spec.kind in SPELLED:
        words = words_step(playbook, spec, field_state)
        if words is not None:
            return words
    if misheard and typed_line(playbook, spec) not in field_state.lines:
        return RepairStep.KEYPAD if spec.kind is Kind.PHONE else RepairStep.TYPED
    if spec.kind not in (Kind.EMAIL, Kind.PHONE):
        spelled = spec.kind in (Kind.NAME, Kind.COMPANY)
        return RepairStep.SPELL if spelled and misses(field_state) >= 3 else None
    if field_state.partial is not None and field_state.failures <= 1:
        missing = _missing_part(spec, field_state, phrases_for(playbook.language))
        if missing is not None:
            return missing
    if field_state.failures == 0:
        return None
    email = spec.kind is Kind.EMAIL
    if field_state.failures == 1 and field_state.rejected:
        if not email:
            return RepairStep.LAST_DIGITS
        return doubtful_part(
            str(field_state.rejected[-1]),
            name=_first(state, playbook, Kind.NAME),
            company=_first(state, playbook, Kind.COMPANY),
        )
    if field_state.failures == 1:
        return None
    if field_state.failures == 2:
        return RepairStep.WORDS_FOR_LETTERS if email else RepairStep.DIGIT_BY_DIGIT
    return RepairStep.TYPED if email else RepairStep.KEYPAD


def _missing_part(
    spec: PlaybookField, field_state: FieldState, phrases: Phrases
) -> RepairStep | None:
    """How to ask for what is missing; None when every way of it has been heard."""
    partial = field_state.partial or ""
    first = RepairStep.BEFORE_AT if partial.startswith("@") else RepairStep.REST
    steps: tuple[RepairStep, ...] = (first,) if len(field_state.pieces) < 2 else ()
    for step in (*steps, RepairStep.GO_ON, RepairStep.AND_THEN):
        if phrases.repair(spec.kind, spec.label, step) not in field_state.lines:
            return step
    return None


def _first(state: DialogueState, playbook: Playbook, kind: Kind) -> str | None:
    values = (state.lead.value(spec.key) for spec in playbook.fields_of(kind))
    return next((v for v in values if isinstance(v, str)), None)


def ask_line(state: DialogueState, playbook: Playbook, spec: PlaybookField) -> str:
    """The question for a field, in a form that the caller has not heard yet."""
    heard = state.lead[spec.key].lines
    lines = ask_lines(state, playbook, spec)
    return next((line for line in lines if line not in heard), lines[-1])


def ask_lines(state: DialogueState, playbook: Playbook, spec: PlaybookField) -> list[str]:
    """Every form of the question, the one that fits now first."""
    field_state = state.lead[spec.key]
    phrases = phrases_for(playbook.language)

    def repair(step: RepairStep) -> str:
        return phrases.repair(spec.kind, spec.label, step)

    step = repair_step(state, playbook, spec)
    lines = [repair(step)] if step is not None else []
    doubtful = doubtful_letter(field_state) if spec.kind is Kind.EMAIL else None
    if doubtful is not None:
        lines.insert(0, phrases.which_letter(*doubtful.letters))
    if step is None and field_state.lines and not field_state.failures:
        lines.append(spec.short)
    lines += spec.questions[misses(field_state) :]
    if spec.kind is Kind.EMAIL:
        lines += [repair(s) for s in (RepairStep.WORDS_FOR_LETTERS, RepairStep.TYPED)]
    elif spec.kind is Kind.PHONE:
        lines += [repair(s) for s in (RepairStep.DIGIT_BY_DIGIT, RepairStep.KEYPAD)]
    else:
        lines.append(repair(RepairStep.TYPED))
    if field_state.rejected and spec.kind in (Kind.EMAIL, Kind.PHONE):
        # What was said wrong before is not asked for as if it were new.
        return [*lines, *spec.questions[1:]]
    return [*lines, spec.short, *spec.questions]


def is_asked_out(state: DialogueState, playbook: Playbook, spec: PlaybookField) -> bool:
    """Whether the caller has heard every form of the question."""
    held = state.lead[spec.key]
    if held.asked >= ASKS_AT_MOST:
        return True
    return all(line in held.lines for line in ask_lines(state, playbook, spec))


def failures_at_most(spec: PlaybookField, held: FieldState) -> int:
    """A value that the caller is trying to give is worth more patience than a shrug."""
    worth_it = spec.required or spec.verify is Verify.READBACK or bool(held.rejected)
    return REQUIRED_FAILURES if worth_it else OPTIONAL_FAILURES


def _rejected(state: DialogueState) -> tuple[str, ...]:
    return tuple(_brief(v) for s in state.lead.fields.values() for v in s.rejected[-3:])


def _close(
    state: DialogueState, playbook: Playbook, name: str, first: tuple[str, ...]
) -> Directive:
    return Directive(
        say_first=first,
        known=state.lead.settled(),
        closing=name,
        done=True,
        closing_line=playbook.closings.of(name),
    )


def _brief(value: Any) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."
