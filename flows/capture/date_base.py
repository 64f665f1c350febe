"""What all readers of dates share: a day or a stretch of days, ordinals, and years."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flows.capture.english.numbers import ORDINALS
from flows.capture.numbers import number_at
from flows.capture.tokens import Token


@dataclass(frozen=True, slots=True)
class Day:
    """A day, or a stretch of days, and where it was said. ``last`` is its last day."""

    last: date
    first: date
    start: int
    end: int
    rule: str
    sure: float = 0.8
    other: date | None = None


def low_at(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].low if 0 <= at < len(tokens) else ""


def ordinal_at(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """ "fifteenth", "twenty-first", "15th", "1 st"."""
    low = low_at(tokens, at)
    if low in ORDINALS:
        return ORDINALS[low], at + 1
    if low in {"twenty", "thirty"}:
        i = at + 2 if low_at(tokens, at + 1) == "-" else at + 1
        unit = ORDINALS.get(low_at(tokens, i), 99)
        if unit < 10:
            return {"twenty": 20, "thirty": 30}[low] + unit, i + 1
    if low.isdigit() and len(low) <= 2 and low_at(tokens, at + 1) in {"st", "nd", "rd", "th"}:
        return int(low), at + 2
    return None


def year_after(tokens: Sequence[Token], at: int, today: date) -> tuple[int | None, int]:
    """A year that belongs to what stands before: "of next year", "2027", "twenty twenty-seven"."""
    i = at
    while low_at(tokens, i) in {",", "of", "in", "-", "/"} and i - at < 2:
        i += 1
    if low_at(tokens, i) in {"next", "this", "the"} and low_at(tokens, i + 1) in {"year", "coming"}:
        if low_at(tokens, i) == "the":
            return None, at
        return today.year + (low_at(tokens, i) == "next"), i + 2
    if (
        low_at(tokens, i) == "'"
        and len(low_at(tokens, i + 1)) == 2
        and low_at(tokens, i + 1).isdigit()
    ):
        return 2000 + int(low_at(tokens, i + 1)), i + 2
    year = year_number(tokens, i)
    return year if year is not None else (None, at)


def year_number(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    low = low_at(tokens, at)
    if len(low) == 4 and low.isdigit() and 2020 <= int(low) <= 2100:
        return int(low), at + 1
    if low == "twenty":
        number = number_at(tokens, at + 1, colloquial=False)
        if number is not None and 20 <= number.value <= 99 and number.value.denominator == 1:
            return 2000 + int(number.value), number.end
    if low == "two" and low_at(tokens, at + 1) == "thousand":
        number = number_at(tokens, at, colloquial=False)
        if number is not None and 2020 <= number.value <= 2100:
            return int(number.value), number.end
    return None
