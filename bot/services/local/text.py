"""Text as it is written to text as it is spoken, word by word.

The voice's pronouncing dictionary reads words; "3:30", "jane.doe@acme.com" or "$15k" it would
mispronounce. Every written word keeps its spoken form beside it, so that timing measured on what
was spoken can be reported for what was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from bot.services.local import addresses, numbers
from bot.services.local.spelling import LETTER_NAMES, character, letters, spaced
from bot.services.local.telephone import telephone_groups, telephone_number

_SPOKEN_AS_WORDS = frozenset(
    {"NASA", "SAAS", "PAAS", "IAAS", "ASAP", "NATO", "GAAP", "GIF", "PIN", "SIM", "RAM", "LAN"}
)
_ABBREVIATIONS = {
    "mr": "mister",
    "mrs": "missus",
    "ms": "miz",
    "dr": "doctor",
    "inc": "incorporated",
    "corp": "corporation",
    "ltd": "limited",
    "co": "company",
    "vs": "versus",
    "etc": "et cetera",
    "approx": "approximately",
    "e.g": "for example",
    "i.e": "that is",
    "a.m": "ay M",
    "p.m": "P M",
    "no": "number",
}
_NEVER_ENDS_A_SENTENCE = frozenset({"mr", "mrs", "ms", "dr", "vs", "approx", "e.g", "i.e", "no"})
_NEEDS_ITS_PERIOD = frozenset({"inc", "corp", "co", "no", "ms"})
_SYMBOLS = {"&": "and", "@": "at", "+": "plus", "%": "percent", "=": "equals", "#": "number"}
_MAGNITUDE_WORDS = frozenset({"thousand", "million", "billion", "trillion"})
_PART_OF_DAY = re.compile(r"^[ap]\.?m\.?$", re.IGNORECASE)

_EDGES = re.compile(r"^([\"'“”‘’(\[{*_<]*)(.*?)([\"'“”‘’)\]}*_>.,;:!?…]*)$", re.DOTALL)
_TIME = re.compile(r"^(\d{1,2}):(\d{2})\s*([ap]\.?m\.?)?$", re.IGNORECASE)
_HOUR = re.compile(r"^(\d{1,2})([ap]\.?m\.?)$", re.IGNORECASE)
_ISO_DATE = re.compile(r"^(\d{4})-(\d{2})-(\d{2})$")
_US_DATE = re.compile(r"^(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?$")
_AMOUNT = r"\d[\d,]*(?:\.\d+)?"
_MONEY = re.compile(rf"^([$€£])({_AMOUNT})(k|m|mm|mn|b|bn)?(\+)?$", re.IGNORECASE)
_MONEY_RANGE = re.compile(
    rf"^([$€£])({_AMOUNT})(k|m|b)?[-–](?:[$€£])?({_AMOUNT})(k|m|b)?$", re.IGNORECASE
)
_PERCENT = re.compile(rf"^({_AMOUNT})%$")
_ORDINAL = re.compile(r"^(\d{1,6})(?:st|nd|rd|th)$", re.IGNORECASE)
_SCALED = re.compile(rf"^({_AMOUNT})(k|m|mm|bn)(\+)?$", re.IGNORECASE)
_NUMBER = re.compile(rf"^([-−]?)({_AMOUNT})(\+?)$")
_RANGE = re.compile(r"^(\d{1,4})[-–](\d{1,4})$")
_SPELLED = re.compile(r"^[A-Za-z0-9](?:[-.][A-Za-z0-9]){1,}$")
_ACRONYM = re.compile(r"^([A-Z]{2,5})('?s)?$")
_MIXED = re.compile(r"^(?=.*[A-Za-z])(?=.*\d)[A-Za-z0-9-]+$")


@dataclass(frozen=True)
class SpokenWord:
    """A word of the text, and how it is said.

    Attributes:
        written: The word as it stands in the text, with its punctuation.
        spoken: Words that the pronouncing dictionary can read; commas are short pauses.
    """

    written: str
    spoken: str


def spoken_words(text: str) -> list[SpokenWord]:
    """Split text into words and say for each how it is spoken.

    Joined with blanks, the written words give the text back, but for the kind of white space.
    A token without anything to say (a lone dash, an emoji) belongs to the word before it.
    """
    written = _join_unspoken(text.split())
    shouted = _is_shouted(written)
    groups = telephone_groups(written)
    words = []
    for index, word in enumerate(written):
        if index in groups:
            words.append(SpokenWord(word, _telephone_group(word, last=index + 1 not in groups)))
            continue
        before = written[index - 1] if index else ""
        after = written[index + 1] if index + 1 < len(written) else ""
        spoken = _speak(word, before, after, shouted=shouted)
        if spoken[-1:].isalnum() and after.startswith(("(", "[")):
            spoken += ","  # a bracket is a short pause
        words.append(SpokenWord(word, spoken))
    return words


def spoken_text(text: str) -> str:
    """Return the text as it is spoken."""
    return " ".join(word.spoken for word in spoken_words(text) if word.spoken)


def _join_unspoken(tokens: list[str]) -> list[str]:
    joined: list[str] = []
    for token in tokens:
        if joined and not any(c.isalnum() or c in _SYMBOLS for c in token):
            joined[-1] += f" {token}"
        else:
            joined.append(token)
    return joined


def _is_shouted(words: list[str]) -> bool:
    """A text in capitals is no row of acronyms."""
    long_words = [w for w in words if len(_core(w)) > 1 and _core(w).isalpha()]
    return len(long_words) > 2 and all(w.isupper() for w in long_words)


def _core(word: str) -> str:
    match = _EDGES.match(word)
    return match.group(2) if match else word


def _pause(tail: str) -> str:
    """The one pause that the punctuation behind a word amounts to."""
    for mark in "?!":
        if mark in tail:
            return mark
    if "…" in tail or ".." in tail:
        return "…"
    if "." in tail:
        return "."
    if re.search(r"[,;:]|\s[-–—]", tail) or "—" in tail:
        return ","
    return ""


def _speak(word: str, before: str, after: str, *, shouted: bool) -> str:
    head, dash, rest = word.partition(" ")  # punctuation that was joined to the word
    match = _EDGES.match(head)
    if match is None:
        return ""
    _, core, closing = match.groups()
    if core not in _SYMBOLS and not any(c.isalnum() for c in core):
        return ""
    pause = _pause(closing + dash + rest)
    period = closing.startswith(".")
    spoken = _say(core, before, after, period=period, shouted=shouted)
    if period and pause == "." and _goes_on(core, after):
        pause = ""
    if ")" in closing and not pause:
        pause = ","
    return spoken.rstrip(",") + pause if pause else spoken


def _goes_on(core: str, after: str) -> bool:
    """Whether the period behind a word is an abbreviation's and no end of a sentence."""
    if not after:
        return False
    if core.lower() in _NEVER_ENDS_A_SENTENCE or _month(core, "", after) is not None:
        return True
    short = _abbreviation(core, period=True) is not None or _SPELLED.match(core) is not None
    return short and not after[:1].isupper()


