"""Calendar arithmetic: ends of months and quarters, holidays, the next coming day."""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, timedelta


def month_end(year: int, month: int) -> date:
    return date(year, month, calendar.monthrange(year, month)[1])


def add_months(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    month += 1
    if not 1 <= year <= 9998:
        return day
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def quarter_end(year: int, quarter: int) -> date:
    return month_end(year, quarter * 3)


def next_weekday(today: date, weekday: int) -> date:
    """The next such day after today."""
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def easter(year: int) -> date:
    """Easter Sunday by the anonymous Gregorian computus."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def thanksgiving(year: int) -> date:
    """The fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 21)


def labor_day(year: int) -> date:
    first = date(year, 9, 1)
    return first + timedelta(days=(0 - first.weekday()) % 7)


def memorial_day(year: int) -> date:
    last = date(year, 5, 31)
    return last - timedelta(days=last.weekday())


def holiday(name: str, year: int) -> date | None:
    fixed = {
        "christmas": (12, 25), "xmas": (12, 25), "christmas eve": (12, 24),
        "new year's eve": (12, 31), "new years eve": (12, 31), "new year": (1, 1),
        "new year's": (1, 1), "new years": (1, 1), "new year's day": (1, 1),
        "valentine's day": (2, 14), "valentine's": (2, 14), "halloween": (10, 31),
        "fourth of july": (7, 4), "july fourth": (7, 4), "independence day": (7, 4),
        "the holidays": (12, 24), "boxing day": (12, 26), "saint patrick's day": (3, 17),
        "the holiday season": (12, 24), "the holiday": (12, 24), "christmas day": (12, 25),
        "st patrick's day": (3, 17), "veterans day": (11, 11), "juneteenth": (6, 19),
        "tax day": (4, 15), "christmas time": (12, 25), "holidays": (12, 24),
        "the christmas holidays": (12, 24), "christmas break": (12, 24),
    }  # fmt: skip
    if name in fixed:
        month, day = fixed[name]
        return date(year, month, day)
    moving: dict[str, Callable[[int], date]] = {
        "easter": easter, "thanksgiving": thanksgiving, "labor day": labor_day,
        "memorial day": memorial_day, "labour day": labor_day,
        "black friday": lambda y: thanksgiving(y) + timedelta(days=1),
        "good friday": lambda y: easter(y) - timedelta(days=2),
        "cyber monday": lambda y: thanksgiving(y) + timedelta(days=4),
        "easter sunday": easter, "thanksgiving day": thanksgiving,
        "easter monday": lambda y: easter(y) + timedelta(days=1),
    }  # fmt: skip
    return moving[name](year) if name in moving else None


HOLIDAYS = (
    "christmas", "xmas", "christmas eve", "new year's eve", "new years eve", "new year",
    "new year's", "new years", "new year's day", "valentine's day", "valentine's", "halloween",
    "fourth of july", "july fourth", "independence day", "the holidays", "boxing day",
    "saint patrick's day", "the holiday season", "christmas day", "st patrick's day",
    "veterans day", "juneteenth", "tax day", "easter", "thanksgiving", "labor day",
    "memorial day", "labour day", "black friday", "good friday", "cyber monday",
    "easter sunday", "thanksgiving day", "easter monday", "christmas time", "holidays",
    "the christmas holidays", "christmas break",
)  # fmt: skip
