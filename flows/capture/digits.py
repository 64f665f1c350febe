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
    """ "two hundred twelve" is 212, "eight hundred five" in a row of digits is 8005."""
    joined = _low(tokens, at) == "and"
    small = _small(tokens, at + 1 if joined else at)
    if small is None or not 1 <= small[0] <= 99 or _low(tokens, at) in ("oh", "o"):
        return [(f"{count}00", at)]
    value, end, compound = small
    together, apart = (f"{count}{value:02d}", end), (f"{count}00{value}", end)
    if compound:
        split = (f"{count}{value // 10 * 10}{value % 10}", end)
        return [together, apart, split]
    return [together, apart] if joined or (value >= 10 and count != 8) else [apart, together]


def _thousands(tokens: Sequence[Token], count: int, at: int) -> list[Group]:
    joined = _low(tokens, at) == "and"
    small = _small(tokens, at + 1 if joined else at)
    if small is None or not 1 <= small[0] <= 99 or _low(tokens, at) in ("oh", "o"):
        return [(f"{count}000", at)]
    value, end, _ = small
    return [(f"{count}0{value:02d}", end), (f"{count}000{value}", end)]