def _say(core: str, before: str, after: str, *, period: bool, shouted: bool) -> str:
    if core in _SYMBOLS:
        return _SYMBOLS[core]
    for rule in _RULES:
        spoken = rule(core, before, after)
        if spoken is not None:
            return spoken
    expanded = _abbreviation(core, period=period)
    if expanded is not None:
        return expanded
    if not shouted and (acronym := _acronym(core)) is not None:
        return acronym
    return _plain(core)


def _abbreviation(core: str, *, period: bool) -> str | None:
    key = core.lower().rstrip(".")
    if key in _NEEDS_ITS_PERIOD and not period:
        return None
    return _ABBREVIATIONS.get(key)


# Spelling ---------------------------------------------------------------------------------------


def _is_character(word: str) -> bool:
    return len(_core(word)) == 1 and _core(word).isalnum()


def _single_letter(core: str, before: str, after: str) -> str | None:
    if len(core) != 1 or not core.isalpha() or not core.isascii():
        return None
    in_a_row = (_is_character(before) and not before.endswith((".", "!", "?"))) or (
        _is_character(after) and _core(after) not in "aI"
    )
    as_in = after.lower() in ("as", "for", "like") and core.isupper() and core != "I"
    # "plan A" is a letter, "A plan" is not.
    named = core == "A" and before and not before.endswith((".", "!", "?", ":"))
    if core in ("a", "A", "I") and not (in_a_row or as_in or named):
        return core
    if core.isupper() or in_a_row:
        # A pause, or "O as in Oscar" is heard as "always in Oscar".
        return character(core) + ("," if as_in or (in_a_row and _is_character(after)) else "")
    return None


