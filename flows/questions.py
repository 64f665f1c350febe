"""Answers to what callers ask: the playbook's facts, and the honest answers always given."""

from __future__ import annotations

import re

from flows.phrases import phrases_for
from flows.playbook import Playbook, PlaybookField

_WHY = re.compile(r"\bwhy\b|\bwhat (?:do you need (?:that|it|this)|is that) for\b", re.IGNORECASE)


def answer_to(
    text: str,
    *,
    playbook: Playbook,
    asked: PlaybookField | None,
    recorded: bool,
    is_question: bool,
) -> str | None:
    """The answer, or None where the words ask nothing or nothing that is known."""
    phrases = phrases_for(playbook.language)
    if phrases.asks_if_robot(text):
        return phrases.robot(playbook.persona.name, playbook.persona.company)
    if phrases.asks_if_recorded(text):
        return phrases.recorded(recorded)
    if not (is_question or phrases.is_question(text)):
        return None
    spoken = f" {_plain(text)} "
    matches = [
        (len(words), fact.answer)
        for fact in playbook.facts
        for about in fact.about
        if (words := _plain(about)) and f" {words} " in spoken
    ]
    if matches:
        return max(matches)[1]
    if asked is not None and _WHY.search(text):
        return phrases.reason(asked.why)
    return None


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[\w']+", text.casefold()))
