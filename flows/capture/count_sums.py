"""People who are counted in parts: "six in sales and four in support", "three teams of five"."""

from __future__ import annotations

from collections.abc import Sequence

from flows.capture.english.counts import PARTNERS, PEOPLE, TEAMS
from flows.capture.numbers import Number
from flows.capture.tokens import Token

_AND = {"and", "plus"}
_IN = {"in", "on", "for", "from", "at"}
_FARTHEST = 4
"""Tokens between a number and what it counts ("six of them in sales")."""
Counted = tuple[int, tuple[int, int], str]
"""How many, the tokens that say so, and by which rule."""


def pair(tokens: Sequence[Token], start: int, said: Sequence[Number]) -> Counted | None:
    """ "me and my co-founder" are two."""
    if any(n.value > 1 for n in said):
        return None
    lows = [t.low for t in tokens]
    for at in range(start, len(lows) - 3):
        if lows[at] not in {"me", "myself"} or lows[at + 1] not in _AND:
            continue
        if lows[at + 2] not in {"my", "a", "one", "our"}:
            continue
        for end in range(at + 3, min(at + 6, len(lows))):
            if lows[end] in PARTNERS:
                return 2, (at, end + 1), "pair"
    return None


def reckoned(tokens: Sequence[Token], said: Sequence[Number]) -> Counted | None:
    """A sum or a product of numbers that each count people; None where they are anything else."""
    product = _product(tokens, said)
    if product is not None:
        return product
    if not 2 <= len(said) <= 4:
        return None
    ends: list[int] = []
    for index, number in enumerate(said):
        following = said[index + 1].start if index + 1 < len(said) else len(tokens)
        counted = _counted(tokens, number.end, following)
        if counted is None:
            return None
        between = [t.low for t in tokens[counted:following]]
        if index + 1 < len(said) and not _joins(between, last=index + 2 == len(said)):
            return None
        ends.append(counted)
    first = tokens[said[0].start - 1].low if said[0].start else ""
    if first == "between":
        return None
    total = sum(int(number.value) for number in said)
    return total, (said[0].start, ends[-1]), "sum"


def _product(tokens: Sequence[Token], said: Sequence[Number]) -> Counted | None:
    if len(said) != 2:
        return None
    first, second = said
    between = [t.low for t in tokens[first.end : second.start]]
    if len(between) != 2 or between[0] not in TEAMS or between[1] not in {"of", "with"}:
        return None
    return int(first.value * second.value), (first.start, second.end), "product"


def _joins(between: list[str], *, last: bool) -> bool:
    words = [word for word in between if word not in {"about", "another", "then", "also", "maybe"}]
    return words in (["and"], ["plus"], [",", "and"], [",", "plus"]) or (
        words == [","] and not last
    )


def _counted(tokens: Sequence[Token], at: int, stop: int) -> int | None:
    """Where what a number counts ends: "in sales", "sales reps", "people on the phones"."""
    end: int | None = None
    i = at
    while i < min(stop, at + _FARTHEST):
        low = tokens[i].low
        if low in _AND or low == ",":
            break
        if low in _IN and i + 1 < stop and tokens[i + 1].is_word:
            skip = 2 if tokens[i + 1].low in {"the", "our", "my"} else 1
            return min(i + skip + 1, stop)
        if low in PEOPLE or low in PARTNERS:
            end = i + 1
        i += 1
    return end
