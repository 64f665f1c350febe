"""Numbers in words, in figures, and mixed ("fifteen thousand", "15k", "1.5 million", "a dozen").

A library was looked for: word2number and text2num read plain cardinals only (no "two fifty k", no
"half a million", no mixture of figures and words) and give no place in the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flows.capture.english.numbers import (
    DIGITS,
    FRACTIONS,
    GROUPS,
    SCALES,
    TEENS,
    TENS,
    UNITS,
)
from flows.capture.tokens import Token

# Whatever begins a number in words; anything else is no number, which is seen at once.
_STARTS = (
    UNITS.keys() | TEENS.keys() | TENS.keys() | GROUPS.keys() | FRACTIONS.keys() | SCALES.keys()
    | DIGITS.keys() | {"a", "an", "hundred", "couple", "pair"}
)  # fmt: skip
_LONGEST_ROW = 15


@dataclass(frozen=True, slots=True)
class Number:
    """A number and where it stands. ``scaled``: a word such as "thousand" or "k" was said."""

    value: Fraction
    start: int
    end: int
    scaled: bool = False
    digits: bool = False

    @property
    def plain(self) -> int | float:
        return int(self.value) if self.value.denominator == 1 else float(self.value)


def number_at(tokens: Sequence[Token], at: int, *, colloquial: bool = True) -> Number | None:
    """The longest number that begins at a token, or None.

    ``colloquial`` also reads "two fifty" as 250 and "one oh five" as 105.
    """
    return _Reader(tokens, colloquial).read(at)


def echoed(tokens: Sequence[Token], number: Number) -> Number | None:
    """ "fifteen, one five, thousand": the digits said behind a number, which decide teen or ty."""
    scale = next((s for s in (10**6, 1000) if number.scaled and number.value % s == 0), 1)
    base = number.value / scale
    i = number.end
    while i < len(tokens) and tokens[i].low in _ECHO_LEADS:
        i += 1
    if base.denominator != 1 or not 10 <= base <= 99 or i + 1 >= len(tokens) or i == number.end:
        return None
    said = [DIGITS.get(t.low, t.low) for t in tokens[i : i + 2]]
    if not all(len(d) == 1 and d.isdigit() for d in said):
        return None
    value = int(said[0] + said[1])
    other = (base % 10 == 0 and value == base / 10 + 10) or value == (base - 10) * 10
    if value != base and not other:
        return None
    end = i + 2
    while end < len(tokens) and tokens[end].low in {",", "."}:
        end += 1
    following = SCALES.get(tokens[end].low) if end < len(tokens) and scale == 1 else None
    if following is not None and len(tokens[end].low) > 1:
        return Number(Fraction(value * following), number.start, end + 1, scaled=True)
    return Number(Fraction(value * scale), number.start, i + 2, scaled=number.scaled)


_ECHO_LEADS = {",", ".", "that's", "so", "as", "in", "-", "people", "dollars", "is", "thats"}


def numbers(tokens: Sequence[Token], *, colloquial: bool = True) -> list[Number]:
    """All numbers from left to right, none inside another."""
    found: list[Number] = []
    at = 0
    while at < len(tokens):
        number = number_at(tokens, at, colloquial=colloquial)
        if number is None:
            at += 1
        else:
            number = echoed(tokens, number) or number
            found.append(number)
            at = number.end
    return found


class _Reader:
    def __init__(self, tokens: Sequence[Token], colloquial: bool) -> None:
        self._tokens = tokens
        self._colloquial = colloquial

    def _low(self, at: int) -> str:
        return self._tokens[at].low if 0 <= at < len(self._tokens) else ""

    def _glued(self, at: int) -> bool:
        return 0 < at < len(self._tokens) and not self._tokens[at].spaced

    def read(self, at: int) -> Number | None:
        low = self._low(at)
        if not (low.isdigit() or low in _STARTS) or self._one_off(at):
            return None
        return (
            self._fraction_of_scale(at)
            or self._few(at)
            or self._digit_row(at)
            or self._cardinal(at)
        )

    def _one_off(self, at: int) -> bool:
        """ "fifty thousand one time", "a one-off fifty thousand"."""
        after = at + 2 if self._low(at + 1) == "-" else at + 1
        return self._low(at) == "one" and self._low(after) in ("time", "off", "shot")

    def _fraction_of_scale(self, at: int) -> Number | None:
        """ "half a million", "a quarter of a million", "three quarters of a million"."""
        i, times = at, 1
        many = i + 2 if self._low(i + 1) == "-" else i + 1
        if self._low(i) in ("three", "3", "two", "2") and self._low(many) in FRACTIONS:
            times = 3 if self._low(i) in ("three", "3") else 2
            i = many
        elif self._low(i) == "a" and self._low(i + 1) in FRACTIONS:
            i += 1
        if self._low(i) not in FRACTIONS:
            return None
        top, bottom = FRACTIONS[self._low(i)]
        i += 1
        while self._low(i) in ("a", "of", "an", "-"):
            i += 1
        word = self._low(i)
        scale = SCALES.get(word) or GROUPS.get(word)
        if scale is None or len(word) == 1:
            return None
        return Number(Fraction(top * times * scale, bottom), at, i + 1, scaled=True)

    def _few(self, at: int) -> Number | None:
        """ "a dozen", "two dozen", "a couple of hundred", "a couple"."""
        i = at
        if self._low(i) == "a" and self._low(i + 1) in ("couple", "dozen", "pair"):
            i += 1
        if self._low(i) in ("couple", "pair"):
            value = Fraction(2)
        elif self._low(i) in GROUPS and self._low(i) != "score":
            value = Fraction(GROUPS[self._low(i)])
            if self._low(i) == "dozens":
                return None
        else:
            return None
        i += 1
        after = i + 1 if self._low(i) == "of" else i
        if self._low(after) == "hundred":
            value, i = value * 100, after + 1
            after = i
        scale = SCALES.get(self._low(after))
        if scale and len(self._low(after)) > 1:
            return Number(value * scale, at, after + 1, scaled=True)
        if self._low(after) in ("dozen", "dozens"):
            return Number(value * 12, at, after + 1)
        return Number(value, at, i)

    def _digit_row(self, at: int) -> Number | None:
        """Three or more single digits in a row: "one five zero zero zero"."""
        i, digits = at, ""
        while i < len(self._tokens) and len(digits) < _LONGEST_ROW:
            low = self._low(i)
            if low in DIGITS:
                digits += DIGITS[low]
            elif len(low) == 1 and low.isdigit() and self._tokens[i].spaced:
                digits += low
            else:
                break
            i += 1
        if len(digits) < 3 or (len(digits) < 4 and self._low(at) == "o"):
            return None
        if self._glued(i) and self._low(i) in (".", ","):
            fractional = i + 1 < len(self._tokens) and self._low(i + 1).isdigit()
            if fractional and self._glued(i + 1):
                return None
        scale = SCALES.get(self._low(i))
        if scale and len(digits) < 4:
            return Number(Fraction(int(digits)) * scale, at, i + 1, scaled=True)
        if self._low(i) in ("hundred", *SCALES):
            return None
        return Number(Fraction(int(digits)), at, i, digits=True)

    def _cardinal(self, at: int) -> Number | None:
        total, i, scaled, last_scale = Fraction(0), at, False, None
        figures = False
        while True:
            start = i
            if scaled and self._low(i) == "and" and last_scale and last_scale >= 100:
                start = i + 1
            group = self._group(start, first=not scaled)
            if group is None:
                break
            value, end, was_figures = group
            joined = self._low(end) in ("-", "ish") and self._low(end + 1) in SCALES
            glue = end + 1 if joined else end
            scale = self._scale(glue, figures=was_figures)
            if scale is not None:
                if last_scale is not None and scale >= last_scale:
                    break
                total += value * scale
                i, scaled, last_scale = glue + 1, True, scale
                figures = figures or was_figures
                half = self._and_a_half(i)
                if half:
                    total += Fraction(scale, 2)
                    i = half
                continue
            if scaled and last_scale is not None:
                if value >= last_scale:
                    break
                if last_scale == 10**6 and value < 10 and start == i:
                    value = value * 100_000  # "one million two" is 1.2 million
            total += value
            i, figures = end, figures or was_figures
            half = self._and_a_half(i)
            if half:
                total += Fraction(1, 2)
                i = half
                scale = self._scale(i, figures=was_figures)
                if scale is not None and not scaled:
                    total, i, scaled = total * scale, i + 1, True
            if not scaled and self._low(i) in ("dozen", "dozens"):
                total, i = total * 12, i + 1
            return Number(total, at, i, scaled=scaled, digits=figures)
        if i == at:
            return None
        return Number(total, at, i, scaled=scaled, digits=figures)

    def _and_a_half(self, at: int) -> int | None:
        if self._low(at) == "and" and self._low(at + 1) == "a" and self._low(at + 2) == "half":
            return at + 3
        return None

    def _scale(self, at: int, *, figures: bool) -> int | None:
        low = self._low(at)
        scale = SCALES.get(low)
        if scale is None:
            return None
        if low in ("m", "mm", "mill") and not figures:
            return None
        if low == "m" and not self._glued(at):
            return None
        return scale

    def _group(self, at: int, *, first: bool) -> tuple[Fraction, int, bool] | None:
        """A number below a thousand (or any number in figures)."""
        low = self._low(at)
        if low.isdigit():
            return self._figures(at)
        if self._one_off(at):
            return None
        if low in ("a", "an"):
            if self._low(at + 1) == "hundred":
                return self._hundreds(Fraction(1), at + 1)
            if first and SCALES.get(self._low(at + 1), 0) >= 1000 and len(self._low(at + 1)) > 1:
                return Fraction(1), at + 1, False
            return None
        if low == "hundred":
            return self._hundreds(Fraction(1), at) if first else None
        if self._low(at - 1) in ("few", "several", "some", "many"):
            return None  # "a few thousand" says nothing that is certain
        if low in SCALES and len(low) > 2 and first and low.endswith("d"):
            return Fraction(1), at, False  # "thousand dollars" after a lost "a"
        small = self._below_hundred(at)
        if small is None:
            return None
        value, i = small
        if self._low(i) == "hundred" and value >= 1:
            return self._hundreds(value, i)
        if self._low(i) == "point":
            decimals, j = "", i + 1
            while self._low(j) in DIGITS or (self._low(j).isdigit() and len(self._low(j)) < 3):
                decimals += DIGITS.get(self._low(j), self._low(j))
                j += 1
            if decimals:
                return value + Fraction(int(decimals), 10 ** len(decimals)), j, False
        if self._colloquial and 1 <= value <= 9:
            tail = self._tail(i)
            if tail is not None:
                return value * 100 + tail[0], tail[1], False
        return Fraction(value), i, False

    def _tail(self, at: int) -> tuple[int, int] | None:
        """What makes a hundred of the digit before it: "fifty", "twenty-five", "oh five"."""
        low = self._low(at)
        if low in ("oh", "o") and self._low(at + 1) in UNITS:
            return UNITS[self._low(at + 1)], at + 2
        if low in TENS or low in TEENS:
            small = self._below_hundred(at)
            return (int(small[0]), small[1]) if small else None
        return None

    def _figures(self, at: int) -> tuple[Fraction, int, bool]:
        text, i = self._low(at), at + 1
        # "15,000" but not "415, 555": thousands are groups of three without a space.
        while (
            self._low(i) in (",", "'")
            and self._glued(i)
            and self._glued(i + 1)
            and len(self._low(i + 1)) == 3
            and self._low(i + 1).isdigit()
            and len(self._low(at)) <= 3
        ):
            text += self._low(i + 1)
            i += 2
        value = Fraction(int(text[:30]))
        point = self._low(i) == "." and self._glued(i) and self._glued(i + 1)
        if point and self._low(i + 1).isdigit():
            decimals = self._low(i + 1)[:12]
            value += Fraction(int(decimals), 10 ** len(decimals))
            i += 2
        if self._low(i) == "hundred":
            return value * 100, i + 1, True
        return value, i, True

    def _hundreds(self, count: Fraction, at: int) -> tuple[Fraction, int, bool]:
        """``at`` stands on "hundred"."""
        value, i = count * 100, at + 1
        start = i + 1 if self._low(i) == "and" else i
        small = self._below_hundred(start)
        if small is not None and small[0] >= 1 and (start == i or self._low(start) != "one"):
            following = self._low(small[1])
            if following != "hundred":
                return value + small[0], small[1], False
        elif small is not None and self._low(start) == "one" and small[0] >= 1:
            return value + small[0], small[1], False
        if self._low(start).isdigit() and len(self._low(start)) < 3 and start > i:
            return value + int(self._low(start)), start + 1, True
        return value, i, False

    def _below_hundred(self, at: int) -> tuple[Fraction, int] | None:
        low = self._low(at)
        if low in TEENS:
            return Fraction(TEENS[low]), at + 1
        if low in TENS:
            i = at + 1
            j = i + 1 if self._low(i) == "-" and self._glued(i) else i
            if UNITS.get(self._low(j), 0) >= 1:
                return Fraction(TENS[low] + UNITS[self._low(j)]), j + 1
            return Fraction(TENS[low]), j + 1 if self._low(j) == "ish" else i
        if low in UNITS:
            return Fraction(UNITS[low]), at + 1
        return None
