"""The values in a caller turn, each for the field that it is meant for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from flows import repair
from flows.capture import Answer, Candidate, Kind, Surroundings, datetimes, read, read_all
from flows.dialogue import repair_step
from flows.doubt import doubtful_letter
from flows.lead import FieldState, Status, same_value
from flows.playbook import PlaybookField
from flows.turn import (
    ASKED_CONFIDENCE,
    CLEAR_CONFIDENCE,
    ONE_LETTER,
    VOLUNTEERED_CONFIDENCE,
    YES_OR_NO,
    Turn,
    surroundings,
)

NO_NEED = (
    Answer.HUMAN, Answer.GOODBYE, Answer.REPEAT, Answer.HOLD_ON, Answer.REFUSAL,
    Answer.DO_NOT_KNOW, Answer.YES,
)  # fmt: skip
"""A turn that is one of these says nothing in the caller's own words about a text field."""
_ADDRESSES = (Kind.EMAIL, Kind.PHONE)
WORDS_OF_A_NEED = 5
ALTERNATIVES_KEPT = 4
LONG_WORD = 4
_WORDS_BESIDE = {Kind.EMAIL: 3, Kind.PHONE: 3, Kind.MONEY: 1, Kind.COUNT: 1, Kind.DATE: 1}
"""An utterance with no more words than these beside a value is no need in the caller's words."""
_SAID_BEHIND_A_GRUMBLE = (Kind.NAME, Kind.COMPANY, Kind.EMAIL, Kind.PHONE)
_FIGURES = (Kind.MONEY, Kind.COUNT, Kind.DATE, Kind.DATETIME)
_MAY_CARRY_A_PART = (Answer.OTHER, Answer.NO, Answer.CORRECTION)


def take_values(turn: Turn) -> None:
    if not turn.rest.text:
        return
    kinds = {spec.kind for spec in turn.playbook.fields if spec.key not in turn.touched}
    if turn.around.asked in _SAID_BEHIND_A_GRUMBLE and not turn.names_itself:
        # "Oh come on, Mei Iyer": the name is what follows.
        turn.rest = replace(turn.rest, text=turn.phrases.without_objection(turn.rest.text))
    around = turn.around
    if around.confirming in (None, Kind.EMAIL, Kind.PHONE) and turn.objected:
        around = surroundings(turn.state, turn.playbook, turn.now, confirming=False)
    found = _found(turn, kinds, around)
    if turn.answer in NO_NEED or turn.answer_to_question is not None:
        found.pop(Kind.TEXT, None)
    if turn.around.asked in (Kind.NAME, Kind.COMPANY) and _long_words(turn) < WORDS_OF_A_NEED:
        found.pop(Kind.TEXT, None)  # "This is over all we need" was the company's name
    if is_mostly_a_value(found, len(turn.all.text.split())):
        found.pop(Kind.TEXT, None)
    if turn.phrases.only_opens(turn.rest.text):
        # "Okay, my number is ..." agrees to nothing.
        for kind in YES_OR_NO:
            found.pop(kind, None)
    if turn.objects and any(c.value is not None for k in _ADDRESSES for c in found.get(k, ())):
        # "No, tomas at icloud dot com" corrects what was said, and answers nothing else.
        for kind in YES_OR_NO:
            found.pop(kind, None)
    if turn.objects and turn.heard_another_value():
        # The caller's no is to a value that the bot got wrong, whatever was asked behind it.
        for kind in YES_OR_NO:
            found.pop(kind, None)
    for spec in turn.playbook.fields:
        if spec.key in turn.touched:
            continue
        _value_for(turn, spec, found.get(spec.kind, ()))