def _spelled(core: str, _before: str, _after: str) -> str | None:
    if _SPELLED.match(core) and any(c.isalpha() for c in core):
        return spaced(core) if "." in core else letters(core)
    return None


def _acronym(core: str) -> str | None:
    match = _ACRONYM.match(core)
    if match is None:
        return None
    capitals, plural = match.groups()
    if capitals == "OK":
        return "okay"
    if capitals in _SPOKEN_AS_WORDS:
        return capitals.lower() if capitals not in ("SAAS",) else "sass"
    spoken = " ".join(character(c) for c in capitals)
    if not plural:
        return spoken
    return f"{spoken}s" if capitals[-1] in LETTER_NAMES else f"{spoken}'s"


def _mixed(core: str, _before: str, _after: str) -> str | None:
    """B2B, Q3, 4G, AB-1234: letters by name, digits as a short number."""
    if not _MIXED.match(core):
        return None
    parts = re.findall(r"\d+|[A-Z]+(?![a-z])|[A-Za-z][a-z]*", core)
    return " ".join(_mixed_part(part) for part in parts)


def _mixed_part(part: str) -> str:
    if part.isdecimal():
        return numbers.cardinal(part) if len(part) <= 2 else numbers.digits(part)
    if part.isupper() and len(part) <= 4:
        return " ".join(character(c) for c in part)
    return part


# Numbers ----------------------------------------------------------------------------------------


def _part_of_day(text: str) -> str:
    return "ay M" if text.lower().startswith("a") else "P M"


def _time(core: str, _before: str, after: str) -> str | None:
    match = _TIME.match(core)
    if match is None:
        match_hour = _HOUR.match(core)
        if match_hour is None:
            return None
        return f"{numbers.cardinal(match_hour.group(1))} {_part_of_day(match_hour.group(2))}"
    hour, minute, part = int(match.group(1)), int(match.group(2)), match.group(3)
    if hour > 24 or minute > 59:
        return None
    follows = part is not None or bool(_PART_OF_DAY.match(_core(after)))
    spoken = numbers.clock_time(hour, minute, part_of_day_follows=follows)
    return f"{spoken} {_part_of_day(part)}" if part else spoken


def _part_of_day_alone(core: str, before: str, _after: str) -> str | None:
    if _PART_OF_DAY.match(core) and (before[-1:].isdecimal() or "." in core or core.isupper()):
        return _part_of_day(core)
    return None


def _date(core: str, _before: str, _after: str) -> str | None:
    if match := _ISO_DATE.match(core):
        year, month, day = (int(part) for part in match.groups())
    elif (match := _US_DATE.match(core)) and (match.group(3) or int(match.group(1)) > 2):
        month, day = int(match.group(1)), int(match.group(2))
        year_text = match.group(3)
        year = (int(year_text) + (2000 if len(year_text) == 2 else 0)) if year_text else 0
    else:
        return None
    try:
        return numbers.calendar_date(year or None, month, day)
    except ValueError:
        return None


def _month(core: str, _before: str, after: str) -> str | None:
    full = numbers.MONTH_ABBREVIATIONS.get(core.lower().rstrip("."))
    if full is None or not core[0].isupper() or core.lower() == "may":
        return None
    return full if after[:1].isdecimal() else None


