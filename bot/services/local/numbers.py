"""Numbers as a person says them: amounts, years, times, dates, telephone numbers."""

from __future__ import annotations

import re
from decimal import Decimal

from num2words import num2words

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
MONTH_ABBREVIATIONS = {name[:3].lower(): name for name in MONTHS} | {"sept": "September"}

_CURRENCIES = {
    "$": ("dollar", "dollars", "cent", "cents"),
    "€": ("euro", "euros", "cent", "cents"),
    "£": ("pound", "pounds", "penny", "pence"),
}
_MAGNITUDES = {
    "k": "thousand",
    "m": "million",
    "mm": "million",
    "mn": "million",
    "b": "billion",
    "bn": "billion",
}
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")

_LONGEST_NUMBER = 15
"""Digits; anything longer is an identifier, and is read digit by digit."""


def cardinal(number: str) -> str:
    """Say a number written with digits, commas and perhaps a decimal point.

    >>> cardinal("15,000")
    'fifteen thousand'
    """
    plain = number.replace(",", "")
    whole, _, fraction = plain.partition(".")
    if len(whole) > _LONGEST_NUMBER:
        return digits(plain)
    words = _words(int(whole or "0"))
    return f"{words} point {' '.join(_DIGITS[int(d)] for d in fraction)}" if fraction else words


def ordinal(number: int) -> str:
    """Say the place of a number: 3 is "third"."""
    return str(num2words(number, to="ordinal"))


def year(number: int) -> str:
    """Say a year: 2026 is "twenty twenty-six"."""
    return str(num2words(number, to="year"))


def digits(text: str) -> str:
    """Say digit by digit, leaving out whatever is no digit.

    >>> digits("0134")
    'zero one three four'
    """
    return " ".join(_DIGITS[int(d)] for d in text if d.isdecimal())


def telephone(text: str) -> str:
    """Say a telephone number in its groups, with a short pause after each.

    >>> telephone("415-555-0134")
    'four one five, five five five, zero one three four'
    """
    groups = re.findall(r"\d+", text)
    if len(groups) == 1:
        groups = _usual_groups(groups[0])
    spoken = ", ".join(digits(group) for group in groups)
    return f"plus {spoken}" if text.lstrip("(").startswith("+") else spoken


def _usual_groups(number: str) -> list[str]:
    if len(number) <= 4:
        return [number]
    if len(number) == 7:
        return [number[:3], number[3:]]
    if len(number) == 10:
        return [number[:3], number[3:6], number[6:]]
    if len(number) == 11 and number[0] == "1":
        return ["1", *_usual_groups(number[1:])]
    return [number[start : start + 3] for start in range(0, len(number), 3)]


def clock_time(hour: int, minute: int, *, part_of_day_follows: bool) -> str:
    """Say a time of day: "three thirty", "three oh five", "three o'clock", "three" (P M)."""
    if minute:
        return f"{_words(hour)} {'oh ' if minute < 10 else ''}{_words(minute)}"
    if part_of_day_follows or not 1 <= hour <= 12:
        return _words(hour) if part_of_day_follows else f"{_words(hour)} hundred"
    return f"{_words(hour)} o'clock"


def money(symbol: str, amount: str, magnitude: str = "") -> str:
    """Say an amount of money.

    >>> money("$", "15", "k")
    'fifteen thousand dollars'
    >>> money("$", "49.99")
    'forty-nine dollars and ninety-nine cents'
    """
    one, many, small_one, small_many = _CURRENCIES[symbol]
    scale = _MAGNITUDES.get(magnitude.lower(), magnitude.lower())
    if scale:
        return f"{cardinal(amount)} {scale} {many}"
    value = Decimal(amount.replace(",", ""))
    whole = int(value)
    cents = int(value * 100) - whole * 100
    spoken = f"{_words(whole)} {one if whole == 1 else many}"
    if cents:
        spoken += f" and {_words(cents)} {small_one if cents == 1 else small_many}"
    return spoken


def scaled(amount: str, magnitude: str) -> str:
    """Say a number with its magnitude: "15k" is "fifteen thousand"."""
    return f"{cardinal(amount)} {_MAGNITUDES[magnitude.lower()]}"


def calendar_date(year_number: int | None, month: int, day: int) -> str:
    """Say a date: "December third, twenty twenty-six".

    Raises:
        ValueError: If there is no such month or day.
    """
    if not (1 <= month <= 12 and 1 <= day <= 31):
        raise ValueError(f"no such date: month {month}, day {day}")
    spoken = f"{MONTHS[month - 1]} {ordinal(day)}"
    return spoken if year_number is None else f"{spoken}, {year(year_number)}"


def _words(number: int) -> str:
    return str(num2words(number)).replace(",", "")
