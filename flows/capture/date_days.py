"""Single days: dates, weekdays, holidays, durations from today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from flows.capture.calendar_words import HOLIDAYS, add_months, holiday, next_weekday
from flows.capture.date_base import Day, low_at, ordinal_at, year_after, year_number
from flows.capture.date_stretches import relative_stretch
from flows.capture.english.dates import MONTHS, UNITS, WEEKDAYS
from flows.capture.english.numbers import ORDINALS
from flows.capture.numbers import number_at
from flows.capture.speech import phrase_at, phrases
from flows.capture.tokens import Token

HOLIDAY_PHRASES = phrases(HOLIDAYS)


def _day_number(tokens: Sequence[Token], at: int) -> tuple[int, int] | None:
    ordinal = ordinal_at(tokens, at)
    if ordinal is not None:
        return ordinal if 1 <= ordinal[0] <= 31 else None
    number = number_at(tokens, at, colloquial=False)
    if number is None or number.scaled or number.value.denominator != 1:
        return None
    if not 1 <= number.value <= 31 or number.end - at > 3:
        return None
    return int(number.value), number.end


def month_day(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "March 31st", "the 31st of March", "31 March 2027"."""
    low = low_at(tokens, at)
    month = MONTHS.get(low)
    if month is not None:
        i = at + 1
        while low_at(tokens, i) in {"the", "."} and i - at < 3:
            i += 1
        day = _day_number(tokens, i)
        if day is None or (low == "may" and low_at(tokens, i) == "be"):
            return None
        if low_at(tokens, i) == "twenty" and day[1] == i + 1 and year_number(tokens, i):
            return None  # "June twenty twenty-seven" names a month
        if low_at(tokens, day[1]) in {"people", "thousand", "k", "percent"}:
            return None
        number, i = day
    else:
        i = at + 1 if low == "the" else at
        day = _day_number(tokens, i)
        if day is None:
            return None
        number, i = day
        i = i + 1 if low_at(tokens, i) in {"of", "-", "/"} else i
        month = MONTHS.get(low_at(tokens, i))
        if month is None:
            return None
        i += 1
    year, end = year_after(tokens, i, today)
    if year is None:
        end = i
        year = today.year
        if date(year, month, min(number, 28)) < today - timedelta(days=3):
            year += 1
    day_of = date(year, month, number)
    return Day(day_of, day_of, at, end, "date", 0.88)


