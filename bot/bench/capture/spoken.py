"""How a caller says a value: the words before it, the value's own words, the words behind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import Any

from num2words import num2words

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
NATO = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        [
            "alpha",
            "bravo",
            "charlie",
            "delta",
            "echo",
            "foxtrot",
            "golf",
            "hotel",
            "india",
            "juliet",
            "kilo",
            "lima",
            "mike",
            "november",
            "oscar",
            "papa",
            "quebec",
            "romeo",
            "sierra",
            "tango",
            "uniform",
            "victor",
            "whiskey",
            "xray",
            "yankee",
            "zulu",
        ],
        strict=True,
    )
)
PLAIN_WORDS = dict(
    zip(
        "abcdefghijklmnopqrstuvwxyz",
        [
            "apple",
            "boy",
            "cat",
            "dog",
            "elephant",
            "frank",
            "george",
            "henry",
            "igloo",
            "john",
            "king",
            "larry",
            "mary",
            "nancy",
            "orange",
            "peter",
            "queen",
            "robert",
            "sam",
            "tom",
            "umbrella",
            "victor",
            "william",
            "xray",
            "yellow",
            "zebra",
        ],
        strict=True,
    )
)
SIGNS = {".": ("dot",), "_": ("underscore",), "-": ("dash", "hyphen"), "+": ("plus",)}


@dataclass(frozen=True)
class Said:
    """One clause of a caller turn. Noise changes `value` only; an empty one carries nothing."""

    value: str
    before: str = ""
    after: str = ""
    field: str | None = None
    form: str = "plain"

    @property
    def text(self) -> str:
        return " ".join(part for part in (self.before, self.value, self.after) if part)


def letters(text: str, style: str, rng: Random) -> str:
    """Character by character: "plain" letters, "nato", or "boy" ("b as in boy")."""
    said = []
    for char in text.lower():
        if char in SIGNS:
            said.append(rng.choice(SIGNS[char]))
        elif char.isdigit():
            said.append(DIGITS[int(char)])
        elif char == " ":
            said.append(",")
        elif char not in NATO:
            said.append(char)
        elif style == "nato":
            said.append(NATO[char])
        elif style == "boy":
            said.append(f"{char} as in {PLAIN_WORDS[char]}")
        else:
            said.append(char)
    return " ".join(said).replace(" ,", ",")


def email(value: str, form: str, rng: Random) -> str:
    """`form`: plain, spelled, words, local, local_words, domain, typed."""
    local, _, domain = value.partition("@")
    if form == "typed":
        return value
    if form == "local":
        return _part(local, rng)
    if form == "local_spelled":
        return letters(local, "plain", rng)
    if form == "local_words":
        return letters(local, rng.choice(("nato", "boy")), rng)
    if form == "domain":
        return _domain(domain)
    if form == "spelled":
        return f"{letters(local, 'plain', rng)} at {_domain(domain)}"
    if form == "words":
        return f"{letters(local, rng.choice(('nato', 'boy')), rng)} at {_domain(domain)}"
    return f"{_part(local, rng)} at {_domain(domain)}"


def _part(local: str, rng: Random) -> str:
    pieces = re.findall(r"[a-z]+|\d+|[._+-]", local)
    said = []
    for index, piece in enumerate(pieces):
        if piece in SIGNS:
            said.append(rng.choice(SIGNS[piece]))
        elif piece.isdigit():
            said.append(_number(piece, rng))
        elif index == 0 and len(pieces) == 1 and len(piece) > 4 and rng.random() < 0.5:
            said.append(_initial(piece))
        else:
            said.append(piece)
    return " ".join(said)


def _initial(word: str) -> str:
    """ "jdoe": said "j doe" where the rest is a name."""
    from bot.bench.capture.personas import LAST

    return f"{word[0]} {word[1:]}" if word[1:].capitalize() in LAST else word


def _number(digits: str, rng: Random) -> str:
    if len(digits) == 2 and digits[0] != "0" and rng.random() < 0.6:
        return str(num2words(int(digits))).replace("-", " ")
    if len(digits) == 4 and digits[:2] == "19" and rng.random() < 0.6:
        return f"nineteen {num2words(int(digits[2:]))}".replace("-", " ")
    return " ".join(DIGITS[int(d)] for d in digits)


def _domain(domain: str) -> str:
    name, _, tld = domain.partition(".")
    said = name.replace("-", " dash ")
    return f"{said} dot {'i o' if tld == 'io' else tld}"


def phone(value: str, form: str, rng: Random) -> str:
    """`form`: plain, digits, last4, typed."""
    number, _, extension = value.partition(";ext=")
    tail = ""
    if extension and form in ("plain", "digits"):
        tail = f" extension {' '.join(DIGITS[int(d)] for d in extension)}"
    if form == "typed":
        return value.replace(";ext=", " ext ")
    if form == "last4":
        return _run(number[-4:], "plain")
    if not number.startswith("+1"):
        return f"plus {_run(number[1:], 'plain')}{tail}"
    area, exchange, line = number[2:5], number[5:8], number[8:]
    if form == "digits":
        return f"{_run(number[2:], 'plain')}{tail}"
    style = rng.choice(("plain", "oh", "double", "plain"))
    country = "one, " if rng.random() < 0.08 else ""
    groups = ", ".join(_run(group, style) for group in (area, exchange, line))
    return f"{country}{groups}{tail}"


def _run(digits: str, style: str) -> str:
    said = []
    i = 0
    while i < len(digits):
        same = len(digits[i:]) - len(digits[i:].lstrip(digits[i]))
        zero = "oh" if style in ("oh", "double") else "zero"
        word = zero if digits[i] == "0" else DIGITS[int(digits[i])]
        if style == "double" and same in (2, 3):
            said.append(f"{'double' if same == 2 else 'triple'} {word}")
            i += same
        else:
            said.append(word)
            i += 1
    return " ".join(said)


LEAD_INS: dict[str, tuple[str, ...]] = {
    "name": ("", "my name is", "it's", "this is", "I'm"),
    "company": ("", "I'm with", "we're", "it's", "I work for"),
    "team_size": ("", "about", "around", "probably"),
    "budget": ("", "around", "about", "we have", "maybe"),
    "timeline": ("", "by", "probably by"),
    "email": ("", "it's", "sure, it's", "my email is"),
    "phone": ("", "it's", "sure,", "my number is"),
    "meeting": ("", "how about", "maybe", "I could do"),
}
_NO_BY = ("in ", "within", "before", "sometime", "two", "three", "four", "six", "eight")


def lead_in(key: str, value: str, rng: Random) -> str:
    """Words before a value that fit it."""
    chosen = rng.choice(LEAD_INS.get(key, ("",)))
    if key == "timeline" and chosen and value.startswith(_NO_BY):
        return "probably" if chosen != "by" else ""
    if key in ("team_size", "budget") and value.startswith("between") and chosen != "maybe":
        return ""
    return chosen


def formatted(key: str, value: Any, rng: Random) -> str | None:
    """The value as a recogniser with formatting writes it; None: as it is said."""
    if key == "email":
        return str(value)
    if key == "phone" and str(value).startswith("+1") and ";" not in str(value):
        area, exchange, line = value[2:5], value[5:8], value[8:]
        return rng.choice((f"{area}-{exchange}-{line}", f"({area}) {exchange}-{line}",
                           f"{area} {exchange} {line}", f"{area}{exchange}{line}"))  # fmt: skip
    return None


def groups(value: str) -> list[str]:
    """A number as it is said in pieces: area code, exchange, line."""
    number = value.partition(";")[0]
    if not number.startswith("+1"):
        return [_run(number[1:], "plain")]
    return [_run(part, "oh") for part in (number[2:5], number[5:8], number[8:])]


def value_said(key: str, value: Any, forms: tuple[str, ...], form: str, rng: Random) -> str:
    """The value's own words."""
    if key == "email":
        return email(str(value), form, rng)
    if key == "phone":
        return phone(str(value), form, rng)
    if key in ("name", "company"):
        if form == "spelled":
            return f"{value}, that's {letters(str(value).split()[-1], 'plain', rng)}"
        if form == "words":
            return letters(str(value), "boy", rng)
        return str(value)
    if not forms:
        return ("yes" if value else "no") if isinstance(value, bool) else str(value)
    return rng.choice(forms) if form == "plain" else forms[0]
