"""Stretches of time: months, quarters, halves, seasons, years, and their ends and middles."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from flows.capture.calendar_words import add_months, month_end, quarter_end
from flows.capture.date_base import Day, low_at, ordinal_at, year_after, year_number
from flows.capture.english.dates import MONTHS, QUARTERS, SEASONS, UNITS
from flows.capture.speech import phrase_at, phrases
from flows.capture.tokens import Token

END_OF = phrases(
    (
        "end of",
        "the end of",
        "end",
        "close of",
        "late",
        "the last of",
        "the last week of",
        "last week of",
        "late in",
        "towards the end of",
        "toward the end of",
        "the very end of",
        "last day of",
        "the close of",
        "the last day of",
        "the end",
        "latter half of",
    )
)
START_OF = phrases(
    (
        "beginning of",
        "the beginning of",
        "start of",
        "the start of",
        "early",
        "early in",
        "the first of",
    )
)
MIDDLE_OF = phrases(("middle of", "the middle of", "mid", "halfway through", "mid -"))


def part_of(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "end of March", "early next year", "mid June"."""
    for table, which in ((END_OF, "end"), (START_OF, "start"), (MIDDLE_OF, "middle")):
        length = phrase_at(tokens, at, table)
        if not length:
            continue
        i = at + length
        while low_at(tokens, i) in {"-", "the", "of", "in"}:
            i += 1
        inner = _stretch(tokens, i, today)
        if inner is None:
            continue
        first, last, size = inner.first, inner.last, (inner.last - inner.first).days
        if which == "end":
            if size < 5 and inner.rule != "week":
                continue
            return Day(last, last, at, inner.end, "end", 0.85)
        if which == "middle":
            middle = (
                date(first.year, first.month, 15)
                if 26 < size < 32
                else (first + timedelta(days=size // 2))
            )
            if size > 300:
                middle = date(first.year + (today >= date(first.year, 6, 30)), 6, 30)
            return Day(middle, middle, at, inner.end, "middle", 0.65)
        early = (
            first + timedelta(days=9 if size > 8 else 0)
            if size < 40
            else add_months(first, max(1, size // 120))
        )
        if size >= 40:
            early -= timedelta(days=1)
        if size < 8:
            early = first
        return Day(early, first, at, inner.end, "start", 0.6, first)
    week = ordinal_at(tokens, at + 1 if low_at(tokens, at) == "the" else at)
    if week is not None and week[0] <= 4 and low_at(tokens, week[1]) == "week":
        inner = (
            _stretch(tokens, week[1] + 2, today) if low_at(tokens, week[1] + 1) == "of" else None
        )
        if inner is not None and (inner.last - inner.first).days < 32:
            last = inner.first + timedelta(days=7 * week[0] - 1)
            return Day(last, last, at, inner.end, "end", 0.7)
    ends = [low_at(tokens, at + 1), low_at(tokens, at + 2)]
    unit = UNITS.get(low_at(tokens, at), "")
    if unit in {"year", "month", "quarter"} and (
        ends[0] == "end" or ends in (["-", "end"], ["'s", "end"], ["s", "end"])
    ):
        first, last = _current(unit, today, 0)
        return Day(last, last, at, at + 1 + ends.index("end") + 1, "end", 0.8)
    if low_at(tokens, at) in {"eom", "eoy", "eoq"}:
        word = {"m": "month", "y": "year", "q": "quarter"}[low_at(tokens, at)[2]]
        first, last = _current(word, today, 0)
        return Day(last, last, at, at + 1, "end", 0.85)
    return None


def _stretch(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    for reader in (relative_stretch, quarter_at, half_at, month_at, season_at, year_at):
        day = reader(tokens, at, today)
        if day is not None:
            return day
    return None


def _current(unit: str, today: date, offset: int) -> tuple[date, date]:
    if unit == "week":
        monday = today - timedelta(days=today.weekday()) + timedelta(weeks=offset)
        return monday, monday + timedelta(days=6)
    if unit == "month":
        first = add_months(today.replace(day=1), offset)
        return first, month_end(first.year, first.month)
    if unit == "quarter":
        start = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
        first = add_months(start, 3 * offset)
        return first, quarter_end(first.year, (first.month - 1) // 3 + 1)
    return date(today.year + offset, 1, 1), date(today.year + offset, 12, 31)


def relative_stretch(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "next month", "this quarter", "the year", "the month after next"."""
    words = {"next": 1, "this": 0, "the": 0, "coming": 1, "current": 0, "following": 1}
    i, offset = at, None
    while low_at(tokens, i) in words and i - at < 3:
        offset = max(offset or 0, words[low_at(tokens, i)])
        i += 1
    if low_at(tokens, i) == "calendar" or low_at(tokens, i) == "fiscal":
        i += 1
    unit = UNITS.get(low_at(tokens, i))
    if unit not in {"week", "month", "quarter", "year"} or low_at(tokens, i).endswith("s"):
        return None
    explicit = offset is not None
    bare = low_at(tokens, at) == "the" and i == at + 1
    if not explicit and at > 0 and low_at(tokens, at - 1) not in {"of", "end", "-"}:
        return None
    end = i + 1
    if low_at(tokens, end) == "after" and low_at(tokens, end + 1) == "next":
        offset, end, bare = 2, end + 2, False
    if bare and not (at > 0 and low_at(tokens, at - 1) in {"of", "end", "in"}):
        return None
    first, last = _current(unit, today, offset or 0)
    if unit == "week":
        friday = first + timedelta(days=4)
        last = friday if friday >= today else last
    if low_at(tokens, end) == "'" or low_at(tokens, end) == "s":
        end += 1
    return Day(last, first, at, end, "week" if unit == "week" else "stretch", 0.8)


def quarter_at(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    low, i, quarter = low_at(tokens, at), at, 0
    if low in QUARTERS:
        quarter, i = QUARTERS[low], at + 1
    elif low in {"q", "cue", "queue"} and low_at(tokens, at + 1) != "":
        i = at + 2 if low_at(tokens, at + 1) in {"-", "."} else at + 1
        value = {"one": 1, "two": 2, "three": 3, "four": 4, "for": 4, "to": 2, "won": 1, "too": 2,
                 "1": 1, "2": 2, "3": 3, "4": 4}.get(low_at(tokens, i))  # fmt: skip
        if value is None:
            return None
        quarter, i = value, i + 1
    else:
        if low == "the":
            i += 1
        ordinal = ordinal_at(tokens, i)
        if ordinal is None and low_at(tokens, i) in {"last", "final"}:
            ordinal = (4, i + 1)
        if ordinal is None or ordinal[0] > 4 or low_at(tokens, ordinal[1]) not in {"quarter", "q"}:
            return None
        quarter, i = ordinal[0], ordinal[1] + 1
    year, end = year_after(tokens, i, today)
    if year is None:
        year = today.year + (quarter_end(today.year, quarter) < today)
    last = quarter_end(year, quarter)
    return Day(last, date(year, quarter * 3 - 2, 1), at, end, "quarter", 0.85)


def half_at(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    low, i = low_at(tokens, at), at
    if low == "h" and low_at(tokens, at + 1) in {"1", "2", "one", "two"}:
        half, i = (1 if low_at(tokens, at + 1) in {"1", "one"} else 2), at + 2
    else:
        i = at + 1 if low == "the" else at
        which = {"first": 1, "second": 2, "1st": 1, "2nd": 2}.get(low_at(tokens, i))
        if which is None or low_at(tokens, i + 1) != "half":
            return None
        half, i = which, i + 2
    year, end = year_after(tokens, i, today)
    if year is None:
        if low_at(tokens, i) == "of" and low_at(tokens, i + 1) not in {"the", "this"}:
            return None
        year = today.year + (date(today.year, 6 * half, 28) < today)
    first = date(year, 6 * half - 5, 1)
    return Day(month_end(year, 6 * half), first, at, end, "half", 0.75)


def month_at(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    low = low_at(tokens, at)
    i, next_one = at, False
    if low in {"next", "this"} and low_at(tokens, at + 1) in MONTHS:
        next_one, i = low == "next", at + 1
    month = MONTHS.get(low_at(tokens, i))
    if month is None or not _is_month(tokens, i):
        return None
    i += 1
    if low_at(tokens, i) == "." and i < len(tokens) and not tokens[i].spaced:
        i += 1 if len(low_at(tokens, i - 1)) <= 4 else 0
    year, end = year_after(tokens, i, today)
    if year is None:
        end = at + 1 if i == at + 1 else i
        year = today.year + (month < today.month)
        if next_one and month > today.month and month - today.month < 3:
            year = today.year
    first = date(year, month, 1)
    return Day(month_end(year, month), first, at, end, "month", 0.8)


def _is_month(tokens: Sequence[Token], at: int) -> bool:
    """ "may", "march", "mar", "sun" are other words as well."""
    low, before = low_at(tokens, at), low_at(tokens, at - 1)
    if low not in {"may", "march", "mar", "dec", "jan", "sep"}:
        return True
    if low == "may":
        if tokens[at].text[0].isupper() and at > 0 and before not in {".", "?", "!"}:
            return True
        return before in {"in", "by", "before", "of", "until", "till", "next", "this", "mid",
                          "late", "early", "end", "around", "through", "or", "to", "-",
                          "maybe", "probably", "st", "nd", "rd", "th", "since", "during", "and",
                          "first", "fifteenth", "for"} or len(tokens) <= 2  # fmt: skip
    return True


def season_at(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    i = at
    next_one = False
    while low_at(tokens, i) in {"next", "this", "the", "coming"}:
        next_one = next_one or low_at(tokens, i) == "next"
        i += 1
    month = SEASONS.get(low_at(tokens, i))
    if month is None or (i == at and low_at(tokens, at - 1) in {"to", "i", "will", "could", "a"}):
        return None
    if low_at(tokens, i) in {"spring", "fall"} and low_at(tokens, i + 1) in {
        "up",
        "for",
        "into",
        "in",
    }:
        return None
    year, end = year_after(tokens, i + 1, today)
    if year is None:
        end = i + 1
        year = today.year + (month < today.month)
    last = month_end(year, month)
    return Day(last, add_months(last.replace(day=1), -2), at, end, "season", 0.6)


def year_at(tokens: Sequence[Token], at: int, _today: date) -> Day | None:
    i = at + 1 if low_at(tokens, at) == "year" else at
    year = year_number(tokens, i)
    if year is None:
        return None
    if low_at(tokens, i) in {"twenty", "two"} and low_at(tokens, year[1]) in {
        "people",
        "k",
        "dollars",
    }:
        return None
    return Day(date(year[0], 12, 31), date(year[0], 1, 1), at, year[1], "year", 0.7)
