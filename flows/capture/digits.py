"""Digits said in groups: "four one five", "forty-two fifteen", "double seven", "nineteen hundred".

A group may be read in several ways; the caller of this module knows which of them makes a valid
number.
"""

from __future__ import annotations

from collections.abc import Sequence

from flows.capture.english.numbers import DIGIT_SOUNDS, DIGITS, REPEATS, TEENS, TENS, UNITS
from flows.capture.tokens import Token

Group = tuple[str, int]  # the digits, and the token behind them


def _low(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].low if 0 <= at < len(tokens) else ""


def _single(tokens: Sequence[Token], at: int) -> str | None:
    low = _low(tokens, at)
    if low in DIGITS:
        return DIGITS[low]
    return low if len(low) == 1 and low.isdigit() else None


def groups_at(tokens: Sequence[Token], at: int, *, among_digits: bool = False) -> list[Group]:
    """All ways to read the group of digits at a place, the likeliest first.

    ``among_digits``: the word before was a digit, so that "for" and "to" may be digits as well.
    """
    low = _low(tokens, at)
    if not low:
        return []
    if low in REPEATS:
        i = at + 1
        digit = _single(tokens, i) or (DIGIT_SOUNDS.get(_low(tokens, i)) if among_digits else None)
        plural = _low(tokens, i).removesuffix("s")
        if digit is None and plural in UNITS:
            digit = str(UNITS[plural])
        if digit is None:
            return []
        times = REPEATS[low]
        return [(digit * times, i + 1), (digit, i + 1)]
    if low.isdigit():
        if _low(tokens, at + 1) == "hundred" and len(low) <= 2:
            return [(low + "00", at + 2)]
        return [(low, at + 1)]
    small = _small(tokens, at)
    if small is None:
        if among_digits and low in DIGIT_SOUNDS:
            return [(DIGIT_SOUNDS[low], at + 1)]
        return []
    value, end, compound = small
    following = _low(tokens, end)
    if following == "hundred" and value >= 1:
        return _hundreds(tokens, value, end + 1)
    if following == "thousand" and 1 <= value <= 99:
        return _thousands(tokens, value, end + 1)
    if low in ("oh", "o", "zero", "nought", "naught", "nil"):
        return [("0", at + 1)]
    found = [(str(value), end)]
    if compound:
        found.append((f"{TENS[low]}{value % 10}", end))
    return found


def _small(tokens: Sequence[Token], at: int) -> tuple[int, int, bool] | None:
    low = _low(tokens, at)
    if low in DIGITS:
        return int(DIGITS[low]), at + 1, False
    if low in TEENS:
        return TEENS[low], at + 1, False
    if low in TENS:
        i = at + 1
        if _low(tokens, i) == "-" and not tokens[i].spaced:
            i += 1
        if UNITS.get(_low(tokens, i), 0) >= 1:
            return TENS[low] + UNITS[_low(tokens, i)], i + 1, True
        return TENS[low], at + 1, False
    return None


def _hundreds(tokens: Sequence[Token], count: int, at: int) -> list[Group]:
    found = [(f"{count}00", at)]
    joined = _low(tokens, at) == "and"
    small = _small(tokens, at + 1 if joined else at)
    if small and 1 <= small[0] <= 99 and _low(tokens, at) not in ("oh", "o"):
        together = (f"{count}{small[0]:02d}", small[1])
        found.insert(0 if joined or small[0] >= 10 else 1, together)
        if not joined and small[0] >= 10:
            found = [found[1], found[0]] if count == 8 else found
    return found


def _thousands(tokens: Sequence[Token], count: int, at: int) -> list[Group]:
    found = [(f"{count}000", at)]
    joined = _low(tokens, at) == "and"
    small = _small(tokens, at + 1 if joined else at)
    if small and 1 <= small[0] <= 99:
        found.insert(0, (f"{count}0{small[0]:02d}", small[1]))
    return found
