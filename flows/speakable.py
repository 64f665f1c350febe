"""Values as a voice says them, and so that the same capture code reads them back.

The rule that confirms a value stands on one promise: the text of ``say`` run through
``capture.read`` gives exactly that value again, alone and inside a read-back sentence, in every
style. Where the short form would not (a local part that is the word "dot"), a longer one is said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache

from flows.capture import Kind, Surroundings, Utterance, read
from flows.capture.caller_zone import spoken_zone
from flows.capture.english.domains import PROVIDERS, TLDS
from flows.capture.english.letters import PHONETIC
from flows.capture.english.speakable import (
    CURRENCIES,
    DIGIT_NAMES,
    MONTH_NAMES,
    ONSETS,
    PERIOD_NAMES,
    SEPARATORS,
    WEEKDAY_NAMES,
)
from flows.capture.pieces import Part, pieces
from flows.capture.tokens import fold, tokenize

LONGEST_GROUP = 5
"""Digits that one can take in at once."""


class Style(StrEnum):
    """How plainly a value is said; each is longer and harder to mishear than the one before."""

    PLAIN = "plain"
    SPELLED = "spelled"
    PHONETIC = "phonetic"


def say(
    kind: Kind,
    value: object,
    style: Style = Style.PLAIN,
    *,
    now: datetime | None = None,
    region: str = "US",
) -> str:
    """The words for a value of COMMANDS' shape.

    With ``now`` (aware) a date leaves out the year, and a meeting the zone, where they are clear
    from the clock of the call. ``region`` is the country whose numbers need no country code.
    """
    if kind in {Kind.BOOLEAN, Kind.CONSENT}:
        return "yes" if value else "no"
    if kind is Kind.EMAIL:
        return _email(str(value), style)
    if kind in {Kind.NAME, Kind.COMPANY}:
        return _name(kind, str(value), style)
    if kind is Kind.PHONE:
        return _phone(str(value), style, region)
    if kind is Kind.MONEY and isinstance(value, Mapping):
        return _money(json.dumps(dict(value)), style)
    if kind is Kind.COUNT:
        return _count(value, style)
    if kind is Kind.DATE:
        return _date(date.fromisoformat(str(value)), style, now)
    if kind is Kind.DATETIME:
        return _meeting(datetime.fromisoformat(str(value)), now)
    return str(value)


def letter(char: str) -> str:
    """ "N as in November"; a digit or a sign by its name."""
    if char.isdigit():
        return char
    if fold(char) in PHONETIC:
        return f"{char.upper()} as in {PHONETIC[fold(char)]}"
    return SEPARATORS.get(char, char)


def spell(word: str) -> str:
    """ "N I N A"."""
    return " ".join(word.upper())


_SENTENCES = ("{}", "Let me read that back: {}. Is that right?", "I have {}. Is that correct?")


def _reads_back(kind: Kind, value: object, text: str) -> bool:
    """Whether capture gives the value again, in the sentences in which it is said."""
    around = Surroundings(now=datetime.now(UTC), asked=kind)
    for sentence in _SENTENCES:
        found = read(kind, Utterance.of(sentence.format(text)), around)
        if not found or found[0].value != value:
            return False
    return True


@lru_cache(maxsize=512)
def _email(value: str, style: Style) -> str:
    local, _, domain = value.partition("@")
    for attempt in list(Style)[list(Style).index(style) :]:
        text = f"{_address_part(local, attempt)} at {_domain(domain, attempt)}"
        if _reads_back(Kind.EMAIL, value, text):
            return text
    return f"{_address_part(local, Style.PHONETIC)} at {_domain(domain, Style.PHONETIC)}"


def _address_part(text: str, style: Style) -> str:
    said: list[str] = []
    for chunk in re.findall(r"[a-z]+|\d+|.", text):
        if chunk.isdigit():
            said.append(" ".join(chunk))
        elif chunk in SEPARATORS:
            said.append(SEPARATORS[chunk])
        elif style is Style.PHONETIC:
            said.append(", ".join(letter(c) for c in chunk))
        elif style is Style.PLAIN and _is_word(chunk):
            said.append(chunk)
        else:
            said.append(spell(chunk))
    return (", " if style is Style.PHONETIC else " ").join(said)


def _domain(text: str, style: Style) -> str:
    if text in PROVIDERS.values():
        return " dot ".join(spell(w) if len(w) == 2 else w for w in text.split("."))
    labels = text.split(".")
    said = [_address_part(label, style) for label in labels[:-1]]
    ending = labels[-1]
    whole = len(ending) > 2 and ending in TLDS and _is_word(ending)
    said.append(ending if whole else spell(ending))
    return (", dot " if style is Style.PHONETIC else " dot ").join(said)


@lru_cache(maxsize=2048)
def _is_word(chunk: str) -> bool:
    """Whether letters can be said as a word, and would be read as that word and nothing else."""
    if len(chunk) < 3 or len(chunk) > 16:
        return False
    if not re.search(r"[aeiouy]", chunk) and chunk not in TLDS:
        return False
    if re.search(r"[^aeiouy]{5}|[aeiou]{4}|(.)\1\1", chunk):
        return False
    if re.match(r"[^aeiouy]{2}", chunk) and chunk[:2] not in ONSETS:
        return False  # "jdoe" is no word: nobody can say it.
    found = pieces(tokenize(chunk).tokens)
    return len(found) == 1 and found[0].part is Part.WORD and found[0].text == chunk


@lru_cache(maxsize=512)
def _name(kind: Kind, value: str, style: Style) -> str:
    if style is Style.PLAIN and _reads_back(kind, value, value):
        return value
    letters = ["".join(c for c in word if c.isalnum()) for word in value.split()]
    letters = [word for word in letters if word]
    spelled = ", ".join(spell(word) for word in letters)
    by_word = ". ".join(", ".join(letter(c) for c in word) for word in letters)
    attempts = [f"{value}, {spelled}", spelled, f"{value}, {by_word}", by_word, value]
    if style is Style.PHONETIC:
        attempts = [attempts[2], attempts[3], *attempts]
    return next((text for text in attempts if _reads_back(kind, value, text)), value)


@lru_cache(maxsize=512)
def _phone(value: str, style: Style, region: str) -> str:
    import phonenumbers

    number_text, _, extension = value.partition(";ext=")
    try:
        number = phonenumbers.parse(number_text)
    except phonenumbers.NumberParseException:
        return _digits(number_text, style)
    home = phonenumbers.country_code_for_region(region.upper()) or 1
    form = phonenumbers.PhoneNumberFormat
    if number.country_code == home:
        said = _groups(phonenumbers.format_number(number, form.NATIONAL), style)
    else:
        written = phonenumbers.format_number(number, form.INTERNATIONAL)
        said = "plus " + _groups(written, style)
    if extension:
        said += f", extension {_digits(extension, style)}"
    return said


def _groups(written: str, style: Style) -> str:
    groups = [part for group in re.findall(r"\d+", written) for part in _sayable(group)]
    return ", ".join(_digits(group, style) for group in groups)


def _sayable(group: str) -> list[str]:
    """A long row of digits in two or more breaths; the country's own groups otherwise."""
    if len(group) <= LONGEST_GROUP:
        return [group]
    parts = -(-len(group) // 4)
    size = -(-len(group) // parts)
    return [group[i : i + size] for i in range(0, len(group), size)]


def _digits(digits: str, style: Style) -> str:
    if style is Style.PLAIN:
        return " ".join(c for c in digits if c.isdigit())
    return " ".join(DIGIT_NAMES[int(c)] for c in digits if c.isdigit())


@lru_cache(maxsize=512)
def _money(written: str, style: Style) -> str:
    value: dict[str, int | float | str | None] = json.loads(written)
    low, high = value.get("min"), value.get("max")
    currency = str(value.get("currency") or "USD")
    period = PERIOD_NAMES.get(str(value.get("period") or ""), "")
    unit = CURRENCIES.get(currency, currency)
    bounds = [b for b in (low, high) if isinstance(b, int | float)]
    figures = any(isinstance(b, float) for b in bounds) or (
        len(set(bounds)) == 2 and min(bounds) < 1000 <= max(bounds)
    )
    said = [_amount(b, style, figures=figures) for b in bounds]
    if low is None and high is not None:
        text = f"up to {said[0]} {unit}"
    elif high is None and low is not None:
        text = f"at least {said[0]} {unit}"
    elif len(said) == 2 and low != high:
        text = f"{said[0]} to {said[1]} {unit}"
    else:
        text = f"{said[0] if said else 'no'} {unit}"
    return f"{text} {period}".strip()


def _amount(amount: int | float, style: Style, *, figures: bool) -> str:
    if isinstance(amount, float) and amount.is_integer():
        amount = int(amount)
    if isinstance(amount, float):
        return f"{amount:,.2f}".rstrip("0").rstrip(".")
    if style is not Style.PLAIN and amount >= 100:
        return " ".join(DIGIT_NAMES[int(c)] for c in str(amount))
    return f"{amount:,}" if figures else words_of(amount)


def warm_up() -> None:
    """Imports what is slow: the first number in words would hold up the call for 40 ms."""
    words_of(40)


def words_of(number: int) -> str:
    """ "one hundred and twenty"."""
    from num2words import num2words

    return str(num2words(number)).replace(",", "")


def _count(value: object, style: Style) -> str:
    if isinstance(value, Mapping):
        low, high = value.get("min"), value.get("max")
        if low is None:
            return f"up to {_people(high, style)}"
        if high is None:
            return f"at least {_people(low, style)}"
        if int(str(low)) * 100 <= int(str(high)):
            return f"{low} to {high} people"  # "one to five hundred" is another range
        return f"{_number(low, style)} to {_people(high, style)}"
    return _people(value, style)


def _people(value: object, style: Style) -> str:
    return f"{_number(value, style)} {'person' if value == 1 else 'people'}"


def _number(value: object, style: Style) -> str:
    count = int(str(value))
    if style is Style.PLAIN or count < 100:
        return words_of(count)
    return " ".join(DIGIT_NAMES[int(c)] for c in str(count))


def _ordinal(day: int) -> str:
    ending = "th" if 10 <= day % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def _date(day: date, style: Style, now: datetime | None) -> str:
    year = "" if now is not None and 0 <= (day - now.date()).days < 300 else f", {day.year}"
    if style is Style.PLAIN:
        return f"{MONTH_NAMES[day.month - 1]} {_ordinal(day.day)}{year}"
    weekday = WEEKDAY_NAMES[day.weekday()]
    return f"{weekday}, {MONTH_NAMES[day.month - 1]} {_ordinal(day.day)}{year}"


def _meeting(moment: datetime, now: datetime | None) -> str:
    day = _date(moment.date(), Style.SPELLED, now)
    clock = f"{(moment.hour + 11) % 12 + 1}"
    if moment.minute:
        clock += f":{moment.minute:02d}"
    text = f"{day} at {clock} {'AM' if moment.hour < 12 else 'PM'}"
    offset = moment.utcoffset()
    if now is None or offset is None or now.tzinfo is None:
        return text
    there = moment.replace(tzinfo=now.tzinfo).utcoffset()
    if there == offset:
        return text
    if (words := spoken_zone(moment)) is not None:
        return f"{text} {words}"
    minutes = int(offset.total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    zone = f"UTC {'minus' if minutes < 0 else 'plus'} {hours}" if minutes else "UTC"
    return f"{text} {zone}{f' {rest}' if rest else ''}"
