"""Letters by their names."""

from __future__ import annotations

from bot.services.local import numbers

LETTER_NAMES = {"A": "ay", "I": "eye"}
"""Letters that the pronouncing dictionary would read as the words "a" and "I"."""


def letters(text: str) -> str:
    """Say letters and digits one by one, with a short pause after each but the last.

    >>> letters("JA9")
    'J, ay, nine'
    """
    return ", ".join(character(c) for c in text if c.isalnum())


def character(sign: str) -> str:
    """Say one letter or digit."""
    if sign.isdecimal():
        return numbers.digits(sign)
    upper = sign.upper()
    return LETTER_NAMES.get(upper, upper)


def spaced(text: str) -> str:
    """Say letters and digits one by one, without pauses."""
    return " ".join(character(c) for c in text if c.isalnum())
