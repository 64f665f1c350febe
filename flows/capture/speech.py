"""Around the value: self-corrections, negations, lead-ins and tails of an utterance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flows.capture.english.speech import (
    CORRECTION_MARKS,
    FILLERS,
    FRAME_ENDS,
    FRAME_STARTS,
    LEAD_INS,
    NEGATIONS,
    NO_PLUS,
    TAILS,
)
from flows.capture.tokens import Token

Phrase = tuple[str, ...]


def phrases(texts: Iterable[str]) -> dict[str, tuple[Phrase, ...]]:
    """Phrases by their first word, longest first, for ``phrase_at``."""
    by_first: dict[str, list[Phrase]] = {}
    for text in texts:
        words = tuple(text.split())
        by_first.setdefault(words[0], []).append(words)
    return {w: tuple(sorted(found, key=lambda p: -len(p))) for w, found in by_first.items()}


def phrase_at(tokens: Sequence[Token], at: int, table: dict[str, tuple[Phrase, ...]]) -> int:
    """How many tokens the longest phrase of a table covers at a place (signs inside skipped)."""
    if at >= len(tokens):
        return 0
    for phrase in table.get(tokens[at].low, ()):
        i, matched = at, 0
        while matched < len(phrase) and i < len(tokens):
            if tokens[i].low == phrase[matched]:
                matched += 1
            elif not (matched and tokens[i].low in {",", "-"}):
                break
            i += 1
        if matched == len(phrase):
            return i - at
    return 0


def find_phrase(tokens: Sequence[Token], table: dict[str, tuple[Phrase, ...]]) -> int | None:
    """The first place where a phrase of the table stands."""
    for at, token in enumerate(tokens):
        if token.low in table and phrase_at(tokens, at, table):
            return at
    return None


_MARKS = phrases(CORRECTION_MARKS)
_LEADS = phrases(LEAD_INS)
_TAILS = tuple(sorted((tuple(t.split()) for t in TAILS), key=lambda p: -len(p)))
_FRAME_ENDS, _FRAME_STARTS = phrases(FRAME_ENDS), phrases(FRAME_STARTS)
_NEGATING_PAIRS = {("instead", "of"), ("rather", "than"), ("anything", "but"), ("day", "but"),
                   ("other", "than"), ("time", "but"), ("any", "but")}  # fmt: skip
_SIGNS = frozenset(",.;:!?-–—…\"'()")


def correction_at(tokens: Sequence[Token], at: int) -> int:
    """Length of the self-correction mark at a place, or 0."""
    length = phrase_at(tokens, at, _MARKS)
    if not length or ends_an_address(tokens, at):
        return 0
    after = tokens[at + length].low if at + length < len(tokens) else ""
    if tokens[at].low == "no" and length == 1 and after in NO_PLUS:
        return 0
    if tokens[at].low == "make" and after and at + length < len(tokens) and at == 0:
        return length
    return length


def ends_an_address(tokens: Sequence[Token], at: int) -> bool:
    """ "lars at fjord dot no", "lars@fjord.no": Norway takes nothing back."""
    if at == 0:
        return False
    return tokens[at - 1].low == "dot" or (tokens[at - 1].low == "." and not tokens[at].spaced)


def segments(tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """The utterance cut at its self-corrections; the last part is the one that counts."""
    parts: list[tuple[int, int]] = []
    start = at = 0
    while at < len(tokens):
        length = correction_at(tokens, at) if tokens[at].low in _MARKS else 0
        if length:
            if at > start:
                parts.append((start, at))
            at += length
            start = at
        else:
            at += 1
    if start < len(tokens):
        parts.append((start, len(tokens)))
    return parts


def negated(tokens: Sequence[Token], at: int) -> bool:
    """Whether what begins at a place is what the caller says it is not ("not fifty")."""
    i = at - 1
    while i >= 0 and tokens[i].low in {"the", "a", "an", "-", ",", "at", "in", "by", "on", "$"}:
        i -= 1
    if i < 0:
        return False
    if tokens[i].low in NEGATIONS:
        return True
    before = tokens[i - 1].low if i else ""
    return (before, tokens[i].low) in _NEGATING_PAIRS


def strip_signs(tokens: Sequence[Token], start: int, end: int) -> tuple[int, int]:
    """A span without the punctuation at its edges."""
    while start < end and tokens[start].low in _SIGNS:
        start += 1
    while end > start and tokens[end - 1].low in _SIGNS:
        end -= 1
    return start, end


def strip_lead_ins(tokens: Sequence[Token], start: int, end: int) -> int:
    """Where the answer itself begins, behind "uh, no wait, it's ..."."""
    while True:
        start, end = strip_signs(tokens, start, end)
        length = phrase_at(tokens[:end], start, _LEADS)
        if not length or start + length >= end:
            return start
        # "no" in "No Limits Ltd", "so" in "So Young": never eat the last word.
        start += length


def strip_tails(tokens: Sequence[Token], start: int, end: int) -> int:
    """Where the answer itself ends, before "is that right?"."""
    while True:
        start, end = strip_signs(tokens, start, end)
        lows = [t.low for t in tokens[start:end]]
        for tail in _TAILS:
            n = len(tail)
            if n < len(lows) and tuple(lows[-n:]) == tail:
                end -= n
                break
        else:
            return end


def strip_frame_end(tokens: Sequence[Token]) -> int:
    """Where the question of a read-back begins ("is that right?"), or the end."""
    if not tokens or tokens[-1].low != "?":
        return len(tokens)
    for at in range(1, len(tokens)):
        length = phrase_at(tokens, at, _FRAME_ENDS)
        if length and at + length >= len(tokens) - 1:
            return at
    return len(tokens)


def strip_frame_start(tokens: Sequence[Token]) -> int:
    """Behind "let me read that back:" and the like."""
    at = 0
    while length := phrase_at(tokens, at, _FRAME_STARTS):
        at = strip_signs(tokens, at + length, len(tokens))[0]
    return at


def is_filler(token: Token) -> bool:
    return token.low in FILLERS