def _telephone_group(word: str, *, last: bool) -> str:
    plus = "plus " if word.startswith("+") else ""
    match = _EDGES.match(word)
    pause = (_pause(match.group(3)) if match else "") if last else ","
    return f"{plus}{numbers.telephone(word.lstrip('+'))}{pause}"


def _is_month(word: str) -> bool:
    core = _core(word).rstrip(".")
    return core in numbers.MONTHS or (
        core[:1].isupper() and core.lower() in numbers.MONTH_ABBREVIATIONS
    )


def _money(core: str, _before: str, after: str) -> str | None:
    if match := _MONEY_RANGE.match(core):
        symbol, low, low_scale, high, high_scale = match.groups()
        start = numbers.scaled(low, low_scale) if low_scale else numbers.cardinal(low)
        return f"{start} to {numbers.money(symbol, high, high_scale or '')}"
    match = _MONEY.match(core)
    if match is None:
        return None
    symbol, amount, scale, more = match.groups()
    if not scale and _core(after).lower() in _MAGNITUDE_WORDS:
        return numbers.cardinal(amount)
    spoken = numbers.money(symbol, amount, scale or "")
    return f"{spoken} plus" if more else spoken


def _magnitude_of_money(core: str, before: str, _after: str) -> str | None:
    """The "million" of "$1.5 million" carries the "dollars"."""
    if core.lower() not in _MAGNITUDE_WORDS or before[:1] not in "$€£" or not before:
        return None
    return f"{core.lower()} {numbers.money(before[0], '2').split()[-1]}"


def _number(core: str, before: str, _after: str) -> str | None:
    if match := _ORDINAL.match(core):
        return numbers.ordinal(int(match.group(1)))
    if match := _PERCENT.match(core):
        return f"{numbers.cardinal(match.group(1))} percent"
    if match := _SCALED.match(core):
        spoken = numbers.scaled(match.group(1), match.group(2))
        return f"{spoken} plus" if match.group(3) else spoken
    if core == "24/7":
        return "twenty-four seven"
    if match := _RANGE.match(core):
        return f"{numbers.cardinal(match.group(1))} to {numbers.cardinal(match.group(2))}"
    if core.startswith("#") and core[1:].isdecimal():
        return f"number {numbers.cardinal(core[1:])}"
    match = _NUMBER.match(core)
    return _plain_number(*match.groups(), before=before) if match else None


def _plain_number(sign: str, amount: str, plus: str, *, before: str) -> str:
    if amount.isdecimal() and len(amount) > 1 and amount[0] == "0":
        return numbers.digits(amount)
    if amount.isdecimal() and len(amount) <= 2 and _is_month(before):
        return numbers.ordinal(int(amount))
    if amount.isdecimal() and len(amount) == 4 and 1900 <= int(amount) <= 2099:
        return numbers.year(int(amount))
    spoken = numbers.cardinal(amount)
    return f"{'minus ' if sign else ''}{spoken}{' plus' if plus else ''}"


# Everything else --------------------------------------------------------------------------------


def _plain(core: str) -> str:
    text = core.replace("’", "'").replace("—", ", ").replace("–", " ")
    if "/" in text:
        text = " ".join(part for part in text.split("/") if part)
    for symbol, name in _SYMBOLS.items():
        text = text.replace(symbol, f" {name} ")
    text = re.sub(r"\d+", lambda digits: f" {_mixed_part(digits.group())} ", text)
    return " ".join(re.sub(r"[^\w\s',.-]", " ", text).replace("_", " ").split())


_RULES: tuple[Callable[[str, str, str], str | None], ...] = (
    addresses.email,
    _time,
    _part_of_day_alone,
    _date,
    _money,
    _magnitude_of_money,
    telephone_number,
    _month,
    _number,
    _single_letter,
    _spelled,
    addresses.url,
    _mixed,
)
