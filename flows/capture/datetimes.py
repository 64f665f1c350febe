"""When to meet: a day, a time of day, and a time zone where the caller names one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from flows.capture.caller_zone import zone_meant
from flows.capture.date import days_in
from flows.capture.date_base import Day
from flows.capture.english.dates import TIME_ZONES
from flows.capture.model import Candidate, Kind, Surroundings
from flows.capture.numbers import number_at
from flows.capture.speech import negated, phrase_at, phrases, segments
from flows.capture.tokens import Heard, Token

_ZONES = phrases(TIME_ZONES)
_HOURS_LEADS = {"at", "around", "about", "by", "say", "for", "like", "from", "after", "maybe"}
_AM = {"am", "a.m", "morning"}
_PM = {"pm", "p.m", "afternoon", "evening", "night", "tonight"}


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day and where it was said. ``sure``: with am, pm, o'clock or minutes."""

    at: time
    start: int
    end: int
    sure: bool
    zone: tzinfo | None = None


def read(heard: Heard, around: Surroundings) -> list[Candidate]:
    asked = around.about(Kind.DATETIME)
    tokens = heard.tokens
    zone = zone_meant(tokens, around)
    parts = segments(tokens)
    for index in range(len(parts) - 1, -1, -1):
        start, end = parts[index]
        candidate = _read_part(heard, tokens[:end], start, around, zone, asked=asked)
        if candidate is not None:
            return _mended(heard, tokens, parts[:index], candidate, around, zone=zone) or candidate
    return []


def _mended(
    heard: Heard,
    tokens: Sequence[Token],
    before: Sequence[tuple[int, int]],
    found: Sequence[Candidate],
    around: Surroundings,
    *,
    zone: tzinfo | None,
) -> list[Candidate] | None:
    """ "Monday at half past eight, no, nine": the day stays, or the time does."""
    piece = found[0].partial
    if piece is None or not before:
        return None
    start, end = before[-1]
    whole = _read_part(heard, tokens[:end], start, around, zone, asked=True)
    if not whole or not isinstance(whole[0].value, str):
        return None
    moment = datetime.fromisoformat(whole[0].value)
    changed = (
        datetime.combine(moment.date(), time.fromisoformat(piece[1:]), tzinfo=moment.tzinfo)
        if piece.startswith("T")
        else datetime.combine(date.fromisoformat(piece), moment.timetz())
    )
    span = (whole[0].span[0], found[0].span[1])
    return [Candidate(Kind.DATETIME, changed.isoformat(), 0.75, heard.words(*span), span, "mended")]


def _read_part(
    heard: Heard,
    tokens: Sequence[Token],
    start: int,
    around: Surroundings,
    zone: tzinfo | None,
    *,
    asked: bool,
) -> list[Candidate] | None:
    soon = _hours_from_now(tokens, start, around.now.astimezone(zone))
    if soon is not None and asked:
        moment, span = soon
        text = heard.words(*span)
        return [Candidate(Kind.DATETIME, moment.isoformat(), 0.8, text, span, "from-now")]
    today = around.now.astimezone(zone).date()
    days = [
        d for d in days_in(tokens, start, today)
        if d.rule in {"date", "weekday", "day", "of-month", "duration", "holiday"}
        and not negated(tokens, d.start)
    ]  # fmt: skip
    if not asked and not days:
        return None
    clocks = clock_times(tokens, start, days, lenient=asked)
    if not days and not clocks:
        return None
    if not asked and not clocks:
        return None
    if not asked and not any(c.sure for c in clocks):
        return None
    if not days:
        return [_piece(heard, f"T{clocks[0].at:%H:%M}", clocks[0].start, clocks[0].end)]
    if not clocks:
        day = days[0]
        return [_piece(heard, day.last.isoformat(), day.start, day.end)]
    return [_meeting(heard, day, clocks[0], zone) for day in _choices(days[0])]


_UNITS = frozenset({"hour", "hours", "minute", "minutes", "mins"})


