"""The second reader's proposals: they enter as heard, and only if the caller said their words.

Words that were said prove little: "about a hundred" was said, and is no date. So a value is
believed where our own reading of the words agrees; and where the rules can read nothing, only as
the answer to the question that was just asked, which is what odd words are spoken for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from flows.capture import Candidate, Kind, Utterance, read
from flows.dialogue import DialogueState
from flows.lead import Event, Evidence, FieldState, Source, Status, same_value
from flows.phrases import phrases_for
from flows.playbook import Playbook, PlaybookField
from flows.turn import YES_OR_NO, surroundings

_SHAPES: dict[Kind, type | tuple[type, ...]] = {
    Kind.MONEY: dict,
    Kind.COUNT: (int, dict),
    Kind.BOOLEAN: bool,
    Kind.CONSENT: bool,
}
_OWN_WORDS = (Kind.NAME, Kind.COMPANY, Kind.TEXT)
_READ_BY_RULES = (
    Kind.EMAIL, Kind.PHONE, Kind.MONEY, Kind.COUNT, Kind.DATE, Kind.DATETIME, Kind.NAME,
)  # fmt: skip
"""Kinds whose clear reading says that words are no need in the caller's own words."""
_CLEAR = 0.6
WORDS_OF_A_TEXT = (4, 30)
"""Fewer say nothing; more than these cannot be said to the caller in passing."""


def accept_proposal(
    state: DialogueState,
    key: str,
    value: Any,
    words: str,
    *,
    heard: DialogueState,
    playbook: Playbook,
    now: datetime,
) -> bool:
    """Puts the value into `state` as heard; False where it is not to be believed.

    `heard`: the state with the caller's open turn in it. The words must occur in one of its latest
    turns, one after the other. A field that the caller has settled or refused is left alone, and
    consent is never inferred.
    """
    held = state.lead.fields.get(key)
    if held is None or held.status is not Status.OPEN or value is None or value == "":
        return False
    spec = playbook.field(key)
    index = _turn_with(words, heard.said)
    if index is None or spec.kind is Kind.CONSENT or not _has_shape(spec.kind, value):
        return False
    turn = heard.turn - (len(heard.said) - 1 - index)
    if _belongs_to_another(heard, key, words, turn):
        return False
    asked = heard.asked_then[index : index + 1] == [key]
    if not _is_borne_out(state, spec, value, words, asked=asked, playbook=playbook, now=now):
        return False
    return _take(held, value, words, turn=turn)


def _belongs_to_another(heard: DialogueState, key: str, words: str, turn: int) -> bool:
    """Whether the rules have read the value of another field out of those very words."""
    wanted = f" {_plain(words)} "
    return any(
        e.value is not None and e.turn == turn and wanted in f" {_plain(e.text)} "
        for other, held in heard.lead.fields.items()
        if other != key
        for e in held.evidence
    )


def _take(held: FieldState, value: Any, words: str, *, turn: int) -> bool:
    evidence = Evidence(
        text=words.strip()[:400],
        turn=turn,
        source=Source.LLM,
        value=value,
        confidence=0.5,
        rule="second reader",
    )
    return held.take(value, evidence, Event.PIECE)


def _is_borne_out(
    state: DialogueState,
    spec: PlaybookField,
    value: Any,
    words: str,
    *,
    asked: bool,
    playbook: Playbook,
    now: datetime,
) -> bool:
    if spec.kind in _OWN_WORDS and not _within(str(value), words):
        return False
    if spec.kind in _OWN_WORDS and phrases_for(playbook.language).objects(words):
        return False  # "sorry, it's Pablo" corrects something else
    around = surroundings(state, playbook, now, confirming=False)

    def readings(kind: Kind) -> list[Candidate]:
        found = read(kind, Utterance.of(words), around.asking(kind))
        return [c for c in found if c.value is not None]

    if spec.kind is Kind.TEXT:
        fewest, most = WORDS_OF_A_TEXT
        if not fewest <= len(str(value).split()) <= most:
            return False
        if not asked and not read(spec.kind, Utterance.of(words), replace(around, asked=None)):
            return False  # nothing in it sounds like a need
        return not any(_is_mostly(c, words) for kind in _READ_BY_RULES for c in readings(kind)[:1])
    ours = [c.value for c in readings(spec.kind)]
    if spec.kind in (Kind.NAME, Kind.COMPANY):
        return asked or any(_within(str(value), str(one)) for one in ours)
    if any(same_value(one, value) for one in ours):
        # Of a yes or a no the words alone say nothing: "yes" answers what was asked.
        return asked or spec.kind not in YES_OR_NO
    # "Fifty thousand" is not a million, whoever says so.
    return asked and not ours and spec.kind not in (Kind.EMAIL, Kind.PHONE)


def _is_mostly(reading: Candidate, words: str) -> bool:
    return reading.confidence >= _CLEAR and 2 * len(reading.text.split()) >= len(words.split())


def _has_shape(kind: Kind, value: Any) -> bool:
    wanted = _SHAPES.get(kind, str)
    if isinstance(value, bool) and wanted is not bool:
        return False
    if kind is Kind.DATE or kind is Kind.DATETIME:
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            return False
        return kind is Kind.DATE or moment.tzinfo is not None
    if kind is Kind.MONEY and isinstance(value, dict):
        return set(value) == {"min", "max", "currency", "period"}
    return isinstance(value, wanted)


def _turn_with(words: str, said: Sequence[str]) -> int | None:
    """The newest turn in which the words occur."""
    wanted = _plain(words)
    if not wanted:
        return None
    for index in range(len(said) - 1, -1, -1):
        if f" {wanted} " in f" {_plain(said[index])} ":
            return index
    return None


def _within(value: str, words: str) -> bool:
    heard = set(_plain(words).split())
    return all(word in heard for word in _plain(value).split())


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
