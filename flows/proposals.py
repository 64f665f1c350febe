"""The second reader's proposals: they enter as heard, and only if the caller said their words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flows.capture import Kind, Utterance, read
from flows.dialogue import DialogueState
from flows.lead import Event, Evidence, Source, Status, same_value
from flows.playbook import Playbook
from flows.turn import surroundings

_SHAPES: dict[Kind, type | tuple[type, ...]] = {
    Kind.MONEY: dict,
    Kind.COUNT: (int, dict),
    Kind.BOOLEAN: bool,
    Kind.CONSENT: bool,
}


_READ_BY_RULES = (Kind.MONEY, Kind.COUNT, Kind.DATE, Kind.DATETIME)
"""Kinds of which the rules' reading wins where there is one."""


def accept_proposal(
    state: DialogueState,
    key: str,
    value: Any,
    words: str,
    *,
    said: Sequence[str],
    turn: int,
    playbook: Playbook,
    now: datetime,
) -> bool:
    """Puts the value into `state` as heard; False where it is not to be believed.

    `said` are the caller's latest turns, of which the last one is the `turn`th of the call.
    The words must occur in one of them, one after the other. A field that the caller has
    settled or refused is left alone, consent is never inferred, and an e-mail address or a phone
    number must be what our own reading of those words gives.
    """
    held = state.lead.fields.get(key)
    if held is None or held.status is not Status.OPEN or value is None or value == "":
        return False
    spec = playbook.field(key)
    index = _turn_with(words, said)
    if index is None or spec.kind is Kind.CONSENT or not _has_shape(spec.kind, value):
        return False
    if spec.kind in (Kind.EMAIL, Kind.PHONE):
        around = surroundings(state, playbook, now, confirming=False).asking(spec.kind)
        readings = read(spec.kind, Utterance.of(words), around)
        if not any(same_value(c.value, value) for c in readings):
            return False
    if spec.kind in _READ_BY_RULES:
        around = surroundings(state, playbook, now, confirming=False).asking(spec.kind)
        found = read(spec.kind, Utterance.of(words), around)
        ours = [c.value for c in found if c.value is not None]
        if ours and not any(same_value(one, value) for one in ours):
            return False  # "Fifty thousand" is not a million, whoever says so.
    if spec.kind in (Kind.NAME, Kind.COMPANY, Kind.TEXT) and not _within(str(value), words):
        return False
    evidence = Evidence(
        text=words.strip()[:400],
        turn=turn - (len(said) - 1 - index),
        source=Source.LLM,
        value=value,
        confidence=0.5,
        rule="second reader",
    )
    return held.take(value, evidence, Event.PIECE)


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
    wanted = _plain(words)
    if not wanted:
        return None
    for index, turn in enumerate(said):
        if f" {wanted} " in f" {_plain(turn)} ":
            return index
    return None


def _within(value: str, words: str) -> bool:
    heard = set(_plain(words).split())
    return all(word in heard for word in _plain(value).split())


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
