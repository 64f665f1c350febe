"""Dates by which something is wanted: "end of Q1", "before Christmas", "in six weeks".

dateparser was measured and not taken: 420 ms to import, 150 ms for the first call, 5 ms for a
sentence, nothing for "end of Q1" or "before Christmas", and a month without a year in the past.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flows.capture.calendar_words import (
    HOLIDAYS,
    add_months,
    holiday,
    month_end,
    next_weekday,
    quarter_end,
)
from flows.capture.english.dates import MONTHS, QUARTERS, SEASONS, SOON, UNITS, WEEKDAYS
from flows.capture.english.numbers import ORDINALS, TEENS, TENS
from flows.capture.english.numbers import UNITS as NUMBER_UNITS
from flows.capture.model import Candidate, Kind, Surroundings
from flows.capture.numbers import number_at
from flows.capture.speech import find_phrase, negated, phrase_at, phrases, segments
from flows.capture.tokens import Heard, Token

_HOLIDAYS, _SOON = phrases(HOLIDAYS), phrases(SOON)
_END_OF = phrases(
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
_START_OF = phrases(
    (
        "beginning of",
        "the beginning of",
        "start of",
        "the start of",
        "early",
        "early in",
        "first week of",
        "the first week of",
        "the first of",
    )
)
_MIDDLE_OF = phrases(("middle of", "the middle of", "mid", "halfway through", "mid -"))
_BEFORE = {"before", "ahead", "prior"}
_BY = {"by", "until", "till", "before", "no", "latest", "within", "in", "end", "deadline", "live",
       "start", "launch", "need", "needed", "ready", "go", "done", "timeline", "rollout", "want",
       "from", "next", "sometime", "around", "hoping", "aiming", "targeting", "target", "decide",
       "implement", "roll", "running", "place"}  # fmt: skip


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


def read(heard: Heard, around: Surroundings) -> list[Candidate]:
    tokens = heard.tokens
    today = around.now.date()
    asked = around.about(Kind.DATE)
    for start, end in reversed(segments(tokens)):
        days = [d for d in days_in(tokens[:end], start, today) if not negated(tokens, d.start)]
        if not asked:
            days = [d for d in days if _is_deadline(tokens, d)]
        if days:
            return _candidates(heard, tokens, days)
    return _soon(heard, today) if asked else []


def _candidates(heard: Heard, tokens: Sequence[Token], days: list[Day]) -> list[Candidate]:
    found: list[Candidate] = []
    for rank, day in enumerate(days):
        last, begin = day.last, day.start
        before = {t.low for t in tokens[max(0, day.start - 3) : day.start]} & _BEFORE
        if before and day.rule not in {"end", "duration", "span"}:
            last = day.first - timedelta(days=1)
            begin = max(i for i in range(day.start) if tokens[i].low in before)
        span = (begin, day.end)
        sure = day.sure - 0.05 * rank
        found.append(_candidate(heard, last, span, sure, day.rule))
        if day.other is not None and day.other != last:
            found.append(_candidate(heard, day.other, span, sure - 0.3, day.rule))
    ranged = len(days) == 2 and _ranged(tokens, days)
    if ranged:
        later = max(days, key=lambda d: d.last)
        found.sort(key=lambda c: (c.value != later.last.isoformat(), -c.confidence))
    return found


def _ranged(tokens: Sequence[Token], days: list[Day]) -> bool:
    between = [t.low for t in tokens[days[0].end : days[1].start]]
    return len(between) <= 3 and bool({"or", "to", "and", "-", "maybe", "latest"} & set(between))


def _candidate(heard: Heard, day: date, span: tuple[int, int], sure: float, rule: str) -> Candidate:
    return Candidate(Kind.DATE, day.isoformat(), max(0.1, sure), heard.words(*span), span, rule)


def _is_deadline(tokens: Sequence[Token], day: Day) -> bool:
    near = {t.low for t in tokens[max(0, day.start - 10) : day.end]}
    return bool(near & _BY) and day.rule not in {"weekday", "day", "span"}


def _soon(heard: Heard, today: date) -> list[Candidate]:
    at = find_phrase(heard.tokens, _SOON)
    if at is None:
        return []
    span = (at, at + phrase_at(heard.tokens, at, _SOON))
    return [_candidate(heard, today, span, 0.4, "soon")]


def days_in(tokens: Sequence[Token], start: int, today: date) -> list[Day]:
    """All days and stretches of days from a token on, from left to right."""
    found: list[Day] = []
    at = start
    while at < len(tokens):
        day = day_at(tokens, at, today)
        if day is None:
            at += 1
        else:
            found.append(day)
            at = max(day.end, at + 1)
    return found


def day_at(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    low = tokens[at].low
    if not (low.isdigit() or low in _STARTS):
        return None
    for reader in _READERS:
        try:
            day = reader(tokens, at, today)
        except (ValueError, OverflowError):
            continue
        if day is not None:
            return day
    return None


def _low(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].low if 0 <= at < len(tokens) else ""


def _part_of(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "end of March", "early next year", "mid June"."""
    for table, which in ((_END_OF, "end"), (_START_OF, "start"), (_MIDDLE_OF, "middle")):
        length = phrase_at(tokens, at, table)
        if not length:
            continue
        i = at + length
        while _low(tokens, i) in {"-", "the", "of", "in"}:
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
    week = _ordinal(tokens, at + 1 if _low(tokens, at) == "the" else at)
    if week is not None and week[0] <= 4 and _low(tokens, week[1]) == "week":
        inner = _stretch(tokens, week[1] + 2, today) if _low(tokens, week[1] + 1) == "of" else None
        if inner is not None and (inner.last - inner.first).days < 32:
            last = inner.first + timedelta(days=7 * week[0] - 1)
            return Day(last, last, at, inner.end, "end", 0.7)
    ends = [_low(tokens, at + 1), _low(tokens, at + 2)]
    unit = UNITS.get(_low(tokens, at), "")
    if unit in {"year", "month", "quarter"} and (
        ends[0] == "end" or ends in (["-", "end"], ["'s", "end"], ["s", "end"])
    ):
        first, last = _current(unit, today, 0)
        return Day(last, last, at, at + 1 + ends.index("end") + 1, "end", 0.8)
    if _low(tokens, at) in {"eom", "eoy", "eoq"}:
        word = {"m": "month", "y": "year", "q": "quarter"}[_low(tokens, at)[2]]
        first, last = _current(word, today, 0)
        return Day(last, last, at, at + 1, "end", 0.85)
    return None


