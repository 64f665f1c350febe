"""Dates by which something is wanted: "end of Q1", "before Christmas", "in six weeks".

dateparser was measured and not taken: 420 ms to import, 150 ms for the first call, 5 ms for a
sentence, nothing for "end of Q1" or "before Christmas", and a month without a year in the past.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from functools import lru_cache

from flows.capture.date_base import Day
from flows.capture.date_days import (
    HOLIDAY_PHRASES,
    duration,
    figures,
    holiday_day,
    month_day,
    near,
    of_month,
    week_of,
    weekday_at,
)
from flows.capture.date_stretches import (
    END_OF,
    MIDDLE_OF,
    START_OF,
    half_at,
    month_at,
    part_of,
    quarter_at,
    relative_stretch,
    season_at,
    year_at,
)
from flows.capture.english.dates import MONTHS, QUARTERS, SEASONS, SOON, UNITS, WEEKDAYS
from flows.capture.english.numbers import ORDINALS, TEENS, TENS
from flows.capture.english.numbers import UNITS as NUMBER_UNITS
from flows.capture.model import Candidate, Kind, Surroundings
from flows.capture.speech import find_phrase, negated, phrase_at, phrases, segments
from flows.capture.tokens import Heard, Token

_SOON = phrases(SOON)
_BEFORE = {"before", "ahead", "prior"}
_BY = {"by", "until", "till", "before", "no", "latest", "within", "in", "end", "deadline", "live",
       "start", "launch", "need", "needed", "ready", "go", "done", "timeline", "rollout", "want",
       "from", "next", "sometime", "around", "hoping", "aiming", "targeting", "target", "decide",
       "implement", "roll", "running", "place"}  # fmt: skip


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
    close = {t.low for t in tokens[max(0, day.start - 10) : day.end]}
    return bool(close & _BY) and day.rule not in {"weekday", "day", "span"}


def _soon(heard: Heard, today: date) -> list[Candidate]:
    at = find_phrase(heard.tokens, _SOON)
    if at is None:
        return []
    span = (at, at + phrase_at(heard.tokens, at, _SOON))
    return [_candidate(heard, today, span, 0.4, "soon")]


def days_in(tokens: Sequence[Token], start: int, today: date) -> list[Day]:
    """All days and stretches of days from a token on, from left to right.

    A date and a meeting are looked for in the same words: the latest answers are remembered.
    """
    return list(_days_in(tuple(tokens), start, today))


@lru_cache(maxsize=8)
def _days_in(tokens: tuple[Token, ...], start: int, today: date) -> tuple[Day, ...]:
    found: list[Day] = []
    at = start
    while at < len(tokens):
        day = day_at(tokens, at, today)
        if day is None:
            at += 1
        else:
            found.append(day)
            at = max(day.end, at + 1)
    return tuple(found)


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


# Whatever may begin a day; the readers are not asked about any other word.
_STARTS = (
    {phrase[0] for table in (HOLIDAY_PHRASES, END_OF, START_OF, MIDDLE_OF)
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
    week_of, figures, near, holiday_day, month_day, part_of, quarter_at, half_at, weekday_at,
    duration, of_month, relative_stretch, month_at, season_at, year_at,
)  # fmt: skip