def figures(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "2027-03-31", "3/31/2027", "3/31", "31.3.2027"."""
    lows: list[str] = []
    i = at
    while i < len(tokens) and len(lows) < 5 and (i == at or not tokens[i].spaced):
        lows.append(low_at(tokens, i))
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


def duration(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "in six weeks", "within the next two months", "a year from now", "six to eight weeks"."""
    low = low_at(tokens, at)
    i, half = at, False
    lead = low in {"in", "within", "over", "inside"} or low == "next"
    while low_at(tokens, i) in {"in", "within", "the", "next", "about", "around", "maybe",
                              "roughly", "less", "than", "at", "most", "like", "say", "probably",
                              "over", "coming", "inside", "another", "under", "of"}:  # fmt: skip
        lead = lead or low_at(tokens, i) in {"within", "in", "next", "coming", "another"}
        i += 1
    if i - at > 5:
        return None
    count: float | None = None
    word = low_at(tokens, i)
    if word in {"a", "an", "one"} and UNITS.get(low_at(tokens, i + 1)):
        count, i = 1, i + 1
    elif word == "half" and low_at(tokens, i + 1) in {"a", "year"}:
        count, i, half = 0.5, i + (2 if low_at(tokens, i + 1) == "a" else 1), True
    elif word == "a" and low_at(tokens, i + 1) in {"few", "couple"}:
        count = 3 if low_at(tokens, i + 1) == "few" else 2
        i = i + 3 if low_at(tokens, i + 2) == "of" else i + 2
    elif word in {"few", "several", "couple"} and lead:
        count = 2 if word == "couple" else 3
        i = i + 2 if low_at(tokens, i + 1) == "of" else i + 1
    else:
        number = number_at(tokens, i, colloquial=False)
        if number is None or number.value > 1000:
            return None
        count, i = float(number.value), number.end
        if low_at(tokens, i) in {"to", "or", "-", "–"}:
            upper = number_at(tokens, i + 1, colloquial=False)
            if upper is not None and upper.value <= 1000:
                count, i = float(upper.value), upper.end
        if low_at(tokens, i) in {"-", "more", "business", "working", "calendar", "full", "or"}:
            i += 1
    unit = UNITS.get(low_at(tokens, i))
    if unit is None or count is None:
        return None
    i += 1
    if (
        low_at(tokens, i) == "and"
        and low_at(tokens, i + 1) == "a"
        and low_at(tokens, i + 2) == "half"
    ):
        count, i = count + 0.5, i + 3
    ahead = [low_at(tokens, k) for k in range(i, i + 3)]
    since = _day_behind(tokens, i, today)
    if since is not None:
        last = _shift(since.last, count, unit)
        return Day(last, last, at, since.end, "date", 0.8)
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


def _day_behind(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """The day of "two weeks from Friday", "a month after Christmas"."""
    if low_at(tokens, at) not in {"from", "after", "following"}:
        return None
    for reader in (weekday_at, month_day, holiday_day):
        day = reader(tokens, at + 1, today)
        if day is not None:
            return day
    return None


def week_of(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "The week of December 7th", "the week commencing the 7th": its Friday."""
    i = at + 1 if low_at(tokens, at) == "the" else at
    if low_at(tokens, i) != "week" or low_at(tokens, i + 1) not in {
        "of", "commencing", "beginning", "starting", "from",
    }:  # fmt: skip
        return None
    day = month_day(tokens, i + 2, today) or of_month(tokens, i + 2, today)
    if day is None:
        return None
    monday = day.last - timedelta(days=day.last.weekday())
    friday = monday + timedelta(days=4)
    return Day(friday, monday, at, day.end, "week", 0.8)


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


def holiday_day(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    length = phrase_at(tokens, at, HOLIDAY_PHRASES)
    if not length:
        return None
    name = " ".join(low_at(tokens, k) for k in range(at, at + length))
    if name in {"new year", "new years"} and low_at(tokens, at - 1) in {"this", "a"}:
        return None
    year, end = year_after(tokens, at + length, today)
    if year is None:
        end, year = at + length, today.year
        day = holiday(name, year)
        if day is not None and day < today:
            year += 1
    day = holiday(name, year)
    return Day(day, day, at, end, "holiday", 0.8) if day else None


def weekday_at(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    low, i, which = low_at(tokens, at), at, ""
    if low in {"next", "this", "coming", "on", "the"} and low_at(tokens, at + 1) in WEEKDAYS:
        which, i = low, at + 1
    elif (
        low == "this" and low_at(tokens, at + 1) == "coming" and low_at(tokens, at + 2) in WEEKDAYS
    ):
        which, i = "this", at + 2
    weekday = WEEKDAYS.get(low_at(tokens, i))
    if weekday is None or (
        len(low_at(tokens, i)) == 3 and tokens[i].text.islower() and which == ""
    ):
        return None
    coming = next_weekday(today, weekday)
    in_next_week = today - timedelta(days=today.weekday()) + timedelta(days=7 + weekday)
    ahead = [low_at(tokens, k) for k in range(i + 1, i + 4)]
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
    exact = month_day(tokens, j, today) or of_month(tokens, j, today)
    if exact is not None:
        return Day(exact.last, exact.first, at, exact.end, "date", 0.92)
    if which == "next":
        return Day(in_next_week, in_next_week, at, i + 1, "weekday", 0.75, coming)
    return Day(coming, coming, at, i + 1, "weekday", 0.85)


def near(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "today", "tomorrow", "the day after tomorrow", "tonight"."""
    for words, days in (
        (("the", "day", "after", "tomorrow"), 2), (("day", "after", "tomorrow"), 2),
        (("a", "week", "from", "tomorrow"), 8), (("tomorrow",), 1), (("today",), 0),
        (("tonight",), 0), (("this", "afternoon"), 0), (("this", "morning"), 0),
        (("this", "evening"), 0), (("end", "of", "day"), 0), (("end", "of", "the", "day"), 0),
        (("overmorrow",), 2),
    ):  # fmt: skip
        if tuple(low_at(tokens, at + k) for k in range(len(words))) == words:
            day = today + timedelta(days=days)
            return Day(day, day, at, at + len(words), "day", 0.85)
    if tuple(low_at(tokens, at + k) for k in range(3)) == ("a", "week", "from"):
        weekday_said = WEEKDAYS.get(low_at(tokens, at + 3))
        if weekday_said is not None:
            day = next_weekday(today, weekday_said) + timedelta(days=7)
            return Day(day, day, at, at + 4, "weekday", 0.8)
    for words, weekday in ((("this", "weekend"), 6), (("the", "weekend"), 6)):
        if tuple(low_at(tokens, at + k) for k in range(len(words))) == words:
            day = today if today.weekday() == weekday else next_weekday(today, weekday)
            return Day(day, day, at, at + len(words), "day", 0.6)
    return None


def of_month(tokens: Sequence[Token], at: int, today: date) -> Day | None:
    """ "the fifteenth": the next one; "the fifteenth of next month"."""
    i = at + 1 if low_at(tokens, at) == "the" else at
    ordinal = ordinal_at(tokens, i)
    if ordinal is None or not 1 <= ordinal[0] <= 31:
        return None
    number, end = ordinal
    if low_at(tokens, end) in {"quarter", "half", "week", "thing", "time", "one", "floor", "year",
                             "option", "month", "party", "person", "day", "choice", "name",
                             "digit", "letter", "team", "of", "quarters", "step"}:  # fmt: skip
        if low_at(tokens, end) != "of":
            return None
        month = relative_stretch(tokens, end + 1, today) or (
            relative_stretch(tokens, end + 2, today)
        )
        if month is None or month.rule == "week" or (month.last - month.first).days > 31:
            return None
        day = month.first.replace(day=number)
        return Day(day, day, at, month.end, "date", 0.85)
    if i == at and number < 4 and low_at(tokens, at) in ORDINALS:
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