def _found(turn: Turn, kinds: set[Kind], around: Surroundings) -> dict[Kind, tuple[Candidate, ...]]:
    """Candidates by kind. An address or a number that nobody asked for claims its words
    before the kind that was asked for can make a time or an amount of them."""
    clear: dict[Kind, tuple[Candidate, ...]] = {}
    rest = turn.rest
    for kind in (Kind.EMAIL, Kind.PHONE):
        if kind not in kinds or kind is around.asked:
            continue
        found = read(kind, rest, around)
        if found and found[0].value is not None and found[0].confidence >= CLEAR_CONFIDENCE:
            clear[kind] = found
            rest = replace(rest, text=_without(rest.text, found[0].text), alternatives=())
    if clear:
        turn.rest = rest
    others = tuple(sorted(kinds - clear.keys()))
    if around.asked in (Kind.MONEY, Kind.COUNT) and Kind.DATE in kinds:
        # "By the end of Q1" names a day, not an amount of one.
        amounts = read(around.asked, rest, around)
        dates = read(Kind.DATE, rest, around)
        if (
            amounts
            and dates
            and amounts[0].span != dates[0].span
            and _is_within(amounts[0], dates[0])
        ):
            others = tuple(kind for kind in others if kind is not around.asked)
    fragments: tuple[Candidate, ...] = ()
    if around.asked in (Kind.EMAIL, Kind.PHONE) and around.asked in others:
        fragments = read(around.asked, rest, around)
        if fragments and fragments[0].value is None:
            # What may be a part of an address claims no words: it may be an amount as well.
            others = tuple(kind for kind in others if kind is not around.asked)
    result = {**read_all(others, rest, around), **clear}
    if fragments and around.asked is not None and around.asked not in result:
        clear_others = (c for k in others for c in result.get(k, ()) if c.kind in _FIGURES)
        if not any(_is_within(fragments[0], c, least=VOLUNTEERED_CONFIDENCE) for c in clear_others):
            result[around.asked] = fragments
    if Kind.MONEY in result:
        # "Fifty thousand a year" says nothing about when.
        for kind in (Kind.DATE, Kind.DATETIME):
            kept = [c for c in result.get(kind, ()) if turn.phrases.without_rate(c.text)]
            result[kind] = tuple(kept)
    return result


def _long_words(turn: Turn) -> int:
    """Words of the rest that are more than letters and little words."""
    return sum(1 for word in turn.rest.text.split() if len(word.strip(".,")) >= LONG_WORD)


def _is_within(part: Candidate, whole: Candidate, *, least: float = CLEAR_CONFIDENCE) -> bool:
    """Whether a reading's words are among those of a surer one."""
    inside = whole.span[0] <= part.span[0] and part.span[1] <= whole.span[1]
    return inside and whole.value is not None and whole.confidence >= least


def is_mostly_a_value(found: Mapping[Kind, Sequence[Candidate]], words: int) -> bool:
    """Whether little is said beside an address, a number, an amount or a date."""
    for kind, words_beside in _WORDS_BESIDE.items():
        for candidate in found.get(kind, ()):
            clear = candidate.value is not None and candidate.confidence >= VOLUNTEERED_CONFIDENCE
            if clear and words - len(candidate.text.split()) <= words_beside:
                return True
    return False


