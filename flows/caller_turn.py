"""One caller turn: what its words do to the lead and to the dialogue.

All finals of a turn are read together, always from the state at the turn's beginning, so that a
late final can change what an earlier one seemed to mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flows import repair
from flows.capture import (
    Answer,
    Candidate,
    Kind,
    Surroundings,
    Utterance,
    Word,
    amend,
    answer,
    read,
    read_all,
)
from flows.dialogue import (
    READBACKS_AT_MOST,
    DialogueState,
    Ending,
    failures_at_most,
    repair_step,
)
from flows.lead import ASKABLE, Event, Evidence, FieldState, Source, Status, same_value
from flows.phrases import phrases_for
from flows.playbook import Playbook, PlaybookField, Verify
from flows.questions import answer_to

ASKED_CONFIDENCE = 0.3
VOLUNTEERED_CONFIDENCE = 0.6
CLEAR_CONFIDENCE = 0.8
REJECTIONS_AT_MOST = 6
"""Values of one field that the caller said no to, before a person has to settle it."""
LONGEST_TURN = 4000
"""Characters of one turn that are read; recognisers loop, and callers paste."""
TURNS_REMEMBERED = 60
_YES_OR_NO = (Kind.BOOLEAN, Kind.CONSENT)
_REACH = (Kind.EMAIL, Kind.PHONE, Kind.NAME, Kind.COMPANY)
_MAY_CARRY_A_PART = (Answer.OTHER, Answer.NO, Answer.CORRECTION)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff]+")


@dataclass(frozen=True)
class Final:
    """One final transcript. `over_bot`: spoken while the bot spoke and went on speaking."""

    text: str
    words: tuple[Word, ...] = ()
    alternatives: tuple[str, ...] = ()
    over_bot: bool = False
    source: Source = Source.RULES

    def snapshot(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "words": [[w.text, w.confidence] for w in self.words],
            "alternatives": list(self.alternatives),
            "over_bot": self.over_bot,
            "source": self.source.value,
        }

    @classmethod
    def from_snapshot(cls, document: Mapping[str, Any]) -> Final:
        return cls(
            text=document["text"],
            words=tuple(Word(text, confidence) for text, confidence in document["words"]),
            alternatives=tuple(document["alternatives"]),
            over_bot=bool(document["over_bot"]),
            source=Source(document["source"]),
        )


def read_turn(
    base: DialogueState,
    finals: Sequence[Final],
    *,
    playbook: Playbook,
    now: datetime,
    recorded: bool,
) -> DialogueState:
    """The state after the turn; `base` stays as it is."""
    state = base.copy()
    state.turn += 1
    state.remarks = []
    state.holding = False
    if state.ending is Ending.GOODBYE:
        state.ending = Ending.NONE
    _TurnReader(state, finals, playbook=playbook, now=now, recorded=recorded).read()
    return state


def surroundings(
    state: DialogueState, playbook: Playbook, now: datetime, *, confirming: bool = True
) -> Surroundings:
    """What capture may know about the moment."""
    pending = next(iter(state.read_back.items()), None) if confirming else None
    asked = playbook.field(state.asked) if state.asked is not None else None

    def known(kind: Kind) -> str | None:
        for spec in playbook.fields_of(kind):
            value = state.lead.value(spec.key)
            if isinstance(value, str):
                return value
        return None

    return Surroundings(
        now=now,
        asked=asked.kind if asked is not None else None,
        confirming=playbook.field(pending[0]).kind if pending is not None else None,
        confirming_value=pending[1] if pending is not None else None,
        region=playbook.region,
        currency=playbook.currency,
        language=playbook.language,
        name=known(Kind.NAME),
        company=known(Kind.COMPANY),
        email=known(Kind.EMAIL),
        options=tuple(asked.options) if asked is not None else (),
    )


class _TurnReader:
    """Reads one turn into `state`; used once."""

    def __init__(
        self,
        state: DialogueState,
        finals: Sequence[Final],
        *,
        playbook: Playbook,
        now: datetime,
        recorded: bool,
    ) -> None:
        self._state = state
        self._playbook = playbook
        self._now = now
        self._recorded = recorded
        self._phrases = phrases_for(playbook.language)
        self._all = _together(finals)
        self._own = _together([f for f in finals if not f.over_bot])
        self._source = finals[-1].source if finals else Source.RULES
        self._around = surroundings(state, playbook, now)
        self._answer = answer(self._own, self._around) if self._own.text else Answer.OTHER
        self._objects = bool(self._own.text) and (
            self._answer in (Answer.NO, Answer.CORRECTION) or self._phrases.objects(self._own.text)
        )
        self._rest = self._all
        self._touched: set[str] = set()
        self._objected = False

    def read(self) -> None:
        state = self._state
        state.said = [*state.said, self._all.text][-TURNS_REMEMBERED:]
        if self._answer is Answer.DO_NOT_CONTACT:
            self._do_not_contact()
            return
        self._read_back_answered()
        self._echo_answered()
        self._values()
        self._questions()
        self._moves()
        self._asked_without_value()

    # What the caller said about the bot's last words

    def _read_back_answered(self) -> None:
        pending = self._state.read_back
        if not pending or not self._own.text:
            return
        lead = self._state.lead
        exact = all(same_value(value, lead.value(key)) for key, value in pending.items())
        for key in pending:
            spec, held = self._playbook.field(key), lead[key]
            other = self._another_value(spec, held)
            if other is not None:
                self._replace(spec, held, other)
            elif self._answer is Answer.YES and exact:
                self._confirm(key, held)
            elif self._objects and self._answer is not Answer.YES:
                self._object_to(spec, held, exact=exact)
            elif self._answer is Answer.OTHER:
                amended = self._amended(spec, held)
                if amended is not None:
                    self._replace(spec, held, amended)
                elif held.readbacks >= READBACKS_AT_MOST:
                    self._park(spec)

    def _confirm(self, key: str, held: FieldState) -> None:
        if held.status is Status.HEARD:
            held.happen(Event.UNOPPOSED)
        if held.happen(Event.YES):
            held.note(self._evidence(self._own.text, held.value, 1.0, "yes"))
            self._touched.add(key)

    def _another_value(self, spec: PlaybookField, held: FieldState) -> Candidate | None:
        """A whole value in the answer that is not the one that was read back."""
        for candidate in read(spec.kind, self._own, self._around):
            if candidate.value is None or candidate.confidence < ASKED_CONFIDENCE:
                continue
            if same_value(candidate.value, held.value):
                return None
            return self._best_of_all(spec, held, candidate)
        return None

    def _best_of_all(
        self, spec: PlaybookField, held: FieldState, newest: Candidate
    ) -> Candidate | None:
        """The newest reading, or what the vote of all attempts makes of it."""
        better = repair.voted(spec.kind, newest, held=held, around=self._around)
        if better is None and held.was_rejected(newest.value):
            twin = repair.twin(spec.kind, newest)
            better = twin if twin is not None and not held.was_rejected(twin.value) else None
        if better is not None:
            held.note(self._evidence(newest.text, newest.value, newest.confidence, newest.rule))
            return better
        if held.was_rejected(newest.value):
            held.note(self._evidence(newest.text, newest.value, newest.confidence, newest.rule))
            return None
        return newest

    def _object_to(self, spec: PlaybookField, held: FieldState, *, exact: bool) -> None:
        amended = self._amended(spec, held)
        if amended is not None:
            self._replace(spec, held, amended)
        elif exact:
            self._touched.add(spec.key)
            self._objected = True
            held.reject()
            self._keep_piece(spec, held)
            self._failed(spec, held)

    def _amended(self, spec: PlaybookField, held: FieldState) -> Candidate | None:
        if held.value is None:
            return None
        amended = amend(spec.kind, held.value, self._own, self._around)
        if amended is None or amended.value is None or same_value(amended.value, held.value):
            return None
        return None if held.was_rejected(amended.value) else amended

    def _replace(self, spec: PlaybookField, held: FieldState, candidate: Candidate) -> None:
        """Another value instead of the present one, which was thereby refused."""
        if self._objects and held.value is not None:
            held.rejected.append(held.value)
        self._take(spec, candidate)
        if len(held.rejected) >= REJECTIONS_AT_MOST:
            self._give_up(spec, held)

    def _park(self, spec: PlaybookField) -> None:
        if spec.key not in self._state.parked:
            self._state.parked.append(spec.key)
            self._state.lead.follow_up(f"Check the {spec.label}: it was read back, not confirmed.")

    def _echo_answered(self) -> None:
        lead = self._state.lead
        echoed = [k for k in self._state.echoed if same_value(self._state.echoed[k], lead.value(k))]
        if not echoed or not self._own.text:
            return
        if not self._objects:
            for key in echoed:
                spec = self._playbook.field(key)
                if spec.kind in (Kind.NAME, Kind.COMPANY) and self._says_it_better(spec):
                    continue
                if lead[key].status is Status.HEARD and self._answer is not Answer.HOLD_ON:
                    lead[key].happen(Event.UNOPPOSED)
            return
        if self._touched:
            return
        corrections = [
            (key, found)
            for key in reversed(echoed)
            if (found := self._echo_reading(self._playbook.field(key), lead[key])) is not None
        ]
        if corrections:
            # "No, thirty thousand a year" is an amount and not a date: the longer words win.
            key, found = max(corrections, key=lambda c: len(c[1].text))
            if not self._correct_echo(self._playbook.field(key), lead[key], found):
                self._reject_echo(self._playbook.field(key), lead[key])
            return
        asked = self._asked()
        if (
            self._answer in (Answer.NO, Answer.CORRECTION)
            and not self._state.wrap_up_heard
            and (asked is None or asked.kind not in _YES_OR_NO)
            and not self._answers_the_question()
        ):
            self._reject_echo(self._playbook.field(echoed[-1]), lead[echoed[-1]])

    def _says_it_better(self, spec: PlaybookField) -> bool:
        """A name that is nearly the one just said in passing corrects it, even where the "no"
        before it was misheard; where it is the same, it is not an answer to the question."""
        held = self._state.lead[spec.key]
        around = self._around.asking(spec.kind)
        behind_the_comma = Utterance(self._own.text.partition(",")[2].strip())
        readings = (*read(spec.kind, self._own, around), *read(spec.kind, behind_the_comma, around))
        for candidate in readings:
            if candidate.value is None:
                continue
            if not repair.nearly_the_same(str(candidate.value), str(held.value)):
                continue
            best = self._best_of_all(spec, held, candidate)
            if best is not None:
                self._take(spec, best)
                self._rest = Utterance(_after(self._all.text, candidate.text))
                return True
        return False

    def _reject_echo(self, spec: PlaybookField, held: FieldState) -> None:
        self._objected = True
        self._touched.add(spec.key)
        held.reject()
        self._state.remarks.append(self._phrases.sorry)
        self._failed(spec, held)

    def _echo_reading(self, spec: PlaybookField, held: FieldState) -> Candidate | None:
        """What the objection says about a value that was said in passing."""
        around = replace(
            self._around, asked=spec.kind, confirming=spec.kind, confirming_value=held.value
        )
        for candidate in read(spec.kind, self._own, around):
            if candidate.value is not None and candidate.confidence >= ASKED_CONFIDENCE:
                return candidate
        amended = amend(spec.kind, held.value, self._own, around)
        if amended is None or amended.value is None or same_value(amended.value, held.value):
            return None
        return amended

    def _correct_echo(self, spec: PlaybookField, held: FieldState, reading: Candidate) -> bool:
        """Takes the correction. An objection that repeats the value was misheard once more."""
        after = self._phrases.without_rate(_after(self._all.text, reading.text))
        if same_value(reading.value, held.value) or held.was_rejected(reading.value):
            likelier = repair.twin(spec.kind, reading)
            if likelier is None or held.was_rejected(likelier.value):
                self._rest = Utterance(after)
                return False
            reading = likelier
        self._objected = True
        self._replace(spec, held, reading)
        self._rest = Utterance(after)
        return True

    def _answers_the_question(self) -> bool:
        asked = self._asked()
        if asked is None:
            return False
        return any(
            c.value is not None and c.confidence >= VOLUNTEERED_CONFIDENCE
            for c in read(asked.kind, self._all, self._around)
        )

    # Values

    def _values(self) -> None:
        if not self._rest.text:
            return
        kinds = {spec.kind for spec in self._playbook.fields if spec.key not in self._touched}
        around = self._around
        if around.confirming in (None, Kind.EMAIL, Kind.PHONE) and self._objected:
            around = surroundings(self._state, self._playbook, self._now, confirming=False)
        found = self._found(kinds, around)
        if self._is_mostly_an_address(found, len(self._all.text.split())):
            found.pop(Kind.TEXT, None)
        if self._phrases.only_opens(self._rest.text):
            # "Okay, my number is ..." agrees to nothing.
            for kind in _YES_OR_NO:
                found.pop(kind, None)
        for spec in self._playbook.fields:
            if spec.key in self._touched:
                continue
            self._value_for(spec, found.get(spec.kind, ()))

    def _found(self, kinds: set[Kind], around: Surroundings) -> dict[Kind, tuple[Candidate, ...]]:
        """Candidates by kind. An address or a number that nobody asked for claims its words
        before the kind that was asked for can make a time or an amount of them."""
        clear: dict[Kind, tuple[Candidate, ...]] = {}
        rest = self._rest
        for kind in (Kind.EMAIL, Kind.PHONE):
            if kind not in kinds or kind is around.asked:
                continue
            found = read(kind, rest, around)
            if found and found[0].value is not None and found[0].confidence >= CLEAR_CONFIDENCE:
                clear[kind] = found
                rest = Utterance(_without(rest.text, found[0].text), rest.words)
        if clear:
            self._rest = rest
        others = tuple(sorted(kinds - clear.keys()))
        result = {**read_all(others, rest, around), **clear}
        if Kind.MONEY in result:
            # "Fifty thousand a year" says nothing about when.
            for kind in (Kind.DATE, Kind.DATETIME):
                kept = [c for c in result.get(kind, ()) if self._phrases.without_rate(c.text)]
                result[kind] = tuple(kept)
        return result

    def _is_mostly_an_address(self, found: Mapping[Kind, Sequence[Candidate]], words: int) -> bool:
        """Whether little is said beside an e-mail address or a phone number."""
        for kind in (Kind.EMAIL, Kind.PHONE):
            for candidate in found.get(kind, ()):
                beside = words - len(candidate.text.split())
                if candidate.value is not None and beside < 4:
                    return True
        return False

    def _value_for(self, spec: PlaybookField, candidates: Iterable[Candidate]) -> None:
        held = self._state.lead[spec.key]
        asked = self._state.asked == spec.key
        if not asked and not self._is_meant(spec):
            return
        least = ASKED_CONFIDENCE if asked else VOLUNTEERED_CONFIDENCE
        candidates = [c for c in candidates if c.confidence >= least]
        whole = [c for c in candidates if c.value is not None]
        if asked and spec.kind in (Kind.EMAIL, Kind.PHONE) and self._answer in _MAY_CARRY_A_PART:
            joined = repair.joined(
                spec.kind,
                self._rest,
                held=held,
                around=self._around,
                whole=whole,
                step=repair_step(self._state, self._playbook, spec),
            )
            if joined is not None:
                whole = [joined]
        for candidate in whole:
            best = self._best_of_all(spec, held, candidate)
            if best is None:
                continue
            if self._may_take(spec, held, best):
                self._take(spec, best)
            return
        partial = next((c for c in candidates if c.partial is not None), None)
        if partial is not None and held.value is None and asked:
            self._keep(spec, held, partial)

    def _is_meant(self, spec: PlaybookField) -> bool:
        """With several fields of a kind, an unasked value belongs to the one that is named."""
        if spec.kind in (Kind.TEXT, *_YES_OR_NO):
            peers = self._playbook.fields_of(spec.kind)
            return len(peers) == 1 or self._names(spec)
        peers = self._playbook.fields_of(spec.kind)
        if len(peers) == 1:
            return True
        if any(self._state.asked == p.key for p in peers):
            return False
        return self._names(spec)

    def _names(self, spec: PlaybookField) -> bool:
        text = self._all.text.casefold()
        return any(word.casefold() in text for word in (*spec.keywords, spec.label))

    def _may_take(self, spec: PlaybookField, held: FieldState, candidate: Candidate) -> bool:
        if held.value is None or same_value(held.value, candidate.value):
            return True
        if held.status is Status.HEARD:
            return True
        if spec.kind in (Kind.EMAIL, Kind.PHONE):
            return True
        if spec.kind is Kind.TEXT:
            return self._state.asked == spec.key
        just_said = spec.key in self._state.echoed and spec.kind in (Kind.COUNT, Kind.MONEY)
        return (
            self._state.asked == spec.key
            or just_said
            or self._phrases.corrects(self._all.text)
            or self._answer is Answer.CORRECTION
        )

    def _take(self, spec: PlaybookField, candidate: Candidate) -> None:
        held = self._state.lead[spec.key]
        self._touched.add(spec.key)
        evidence = self._evidence(
            candidate.text or self._all.text, candidate.value, candidate.confidence, candidate.rule
        )
        if same_value(held.value, candidate.value) and held.status in (
            Status.VALIDATED,
            Status.CONFIRMED,
        ):
            held.note(evidence)
            return
        problem = self._invalid(spec, candidate.value)
        if problem is not None:
            held.note(evidence)
            self._state.remarks.append(problem)
            self._failed(spec, held)
            return
        first = held.value is None
        held.take(candidate.value, evidence, Event.VALUE)
        if first and spec.acknowledgement and "{value}" not in spec.acknowledgement:
            self._state.remarks.append(spec.acknowledgement)
        if spec.key in self._state.parked:
            self._state.parked.remove(spec.key)
        if spec.kind is Kind.CONSENT:
            self._state.lead.consents.append(evidence)

    def _keep(self, spec: PlaybookField, held: FieldState, partial: Candidate) -> None:
        self._touched.add(spec.key)
        if held.happen(Event.PIECE):
            held.pieces.append(partial.text or self._rest.text)
            del held.pieces[:-6]
            held.partial = partial.partial
            held.note(self._evidence(partial.text, None, partial.confidence, partial.rule))

    def _keep_piece(self, spec: PlaybookField, held: FieldState) -> None:
        """ "No, the first part is jay doe" carries a piece even when it cannot be placed yet."""
        for candidate in read(spec.kind, self._own, self._around):
            if candidate.value is None and candidate.partial is not None:
                held.note(self._evidence(candidate.text, None, candidate.confidence, "piece"))
                return

    def _invalid(self, spec: PlaybookField, value: Any) -> str | None:
        rule = spec.validation
        numbers = [value] if isinstance(value, int | float) else []
        if isinstance(value, dict):
            numbers = [value[k] for k in ("min", "max") if isinstance(value.get(k), int | float)]
        too_small = rule.min is not None and any(n < rule.min for n in numbers)
        too_large = rule.max is not None and any(n > rule.max for n in numbers)
        past = rule.not_in_the_past and isinstance(value, str) and _is_past(value, self._now)
        if isinstance(value, bool) or not (too_small or too_large or past):
            return None
        return rule.message or self._phrases.sorry

    # Questions, and moves of the conversation itself

    def _questions(self) -> None:
        reply = answer_to(
            self._all.text,
            playbook=self._playbook,
            asked=self._asked(),
            recorded=self._recorded,
            is_question=self._answer is Answer.QUESTION,
        )
        if reply is not None:
            self._state.remarks.append(reply)
            self._touched.add("")
        elif self._answer is Answer.QUESTION and not self._touched:
            self._state.remarks.append(self._playbook.unknown_question)
            note = self._phrases.note_question.replace("{text}", self._own.text[:200])
            self._state.lead.follow_up(note)

    def _moves(self) -> None:
        state = self._state
        if self._answer is Answer.HUMAN:
            state.ending = Ending.HUMAN
            state.remarks.append(self._phrases.human_wanted)
            state.lead.follow_up("The caller asked to speak to a person.")
        elif self._answer is Answer.GOODBYE:
            state.ending = Ending.GOODBYE
        elif self._answer is Answer.HOLD_ON:
            state.holding = True
            state.remarks = [self._phrases.take_your_time]
        elif self._answer is Answer.REPEAT:
            state.remarks.insert(0, self._phrases.of_course)

    def _do_not_contact(self) -> None:
        lead = self._state.lead
        lead.do_not_contact = True
        evidence = self._evidence(self._own.text, False, 1.0, "do_not_contact")
        lead.consents.append(evidence)
        for spec in self._playbook.fields_of(Kind.CONSENT):
            lead[spec.key].take(False, evidence, Event.VALUE)
        self._state.ending = Ending.DO_NOT_CONTACT

    # The field that was asked for, and got no value

    def _asked_without_value(self) -> None:
        spec = self._asked()
        if not self._own.text:
            return
        if self._answer is Answer.REFUSAL:
            self._refused(self._refused_field(spec))
            return
        if spec is None or spec.key in self._touched or spec.key in self._state.read_back:
            return
        held = self._state.lead[spec.key]
        if held.status not in ASKABLE or self._touched or self._objected:
            return
        if self._answer is Answer.DO_NOT_KNOW:
            self._give_up(spec, held)
        elif self._answer is Answer.NO and not self._state.echoed and spec.kind in _REACH:
            self._refused(spec)
        elif self._answer is Answer.NO and not self._state.echoed and spec.kind not in _YES_OR_NO:
            self._give_up(spec, held)
        elif self._answer in (Answer.OTHER, Answer.YES, Answer.NO, Answer.CORRECTION):
            self._failed(spec, held)

    def _refused_field(self, asked: PlaybookField | None) -> PlaybookField | None:
        text = self._own.text.casefold()
        for spec in self._playbook.fields:
            if spec is not asked and spec.label.casefold() in text:
                return spec
        return asked

    def _refused(self, spec: PlaybookField | None) -> None:
        if spec is None or spec.key in self._touched:
            return
        evidence = self._evidence(self._own.text, None, 1.0, "refusal")
        if self._state.lead[spec.key].refuse(evidence):
            self._touched.add(spec.key)
            self._state.remarks.append(spec.on_refusal)
            if spec.kind is Kind.CONSENT:
                self._state.lead.consents.append(evidence)

    def _failed(self, spec: PlaybookField, held: FieldState) -> None:
        held.failures += 1
        if held.value is None and held.failures >= failures_at_most(spec, held):
            self._give_up(spec, held)

    def _give_up(self, spec: PlaybookField, held: FieldState) -> None:
        tried = bool(held.candidates() or held.pieces)
        text = self._own.text or self._all.text
        if not held.give_up(self._evidence(text, None, 1.0, "given up")):
            return
        self._touched.add(spec.key)
        if tried or spec.verify is Verify.READBACK or spec.required:
            self._state.remarks.append(self._phrases.colleague_will_check)
            self._state.lead.follow_up(f"Settle the {spec.label} with the caller.")
        else:
            self._state.remarks.append(self._phrases.not_known)

    def _asked(self) -> PlaybookField | None:
        key = self._state.asked
        return self._playbook.field(key) if key is not None else None

    def _evidence(self, text: str, value: Any, confidence: float, rule: str) -> Evidence:
        return Evidence(
            text=text,
            turn=self._state.turn,
            source=self._source,
            value=value,
            confidence=confidence,
            rule=rule,
        )


def _together(finals: Sequence[Final]) -> Utterance:
    text = " ".join(cleaned(f.text) for f in finals).strip()[:LONGEST_TURN]
    words = tuple(w for f in finals for w in f.words) if all(f.words for f in finals) else ()
    alternatives = finals[0].alternatives if len(finals) == 1 else ()
    return Utterance(text, words, tuple(cleaned(a) for a in alternatives))


def cleaned(text: str) -> str:
    """Without control and invisible characters, and not longer than a turn may be."""
    return _CONTROL.sub(" ", text[: 2 * LONGEST_TURN]).strip()


def _after(text: str, part: str) -> str:
    start = text.casefold().find(part.casefold()) if part else -1
    return text[start + len(part) :].strip(" ,.;") if start >= 0 else ""


def _without(text: str, part: str) -> str:
    start = text.casefold().find(part.casefold()) if part else -1
    return f"{text[:start]} , {text[start + len(part) :]}" if start >= 0 else text


def _is_past(value: str, now: datetime) -> bool:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return False
    if moment.tzinfo is None:
        return moment.date() < now.date()
    return moment < now