def _stretch(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    for reader in (_relative_stretch, _quarter, _half, _month, _season, _year):
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


def _relative_stretch(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "next month", "this quarter", "the year", "the month after next"."""
    words = {"next": 1, "this": 0, "the": 0, "coming": 1, "current": 0, "following": 1}
    i, offset = at, None
    while _low(tokens, i) in words and i - at < 3:
        offset = max(offset or 0, words[_low(tokens, i)])
        i += 1
    if _low(tokens, i) == "calendar" or _low(tokens, i) == "fiscal":
        i += 1
    unit = UNITS.get(_low(tokens, i))
    if unit not in {"week", "month", "quarter", "year"} or _low(tokens, i).endswith("s"):
        return None
    explicit = offset is not None
    bare = _low(tokens, at) == "the" and i == at + 1
    if not explicit and at > 0 and _low(tokens, at - 1) not in {"of", "end", "-"}:
        return None
    end = i + 1
    if _low(tokens, end) == "after" and _low(tokens, end + 1) == "next":
        offset, end, bare = 2, end + 2, False
    if bare and not (at > 0 and _low(tokens, at - 1) in {"of", "end", "in"}):
        return None
    first, last = _current(unit, today, offset or 0)
    if unit == "week":
        friday = first + timedelta(days=4)
        last = friday if friday >= today else last
    if _low(tokens, end) == "'" or _low(tokens, end) == "s":
        end += 1
    return Day(last, first, at, end, "week" if unit == "week" else "stretch", 0.8)


def _year_after(tokens: Sequence[Token], at: int, today: date) -> tuple[int | None, int]:
    """A year that belongs to what stands before: "of next year", "2027", "twenty twenty-seven"."""
    i = at
    while _low(tokens, i) in {",", "of", "in", "-", "/"} and i - at < 2:
        i += 1
    if _low(tokens, i) in {"next", "this", "the"} and _low(tokens, i + 1) in {"year", "coming"}:
        if _low(tokens, i) == "the":
            return None, at
        return today.year + (_low(tokens, i) == "next"), i + 2
    if _low(tokens, i) == "'" and len(_low(tokens, i + 1)) == 2 and _low(tokens, i + 1).isdigit():
        return 2000 + int(_low(tokens, i + 1)), i + 2
    year = _year_number(tokens, i)
    return year if year is not None else (None, at)


def _year_number(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    low = _low(tokens, at)
    if len(low) == 4 and low.isdigit() and 2020 <= int(low) <= 2100:
        return int(low), at + 1
    if low == "twenty":
        number = number_at(tokens, at + 1, colloquial=False)
        if number is not None and 20 <= number.value <= 99 and number.value.denominator == 1:
            return 2000 + int(number.value), number.end
    if low == "two" and _low(tokens, at + 1) == "thousand":
        number = number_at(tokens, at, colloquial=False)
        if number is not None and 2020 <= number.value <= 2100:
            return int(number.value), number.end
    return None


def _quarter(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    low, i, quarter = _low(tokens, at), at, 0
    if low in QUARTERS:
        quarter, i = QUARTERS[low], at + 1
    elif low in {"q", "cue", "queue"} and _low(tokens, at + 1) != "":
        i = at + 2 if _low(tokens, at + 1) in {"-", "."} else at + 1
        value = {"one": 1, "two": 2, "three": 3, "four": 4, "for": 4, "to": 2, "won": 1, "too": 2,
                 "1": 1, "2": 2, "3": 3, "4": 4}.get(_low(tokens, i))  # fmt: skip
        if value is None:
            return None
        quarter, i = value, i + 1
    else:
        if low == "the":
            i += 1
        ordinal = _ordinal(tokens, i)
        if ordinal is None and _low(tokens, i) in {"last", "final"}:
            ordinal = (4, i + 1)
        if ordinal is None or ordinal[0] > 4 or _low(tokens, ordinal[1]) not in {"quarter", "q"}:
            return None
        quarter, i = ordinal[0], ordinal[1] + 1
    year, end = _year_after(tokens, i, today)
    if year is None:
        year = today.year + (quarter_end(today.year, quarter) < today)
    last = quarter_end(year, quarter)
    return Day(last, date(year, quarter * 3 - 2, 1), at, end, "quarter", 0.85)


def _half(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    low, i = _low(tokens, at), at
    if low == "h" and _low(tokens, at + 1) in {"1", "2", "one", "two"}:
        half, i = (1 if _low(tokens, at + 1) in {"1", "one"} else 2), at + 2
    else:
        i = at + 1 if low == "the" else at
        which = {"first": 1, "second": 2, "1st": 1, "2nd": 2}.get(_low(tokens, i))
        if which is None or _low(tokens, i + 1) != "half":
            return None
        half, i = which, i + 2
    year, end = _year_after(tokens, i, today)
    if year is None:
        if _low(tokens, i) == "of" and _low(tokens, i + 1) not in {"the", "this"}:
            return None
        year = today.year + (date(today.year, 6 * half, 28) < today)
    first = date(year, 6 * half - 5, 1)
    return Day(month_end(year, 6 * half), first, at, end, "half", 0.75)


def _month(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    low = _low(tokens, at)
    i, next_one = at, False
    if low in {"next", "this"} and _low(tokens, at + 1) in MONTHS:
        next_one, i = low == "next", at + 1
    month = MONTHS.get(_low(tokens, i))
    if month is None or not _is_month(tokens, i):
        return None
    i += 1
    if _low(tokens, i) == "." and i < len(tokens) and not tokens[i].spaced:
        i += 1 if len(_low(tokens, i - 1)) <= 4 else 0
    year, end = _year_after(tokens, i, today)
    if year is None:
        end = at + 1 if i == at + 1 else i
        year = today.year + (month < today.month)
        if next_one and month > today.month and month - today.month < 3:
            year = today.year
    first = date(year, month, 1)
    return Day(month_end(year, month), first, at, end, "month", 0.8)


def _is_month(tokens: Sequence[Token], at: int) -> bool:
    """ "may", "march", "mar", "sun" are other words as well."""
    low, before = _low(tokens, at), _low(tokens, at - 1)
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


def _season(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    i = at
    next_one = False
    while _low(tokens, i) in {"next", "this", "the", "coming"}:
        next_one = next_one or _low(tokens, i) == "next"
        i += 1
    month = SEASONS.get(_low(tokens, i))
    if month is None or (i == at and _low(tokens, at - 1) in {"to", "i", "will", "could", "a"}):
        return None
    if _low(tokens, i) in {"spring", "fall"} and _low(tokens, i + 1) in {"up", "for", "into", "in"}:
        return None
    year, end = _year_after(tokens, i + 1, today)
    if year is None:
        end = i + 1
        year = today.year + (month < today.month)
    last = month_end(year, month)
    return Day(last, add_months(last.replace(day=1), -2), at, end, "season", 0.6)


def _year(tokens: Sequence[Token], at: int, _today: date) -> Day | None:
    i = at + 1 if _low(tokens, at) == "year" else at
    year = _year_number(tokens, i)
    if year is None:
        return None
    if _low(tokens, i) in {"twenty", "two"} and _low(tokens, year[1]) in {"people", "k", "dollars"}:
        return None
    return Day(date(year[0], 12, 31), date(year[0], 1, 1), at, year[1], "year", 0.7)


def _ordinal(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    """ "fifteenth", "twenty-first", "15th", "1 st"."""
    low = _low(tokens, at)
    if low in ORDINALS:
        return ORDINALS[low], at + 1
    if low in {"twenty", "thirty"}:
        i = at + 2 if _low(tokens, at + 1) == "-" else at + 1
        unit = ORDINALS.get(_low(tokens, i), 99)
        if unit < 10:
            return {"twenty": 20, "thirty": 30}[low] + unit, i + 1
    if low.isdigit() and len(low) <= 2 and _low(tokens, at + 1) in {"st", "nd", "rd", "th"}:
        return int(low), at + 2
    return None


def _day_number(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    ordinal = _ordinal(tokens, at)
    if ordinal is not None:
        return ordinal if 1 <= ordinal[0] <= 31 else None
    number = number_at(tokens, at, colloquial=False)
    if number is None or number.scaled or number.value.denominator != 1:
        return None
    if not 1 <= number.value <= 31 or number.end - at > 3:
        return None
    return int(number.value), number.end


def _month_day(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "March 31st", "the 31st of March", "31 March 2027"."""
    low = _low(tokens, at)
    month = MONTHS.get(low)
    if month is not None:
        i = at + 1
        while _low(tokens, i) in {"the", "."} and i - at < 3:
            i += 1
        day = _day_number(tokens, i)
        if day is None or (low == "may" and _low(tokens, i) == "be"):
            return None
        if _low(tokens, day[1]) in {"people", "thousand", "k", "percent"}:
            return None
        number, i = day
    else:
        i = at + 1 if low == "the" else at
        day = _day_number(tokens, i)
        if day is None:
            return None
        number, i = day
        i = i + 1 if _low(tokens, i) in {"of", "-", "/"} else i
        month = MONTHS.get(_low(tokens, i))
        if month is None:
            return None
        i += 1
    year, end = _year_after(tokens, i, today)
    if year is None:
        end = i
        year = today.year
        if date(year, month, min(number, 28)) < today - timedelta(days=3):
            year += 1
    day_of = date(year, month, number)
    return Day(day_of, day_of, at, end, "date", 0.88)


def _figures(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "2027-03-31", "3/31/2027", "3/31", "31.3.2027"."""
    lows: list[str] = []
    i = at
    while i < len(tokens) and len(lows) < 5 and (i == at or not tokens[i].spaced):
        lows.append(_low(tokens, i))
        i += 1
    if not lows or not lows[0].isdigit() or len(lows) < 3 or lows[1] not in {"-", "/", "."}:
        return None
    if not lows[2].isdigit():
        return None
    whole = len(lows) == 5 and lows[3] == lows[1] and lows[4].isdigit()
    if whole and len(lows[0]) == 4:
        return _exact(int(lows[0]), int(lows[2]), int(lows[4]), at, at + 5)
    first, second = int(lows[0]), int(lows[2])
    if whole:
        year = int(lows[4]) + (2000 if len(lows[4]) == 2 else 0)
        day_first = lows[1] == "." or first > 12
        month, day = (second, first) if day_first else (first, second)
        return _exact(year, month, day, at, at + 5)
    if lows[1] != "/" or not 1 <= first <= 31 or not 1 <= second <= 31:
        return None
    month, day = (first, second) if first <= 12 else (second, first)
    year = today.year + (date(today.year, month, day) < today)
    return _exact(year, month, day, at, at + 3)


def _exact(year: int, month: int, day: int, at: int, end: int) -> Day:
    exact = date(year, month, day)
    return Day(exact, exact, at, end, "date", 0.9)


def _duration(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "in six weeks", "within the next two months", "a year from now", "six to eight weeks"."""
    low = _low(tokens, at)
    i, half = at, False
    lead = low in {"in", "within", "over", "inside"} or low == "next"
    while _low(tokens, i) in {"in", "within", "the", "next", "about", "around", "maybe", "roughly",
                              "less", "than", "at", "most", "like", "say", "probably", "over",
                              "coming", "inside", "another", "under", "of"}:  # fmt: skip
        lead = lead or _low(tokens, i) in {"within", "in", "next", "coming", "another"}
        i += 1
    if i - at > 5:
        return None
    count: float | None = None
    word = _low(tokens, i)
    if word in {"a", "an", "one"} and UNITS.get(_low(tokens, i + 1)):
        count, i = 1, i + 1
    elif word == "half" and _low(tokens, i + 1) in {"a", "year"}:
        count, i, half = 0.5, i + (2 if _low(tokens, i + 1) == "a" else 1), True
    elif word == "a" and _low(tokens, i + 1) in {"few", "couple"}:
        count = 3 if _low(tokens, i + 1) == "few" else 2
        i = i + 3 if _low(tokens, i + 2) == "of" else i + 2
    elif word in {"few", "several", "couple"} and lead:
        count = 2 if word == "couple" else 3
        i = i + 2 if _low(tokens, i + 1) == "of" else i + 1
    else:
        number = number_at(tokens, i, colloquial=False)
        if number is None or number.value > 1000:
            return None
        count, i = float(number.value), number.end
        if _low(tokens, i) in {"to", "or", "-", "–"}:
            upper = number_at(tokens, i + 1, colloquial=False)
            if upper is not None and upper.value <= 1000:
                count, i = float(upper.value), upper.end
        if _low(tokens, i) in {"-", "more", "business", "working", "calendar", "full", "or"}:
            i += 1
    unit = UNITS.get(_low(tokens, i))
    if unit is None or count is None:
        return None
    i += 1
    if _low(tokens, i) == "and" and _low(tokens, i + 1) == "a" and _low(tokens, i + 2) == "half":
        count, i = count + 0.5, i + 3
    ahead = [_low(tokens, k) for k in range(i, i + 3)]
    from_now = (
        ahead[:2] in (["from", "now"], ["from", "today"])
        or ahead[:1] == ["out"]
        or (ahead[:1] in (["max"], ["maximum"], ["tops"]))
    )
    if ahead[:1] == ["ago"] or (ahead[:1] == ["old"]):
        return None
    clear = lead or from_now or half
    if not clear and word in {"a", "an"} and len(tokens) > i - at + 2:
        return None  # "fifteen thousand dollars a year"
    sure = 0.82 if clear or at == 0 else 0.5
    if ahead[:2] in (["from", "now"], ["from", "today"]):
        i += 2
    last = _shift(today, count, unit)
    return Day(last, last, at, i, "duration" if clear else "span", sure)


def _shift(today: date, count: float, unit: str) -> date:
    whole, fraction = int(count), count - int(count)
    if unit == "day":
        return today + timedelta(days=round(count))
    if unit in {"week", "fortnight"}:
        return today + timedelta(days=round(count * (7 if unit == "week" else 14)))
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    if unit != "month":
        whole, fraction = int(count * months), 0.0
    return add_months(today, whole) + timedelta(days=round(fraction * 30))


def _holiday(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    length = phrase_at(tokens, at, _HOLIDAYS)
    if not length:
        return None
    name = " ".join(_low(tokens, k) for k in range(at, at + length))
    if name in {"new year", "new years"} and _low(tokens, at - 1) in {"this", "a"}:
        return None
    year, end = _year_after(tokens, at + length, today)
    if year is None:
        end, year = at + length, today.year
        day = holiday(name, year)
        if day is not None and day < today:
            year += 1
    day = holiday(name, year)
    return Day(day, day, at, end, "holiday", 0.8) if day else None


def _weekday(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    low, i, which = _low(tokens, at), at, ""
    if low in {"next", "this", "coming", "on", "the"} and _low(tokens, at + 1) in WEEKDAYS:
        which, i = low, at + 1
    elif low == "this" and _low(tokens, at + 1) == "coming" and _low(tokens, at + 2) in WEEKDAYS:
        which, i = "this", at + 2
    weekday = WEEKDAYS.get(_low(tokens, i))
    if weekday is None or (len(_low(tokens, i)) == 3 and tokens[i].text.islower() and which == ""):
        return None
    coming = next_weekday(today, weekday)
    in_next_week = today - timedelta(days=today.weekday()) + timedelta(days=7 + weekday)
    ahead = [_low(tokens, k) for k in range(i + 1, i + 4)]
    if ahead[:2] == ["next", "week"] or ahead[:3] == ["of", "next", "week"]:
        end = i + (3 if ahead[0] == "next" else 4)
        return Day(in_next_week, in_next_week, at, end, "weekday", 0.9)
    if ahead[:2] == ["in", "two"] and ahead[2:] == ["weeks"]:
        day = in_next_week + timedelta(days=7)
        return Day(day, day, at, i + 4, "weekday", 0.8)
    if ahead[:2] == ["after", "next"]:
        day = in_next_week + timedelta(days=7)
        return Day(day, day, at, i + 3, "weekday", 0.7)
    if ahead[:1] == ["week"]:
        day = coming + timedelta(days=7)
        return Day(day, day, at, i + 2, "weekday", 0.7)
    # A date behind the day ("Thursday, March 4th", "Thursday the 26th") is the surer one.
    j = i + 2 if ahead[:1] == [","] else i + 1
    exact = _month_day(tokens, j, today) or _of_month(tokens, j, today)
    if exact is not None:
        return Day(exact.last, exact.first, at, exact.end, "date", 0.92)
    if which == "next":
        return Day(in_next_week, in_next_week, at, i + 1, "weekday", 0.75, coming)
    return Day(coming, coming, at, i + 1, "weekday", 0.85)


def _near(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "today", "tomorrow", "the day after tomorrow", "tonight"."""
    for words, days in (
        (("the", "day", "after", "tomorrow"), 2), (("day", "after", "tomorrow"), 2),
        (("a", "week", "from", "tomorrow"), 8), (("tomorrow",), 1), (("today",), 0),
        (("tonight",), 0), (("this", "afternoon"), 0), (("this", "morning"), 0),
        (("this", "evening"), 0), (("end", "of", "day"), 0), (("end", "of", "the", "day"), 0),
        (("overmorrow",), 2),
    ):  # fmt: skip
        if tuple(_low(tokens, at + k) for k in range(len(words))) == words:
            day = today + timedelta(days=days)
            return Day(day, day, at, at + len(words), "day", 0.85)
    if tuple(_low(tokens, at + k) for k in range(3)) == ("a", "week", "from"):
        weekday_said = WEEKDAYS.get(_low(tokens, at + 3))
        if weekday_said is not None:
            day = next_weekday(today, weekday_said) + timedelta(days=7)
            return Day(day, day, at, at + 4, "weekday", 0.8)
    for words, weekday in ((("this", "weekend"), 6), (("the", "weekend"), 6)):
        if tuple(_low(tokens, at + k) for k in range(len(words))) == words:
            day = today if today.weekday() == weekday else next_weekday(today, weekday)
            return Day(day, day, at, at + len(words), "day", 0.6)
    return None


def _of_month(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "the fifteenth": the next one; "the fifteenth of next month"."""
    i = at + 1 if _low(tokens, at) == "the" else at
    ordinal = _ordinal(tokens, i)
    if ordinal is None or not 1 <= ordinal[0] <= 31:
        return None
    number, end = ordinal
    if _low(tokens, end) in {"quarter", "half", "week", "thing", "time", "one", "floor", "year",
                             "option", "month", "party", "person", "day", "choice", "name",
                             "digit", "letter", "team", "of", "quarters", "step"}:  # fmt: skip
        if _low(tokens, end) != "of":
            return None
        month = _relative_stretch(tokens, end + 1, today) or (
            _relative_stretch(tokens, end + 2, today)
        )
        if month is None or month.rule == "week" or (month.last - month.first).days > 31:
            return None
        day = month.first.replace(day=number)
        return Day(day, day, at, month.end, "date", 0.85)
    if i == at and number < 4 and _low(tokens, at) in ORDINALS:
        return None  # "first", "second", "third" alone are no days
    month_of = today.replace(day=1)
    for _ in range(3):
        try:
            day = month_of.replace(day=number)
        except ValueError:
            day = today - timedelta(days=1)
        if day >= today:
            return Day(day, day, at, end, "of-month", 0.7)
        month_of = add_months(month_of, 1)
    return None


# Whatever may begin a day; the readers are not asked about any other word.
_STARTS = (
    {phrase[0] for table in (_HOLIDAYS, _END_OF, _START_OF, _MIDDLE_OF)
     for found in table.values() for phrase in found}
    | MONTHS.keys() | WEEKDAYS.keys() | QUARTERS.keys() | SEASONS.keys() | UNITS.keys()
    | ORDINALS.keys() | NUMBER_UNITS.keys() | TEENS.keys() | TENS.keys()
    | {"in", "within", "over", "inside", "next", "this", "the", "coming", "current", "following",
       "eom", "eoy", "eoq", "q", "cue", "queue", "last", "final", "h", "first", "second", "a", "an",
       "half", "few", "several", "couple", "about", "around", "maybe", "roughly", "less", "at",
       "like", "say", "probably", "another", "under", "on", "today", "tomorrow", "tonight", "day",
       "overmorrow", "end", "dozen", "calendar", "fiscal", "hundred", "year"}
)  # fmt: skip

_Reader = Callable[[Sequence[Token], int, date], Day | None]
_READERS: tuple[_Reader, ...] = (
    _figures, _near, _holiday, _month_day, _part_of, _quarter, _half, _weekday, _duration,
    _of_month, _relative_stretch, _month, _season, _year,
)  # fmt: skip