def _value_for(turn: Turn, spec: PlaybookField, candidates: Iterable[Candidate]) -> None:
    held = turn.state.lead[spec.key]
    asked = turn.state.asked == spec.key
    if not asked and not _is_meant(turn, spec):
        return
    is_another = Kind.PHONE in turn.named and spec.kind not in turn.named
    if is_another and not asked and spec.kind in _FIGURES:
        return  # the digits of a phone number are no time and no amount
    least = ASKED_CONFIDENCE if asked else VOLUNTEERED_CONFIDENCE
    candidates = [c for c in candidates if c.confidence >= least]
    whole = [c for c in candidates if c.value is not None]
    if asked:
        by_letters = turn.by_letters(spec)
        whole = [by_letters, *whole] if by_letters is not None else whole
    if asked and spec.kind is Kind.EMAIL and not whole:
        doubtful = doubtful_letter(held)
        value = doubtful.answered(turn.rest.text) if doubtful is not None else None
        if value is not None:
            text = turn.rest.text
            whole = [Candidate(spec.kind, value, CLEAR_CONFIDENCE, text, (0, 0), ONE_LETTER)]
    if asked and spec.kind in (Kind.EMAIL, Kind.PHONE) and turn.answer in _MAY_CARRY_A_PART:
        joined = repair.joined(
            spec.kind,
            turn.rest if turn.spelled is None else replace(turn.rest, text=turn.spelled),
            held=held,
            around=turn.around,
            whole=whole,
            step=repair_step(turn.state, turn.playbook, spec),
        )
        if joined is not None:
            whole = [joined]
    for candidate in whole:
        if spec.kind in (Kind.NAME, Kind.COMPANY) and turn.phrases.is_no_word(str(candidate.value)):
            continue
        best = turn.best_of_all(spec, held, candidate)
        if best is None:
            turn.understood = turn.understood or asked
            continue
        if _may_take(turn, spec, held, best):
            turn.take(spec, best)
            _keep_alternatives(turn, held, whole)
        return
    partial = next((c for c in candidates if c.partial is not None), None)
    if partial is None or held.value is not None or not asked:
        return
    meeting = None
    if spec.kind is Kind.DATETIME and held.partial is not None:
        # "Thursday." "And at what time?" "At two."
        meeting = datetimes.complete([held.partial, str(partial.partial)], turn.around)
    if meeting is not None:
        turn.take(spec, replace(partial, value=meeting, partial=None, rule="two-pieces"))
        return
    turn.keep(spec, held, partial)


def _keep_alternatives(turn: Turn, held: FieldState, whole: Sequence[Candidate]) -> None:
    """The recogniser's other guesses: if this one is refused, they say what else it may be."""
    for other in whole[: 1 + ALTERNATIVES_KEPT]:
        if other.rule.startswith("alternative:") and not same_value(other.value, held.value):
            held.note(turn.evidence(other.text, other.value, other.confidence, other.rule))


def _is_meant(turn: Turn, spec: PlaybookField) -> bool:
    """With several fields of a kind, an unasked value belongs to the one that is named."""
    if spec.kind in (Kind.TEXT, *YES_OR_NO):
        peers = turn.playbook.fields_of(spec.kind)
        return len(peers) == 1 or _names(turn, spec)
    peers = turn.playbook.fields_of(spec.kind)
    if len(peers) == 1:
        return True
    if any(turn.state.asked == p.key for p in peers):
        return False
    return _names(turn, spec)


def _names(turn: Turn, spec: PlaybookField) -> bool:
    text = turn.all.text.casefold()
    return any(word.casefold() in text for word in (*spec.keywords, spec.label))


def _may_take(turn: Turn, spec: PlaybookField, held: FieldState, candidate: Candidate) -> bool:
    if held.value is None or same_value(held.value, candidate.value):
        return True
    if held.status is Status.HEARD:
        return True
    asked = turn.asked()
    if (
        asked is not None
        and asked.key != spec.key
        and asked.kind in (Kind.EMAIL, Kind.PHONE)
        and spec.kind not in (Kind.EMAIL, Kind.PHONE, Kind.TEXT)
    ):
        # "Wrong, it's five pound hotel ..." corrects the address and not the budget.
        return spec.kind in turn.named
    if spec.kind in (Kind.EMAIL, Kind.PHONE):
        return True
    if spec.kind is Kind.TEXT:
        return turn.state.asked == spec.key
    just_said = spec.key in turn.state.echoed and spec.kind in (Kind.COUNT, Kind.MONEY)
    return (
        turn.state.asked == spec.key
        or just_said
        or turn.phrases.corrects(turn.all.text)
        or turn.answer is Answer.CORRECTION
    )


def _without(text: str, part: str) -> str:
    start = text.casefold().find(part.casefold()) if part else -1
    return f"{text[:start]} , {text[start + len(part) :]}" if start >= 0 else text