def _hours_from_now(
    tokens: Sequence[Token], start: int, now: datetime
) -> tuple[datetime, tuple[int, int]] | None:
    """ "in an hour", "in half an hour", "two hours from now", "in thirty minutes"."""
    if not any(token.low in _UNITS for token in tokens[start:]):
        return None
    for at in range(start, len(tokens)):
        begin = at + 1 if _low(tokens, at) == "in" else at
        i = begin + 1 if _low(tokens, begin) in {"about", "like", "maybe"} else begin
        minutes: int
        if _low(tokens, i) == "half" and _low(tokens, i + 1) == "an":
            minutes, end = 30, i + 3
        elif _low(tokens, i) in {"a", "an", "one"}:
            minutes, end = 60, i + 2
        else:
            number = number_at(tokens, i, colloquial=False)
            if number is None or number.scaled or not 1 <= number.value <= 90:
                continue
            unit = _low(tokens, number.end)
            minutes = int(number.value * (60 if unit in {"hour", "hours"} else 1))
            end = number.end + 1
        if _low(tokens, end - 1) not in _UNITS:
            continue
        from_now = [_low(tokens, end), _low(tokens, end + 1)] == ["from", "now"]
        if begin == at and not from_now:
            continue
        moment = (now + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
        return moment, (at, end + 2 if from_now else end)
    return None


def _choices(day: Day) -> list[Day]:
    if day.other is None:
        return [day]
    other = Day(day.other, day.other, day.start, day.end, day.rule, day.sure - 0.3)
    return [day, other]


def _meeting(heard: Heard, day: Day, clock: Clock, zone: tzinfo | None) -> Candidate:
    moment = at_zone(day.last, clock.at, clock.zone or zone)
    span = (min(day.start, clock.start), max(day.end, clock.end))
    confidence = day.sure - (0.0 if clock.sure else 0.15)
    return Candidate(
        Kind.DATETIME, moment.isoformat(), confidence, heard.words(*span), span, "day-and-time"
    )


def at_zone(day: date, clock: time, zone: tzinfo | None) -> datetime:
    return datetime.combine(day, clock, tzinfo=zone)


def _piece(heard: Heard, partial: str, start: int, end: int) -> Candidate:
    return Candidate(
        Kind.DATETIME, None, 0.4, heard.words(start, end), (start, end), "piece", partial
    )


def complete(parts: Sequence[str], around: Surroundings) -> str | None:
    """ "2026-11-26" and "T14:00" of two turns as one meeting, in the zone of the call."""
    day = next((p for p in reversed(parts) if not p.startswith("T")), None)
    clock = next((p for p in reversed(parts) if p.startswith("T")), None)
    if day is None or clock is None:
        return None
    try:
        moment = datetime.combine(
            date.fromisoformat(day), time.fromisoformat(clock[1:]), tzinfo=zone_meant((), around)
        )
    except ValueError:
        return None
    return moment.isoformat()


def clock_times(
    tokens: Sequence[Token], start: int, days: Sequence[Day] = (), *, lenient: bool = False
) -> list[Clock]:
    """The times of day from a token on; a bare hour ("at three") only if ``lenient``."""
    taken = {i for d in days for i in range(d.start, d.end)}
    found: list[Clock] = []
    at = start
    while at < len(tokens):
        clock = None if at in taken else _clock_at(tokens, at, lenient)
        if clock is not None and not (set(range(clock.start, clock.end)) & taken):
            zone, end = _zone(tokens, clock.end)
            found.append(Clock(clock.at, clock.start, end, clock.sure, zone))
            at = end
        else:
            at += 1
    return sorted(found, key=lambda c: not c.sure)


def _low(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].low if 0 <= at < len(tokens) else ""


def _clock_at(tokens: Sequence[Token], at: int, lenient: bool) -> Clock | None:
    low = _low(tokens, at)
    if low in {"noon", "midday"}:
        return Clock(time(12), at, at + 1, True)
    if low == "midnight":
        return Clock(time(0), at, at + 1, True)
    relative = _relative(tokens, at)
    if relative is not None:
        hour, minute, end = relative
        return _half_of_day(tokens, hour, minute, at, end, sure=True)
    written = _written(tokens, at)
    if written is not None:
        hour, minute, end, exact = written
        if exact:
            return Clock(time(hour, minute), at, end, True)
        sure = end - at > 1
        lead = _low(tokens, at - 1) in _HOURS_LEADS or at == 0
        clock = _half_of_day(tokens, hour, minute, at, end, sure=sure)
        if clock is None or clock.sure or (lenient and lead) or lenient:
            return clock
        return None
    return None


def _relative(tokens: Sequence[Token], at: int) -> tuple[int, int, int] | None:
    """ "half past two", "quarter to four", "ten past three", "twenty to five"."""
    i = at + 1 if _low(tokens, at) == "a" else at
    low = _low(tokens, i)
    if low == "half":
        minutes, i = 30, i + 1
    elif low == "quarter":
        minutes, i = 15, i + 1
    else:
        number = number_at(tokens, i, colloquial=False)
        if number is None or not 1 <= number.value <= 29 or number.value.denominator != 1:
            return None
        minutes, i = int(number.value), number.end
        if _low(tokens, i) in {"minutes", "minute"}:
            i += 1
    direction = _low(tokens, i)
    if direction not in {"past", "after", "to", "till", "before", "of"}:
        return None
    if (
        direction in {"to", "of", "before", "after"}
        and low not in {"half", "quarter"}
        and (minutes not in {5, 10, 20, 25})
    ):
        return None
    hour = _hour(tokens, i + 1)
    if hour is None:
        return None
    value, end = hour
    if direction in {"past", "after"}:
        return value, minutes, end
    if minutes == 30:
        return None
    return (value - 1) % 12 or 12, 60 - minutes, end


def _hour(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    number = number_at(tokens, at, colloquial=False)
    if number is None or number.scaled or not 1 <= number.value <= 12:
        return None
    if number.value.denominator != 1:
        return None
    return int(number.value), number.end


def _written(tokens: Sequence[Token], at: int) -> tuple[int, int, int, bool] | None:
    """ "3", "three thirty", "15:00", "3.30", "1500 hours"; whether the half of the day is clear."""
    low = _low(tokens, at)
    if low.isdigit() and len(low) <= 2:
        hour, i, minute = int(low), at + 1, 0
        if (
            _low(tokens, i) in {":", "."}
            and len(_low(tokens, i + 1)) == 2
            and (
                _low(tokens, i + 1).isdigit() and not tokens[i].spaced and not tokens[i + 1].spaced
            )
        ):
            minute, i = int(_low(tokens, i + 1)), i + 2
            if _low(tokens, i) == ":" and len(_low(tokens, i + 1)) == 2:
                i += 2
        elif _low(tokens, i).isdigit() and len(_low(tokens, i)) == 2:
            minute, i = int(_low(tokens, i)), i + 1
        if hour > 23 or minute > 59:
            return None
        exact = (hour > 12 or hour == 0) and i > at + 1
        if hour > 12 and not exact:
            return None
        return hour, minute, i, exact
    if low.isdigit() and len(low) in {3, 4} and _low(tokens, at + 1) in {"hours", "pm", "am"}:
        hour, minute = divmod(int(low), 100)
        if hour > 23 or minute > 59:
            return None
        hours = _low(tokens, at + 1) == "hours"
        return hour, minute, at + 2 if hours else at + 1, hours
    number = number_at(tokens, at, colloquial=False)
    if number is None or number.value.denominator != 1 or low in {"a", "an", "half"}:
        return None
    value = int(number.value)
    if number.scaled or not 1 <= value <= 2359:
        return None
    if value <= 23:
        i, minute = number.end, 0
        tail = number_at(tokens, i, colloquial=False)
        if _low(tokens, i) in {"oh", "o"} and number_at(tokens, i + 1) is not None:
            unit = number_at(tokens, i + 1, colloquial=False)
            if unit is not None and 1 <= unit.value <= 9:
                minute, i = int(unit.value), unit.end
        elif (
            tail is not None
            and 10 <= tail.value <= 59
            and tail.value.denominator == 1
            and (_low(tokens, tail.end) not in {"people", "percent", "minutes", "days"})
        ):
            minute, i = int(tail.value), tail.end
        elif _low(tokens, i) == "hundred" and _low(tokens, i + 1) == "hours":
            return value, 0, i + 2, True
        elif value > 12 and _low(tokens, i) == "hundred":
            return value, 0, i + 1, True
        if value > 12:
            return (value, minute, i, True) if minute else None
        return value, minute, i, False
    if value % 100 == 0 and value // 100 <= 23 and _low(tokens, number.end) == "hours":
        return value // 100, 0, number.end + 1, True
    if value % 100 == 0 and 13 <= value // 100 <= 23 and low not in {"two", "one"}:
        return value // 100, 0, number.end, True  # "fourteen hundred"
    return None


def _half_of_day(
    tokens: Sequence[Token], hour: int, minute: int, at: int, end: int, *, sure: bool
) -> Clock | None:
    if not 0 <= hour <= 12 or not 0 <= minute < 60:
        return None
    half, i = None, end
    if _low(tokens, i) in {"o'clock", "oclock"} or (
        _low(tokens, i) == "o" and _low(tokens, i + 1) == "clock"
    ):
        i += 1 if _low(tokens, i) != "o" else 2
        sure = True
    if _low(tokens, i) in {"sharp"}:
        i += 1
    marks = {"a": "am", "p": "pm"}
    if _low(tokens, i) in {"am", "pm"}:
        half, i = _low(tokens, i), i + 1
    elif _low(tokens, i) in marks and _low(tokens, i + 1) in {".", "m"}:
        half = marks[_low(tokens, i)]
        i += 2 if _low(tokens, i + 1) == "m" else 3 if _low(tokens, i + 2) == "m" else 0
        if _low(tokens, i) == "." and not tokens[i].spaced and i + 1 == len(tokens):
            pass
        elif _low(tokens, i) == "." and i < len(tokens) and not tokens[i].spaced:
            i += 1
    elif _low(tokens, i) == "in" and _low(tokens, i + 1) in {"the", "a"}:
        word = _low(tokens, i + 2)
        if word in _AM or word in _PM:
            half, i = ("am" if word in _AM else "pm"), i + 3
    elif _low(tokens, i) == "at" and _low(tokens, i + 1) == "night":
        half, i = "pm", i + 2
    else:
        before = {_low(tokens, k) for k in range(max(0, at - 5), at)}
        after = {_low(tokens, k) for k in range(i, i + 4)}
        if before & _AM or "morning" in after:
            half, sure = "am", True
        elif before & _PM or after & (_PM - {"pm", "p.m"}):
            half, sure = "pm", True
    if hour == 0:
        return None
    if half is None:
        following = _low(tokens, i)
        units = {"people", "weeks", "days", "months", "minutes", "dollars", "of", "k", "percent",
                 "thousand", "hours", "hour", "times", "years", "th", "st", "nd", "rd",
                 "/", "options", "things"}  # fmt: skip
        if following in units:
            return None
        # People meet between seven in the morning and half past six in the evening.
        hour24 = hour if 7 <= hour <= 12 else hour + 12
        return Clock(time(hour24 % 24, minute), at, i, sure)
    if half == "am":
        return Clock(time(hour % 12, minute), at, i, True)
    return Clock(time(hour % 12 + 12, minute), at, i, True)


@lru_cache(maxsize=64)
def _zone_named(name: str) -> tzinfo:
    return ZoneInfo(name)


def _zone(tokens: Sequence[Token], at: int) -> tuple[tzinfo | None, int]:
    i = at
    while _low(tokens, i) in {"in", "at", "my", ","} and i - at < 2:
        i += 1
    length = phrase_at(tokens, i, _ZONES)
    if not length:
        return None, at
    name = " ".join(_low(tokens, k) for k in range(i, i + length))
    end = i + length
    if name in {"utc", "gmt"}:
        offset, stop = _offset(tokens, end)
        if offset is not None:
            return offset, stop
    while _low(tokens, end) in {"time", "standard", "daylight", "zone", "european"}:
        end += 1
    return _zone_named(TIME_ZONES[name]), end


def _offset(tokens: Sequence[Token], at: int) -> tuple[tzinfo | None, int]:
    """ "UTC minus five", "UTC plus five thirty", "UTC+2"."""
    sign = {"plus": 1, "+": 1, "minus": -1, "-": -1, "−": -1}.get(_low(tokens, at))
    if sign is None:
        return None, at
    number = number_at(tokens, at + 1, colloquial=False)
    if number is None or number.value > 14 or number.value.denominator != 1:
        return None, at
    hours, end, minutes = int(number.value), number.end, 0
    if _low(tokens, end) == "hours":
        end += 1
    tail = number_at(tokens, end, colloquial=False)
    if tail is not None and tail.value in {30, 45, 15}:
        minutes, end = int(tail.value), tail.end
    return timezone(sign * timedelta(hours=hours, minutes=minutes)), end
