"""Free text, such as what somebody needs: the caller's own words, without what leads to them."""

from __future__ import annotations

import re

from flows.capture.answer import evades
from flows.capture.chatter import is_small_talk
from flows.capture.letters import looped
from flows.capture.model import Candidate, Kind, Surroundings
from flows.capture.speech import strip_lead_ins, strip_signs
from flows.capture.tokens import Heard, fold

_NEED_WORDS = (
    "need", "looking for", "want", "trying to", "problem", "struggling", "replace", "would like",
    "interested in", "automate", "improve", "help with", "searching for", "in the market",
    "losing", "issue", "challenge", "hoping", "migrate", "switch", "goal", "pain", "wish",
)  # fmt: skip


def read(heard: Heard, around: Surroundings) -> list[Candidate]:
    asked = around.about(Kind.TEXT)
    tokens = heard.tokens
    start = strip_lead_ins(tokens, 0, len(tokens))
    start, end = strip_signs(tokens, start, len(tokens))
    words = [t for t in tokens[start:end] if t.is_word or t.is_digits]
    if (evades(heard) or is_small_talk(heard)) and not _needs(heard.text):
        return []
    if not words or (len(words) == 1 and len(words[0].low) < 4):
        return []
    said = heard.words(start, end)
    if looped(said):
        return []
    folded = fold(said)
    fits = any(fold(option) in folded for option in around.options) or _needs(said)
    if not asked and not (fits and len(words) >= 4):
        return []
    confidence = 0.55 + 0.2 * fits + 0.1 * (len(words) >= 4) - 0.15 * (not asked)
    return [Candidate(Kind.TEXT, _once(said), confidence, said, (start, end), "words")]


def _once(said: str) -> str:
    """Without sentences that were said again, because nobody answered the first time."""
    kept: dict[str, str] = {}
    for sentence in re.split(r"(?<=[.?!])\s+", said):
        kept.setdefault(fold(sentence).strip(" .?!"), sentence)
    return " ".join(kept.values()).rstrip(" .")


def _needs(text: str) -> bool:
    folded = fold(text)
    return any(word in folded for word in _NEED_WORDS)
