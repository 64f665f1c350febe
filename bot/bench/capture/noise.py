"""What reaches the dialogue of what the caller said: nothing lost, a given rate, or a real one.

The confusions are those that were measured with real recognisers: letters that sound alike, teen
and ty, lost zeros, a lost "dot" or "at", homophones, names respelled, loops.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any, Protocol

from bot.bench.capture.spoken import LEAD_INS, Said

LETTERS = {
    "a": ("", "h", "eh", "and"), "b": ("d", "p", "v", "be"), "c": ("z", "see", "t"),
    "d": ("b", "t", "e"), "e": ("d", "b", ""), "f": ("s", "x"), "g": ("j", "d"), "h": ("a", "8"),
    "i": ("a", "y", "eye"), "j": ("g", "k", "jay"), "k": ("j", "okay"), "l": ("o", "el"),
    "m": ("n", "em"), "n": ("m", "and"), "o": ("l", "oh"), "p": ("b", "t"), "q": ("cue", "u"),
    "r": ("are", "i"), "s": ("f", "x"), "t": ("d", "p", "tea"), "u": ("you", ""), "v": ("b", "z"),
    "w": ("double you", "u"), "x": ("s", "ex"), "y": ("why", "i"), "z": ("c", "v", "the"),
}  # fmt: skip
NUMBERS = {
    "thirteen": ("thirty",), "fourteen": ("forty",), "fifteen": ("fifty",), "sixteen": ("sixty",),
    "seventeen": ("seventy",), "eighteen": ("eighty",), "nineteen": ("ninety",),
    "thirty": ("thirteen",), "forty": ("fourteen",), "fifty": ("fifteen",), "sixty": ("sixteen",),
    "seventy": ("seventeen",), "eighty": ("eighteen",), "ninety": ("nineteen",),
    "zero": ("", "oh"), "oh": ("", "o"), "one": ("", "nine"), "two": ("to", "three"),
    "three": ("two", "free"), "four": ("for", "five"), "five": ("nine", "four"),
    "six": ("", "sixth"), "seven": ("eleven", ""), "eight": ("a", "it"), "nine": ("five", "one"),
    "triple": ("a", "tripped"), "double": ("a", "trouble"),
    "two hundred": ("a hundred",), "hundred": ("", "100"),
}  # fmt: skip
WORDS = {
    "dot": ("", "that", "."), "at": ("", "that", "add"), "dash": ("this", "das", ""),
    "hyphen": ("high fin", ""), "underscore": ("under score", "score"), "com": ("come", "calm"),
    "gmail": ("g mail", "email"), "tuesday": ("thursday",), "thursday": ("tuesday",),
    "friday": ("fry day", "thursday"), "wednesday": ("when is day", "tuesday"),
    "january": ("june",), "june": ("july", "january"), "july": ("june",), "march": ("may",),
    "may": ("march",), "september": ("december",), "december": ("september",),
    "weeks": ("week",), "pm": ("am",), "tango": ("kangal",), "golf": ("gulf",),
    "delta": ("delva",), "kilo": ("keylo",), "doe": ("dough", "dot"), "jane": ("jayne", "june"),
    "sean": ("shawn",), "brian": ("bryan",), "catherine": ("kathryn", "katherine"),
    "smith": ("smyth",), "brooks": ("books", "brookes"), "chen": ("jen", "chin"),
}  # fmt: skip
NAMES = ("name", "company", "email")
_VOWELS = {"a": "e", "e": "i", "i": "e", "o": "u", "u": "o", "y": "i"}
_SOUNDS = {"k": "c", "c": "k", "z": "s", "s": "z", "t": "d", "d": "t", "b": "p", "p": "b",
           "v": "f", "f": "v", "n": "m", "m": "n", "g": "j", "w": "v"}  # fmt: skip


class Channel(Protocol):
    """Between the caller's mouth and the dialogue."""

    def heard(self, said: Sequence[Said], *, group: int | None, rng: Random) -> str:
        """The transcript of one caller turn."""


class Clean:
    """Everything arrives as it was said."""

    def heard(self, said: Sequence[Said], *, group: int | None, rng: Random) -> str:
        return _sentence(clause.text for clause in said)


class Synthetic:
    """An utterance with a value arrives wrong at a given rate (0..1), in one place or more."""

    def __init__(self, rate: float) -> None:
        self._rate = rate

    def heard(self, said: Sequence[Said], *, group: int | None, rng: Random) -> str:
        wrong = any(c.value for c in said) and rng.random() < self._rate
        if not wrong:
            return _sentence(clause.text for clause in said)
        with_value = [i for i, c in enumerate(said) if c.value and c.form != "typed"]
        if not with_value:
            return _sentence(clause.text for clause in said)
        chosen = rng.choice(with_value)
        texts = [c.text for c in said]
        clause = said[chosen]
        heard = confused(clause.value, rng, names=clause.field in NAMES)
        texts[chosen] = " ".join(p for p in (clause.before, heard, clause.after) if p)
        return _sentence(texts)


def confused(value: str, rng: Random, *, names: bool) -> str:
    """The value's words, surely with an error; longer ones with up to three.

    `names`: words that a recogniser does not know may be among them.
    """
    tokens = value.split()
    for _ in range(min(3, 1 + len(tokens) // 6) if rng.random() < 0.4 else 1):
        tokens = _confuse_one(tokens, rng, names=names)
    text = " ".join(t for t in tokens if t)
    return text if text.casefold() != value.casefold() else _clipped(value, rng)


def _confuse_one(tokens: list[str], rng: Random, *, names: bool) -> list[str]:
    if rng.random() < 0.04 and len(tokens) > 2:
        at = rng.randrange(len(tokens))
        loop = "-".join([tokens[at][:1]] * rng.randrange(4, 9))
        return [*tokens[:at], loop, *tokens[at + 1 :]]
    order = list(range(len(tokens)))
    rng.shuffle(order)
    for at in order:
        changed = _confused_word(tokens[at], rng, names=names)
        if changed is not None:
            return [*tokens[:at], changed, *tokens[at + 1 :]]
    return tokens


def _confused_word(word: str, rng: Random, *, names: bool) -> str | None:
    bare = word.strip(",.").casefold()
    tail = "," if word.endswith(",") else ""
    for table in (WORDS, NUMBERS, LETTERS):
        if bare in table:
            return str(rng.choice(table[bare])) + tail
    if names and bare.isalpha() and len(bare) > 3:
        return _respelled(word, rng)
    return None


def _respelled(word: str, rng: Random) -> str:
    """A name as a recogniser writes one that it does not know."""
    places = [i for i, c in enumerate(word) if c.casefold() in (*_VOWELS, *_SOUNDS)]
    at = rng.choice(places[1:] or places)
    low = word[at].casefold()
    other = _VOWELS.get(low) or _SOUNDS[low]
    if rng.random() < 0.25:
        other = ""
    return word[:at] + (other.upper() if word[at].isupper() else other) + word[at + 1 :]


def _clipped(value: str, rng: Random) -> str:
    """A word is lost, or what was said is heard as nothing like it."""
    words = value.split()
    if len(words) < 2:
        return rng.choice(("uh", "huh", "the"))
    del words[rng.randrange(len(words))]
    return " ".join(words)


class Recogniser:
    """The real local recogniser's own errors: recorded pairs, and what they teach about others.

    A clause that was recorded for the group is heard as it was then. The first time a form is
    said its first take is heard, then the next one. Anything else goes word by word through the
    confusions that the pairs show.
    """

    def __init__(self, pairs: Sequence[dict[str, Any]]) -> None:
        self._takes: dict[tuple[int, str, str], list[dict[str, Any]]] = {}
        for pair in pairs:
            key = (pair["group"], pair["field"], pair["form"])
            self._takes.setdefault(key, []).append(pair)
        self._words = _word_confusions(pairs)
        self._count: dict[tuple[int, str, str], int] = {}

    def heard(self, said: Sequence[Said], *, group: int | None, rng: Random) -> str:
        return _sentence(self._clause(c, group, rng) for c in said)

    def new_call(self) -> None:
        """Each call begins with the first takes."""
        self._count.clear()

    def _clause(self, clause: Said, group: int | None, rng: Random) -> str:
        if not clause.value or clause.form == "typed":
            return clause.text
        key = (group if group is not None else -1, clause.field or "", clause.form)
        takes = self._takes.get(key)
        nth = self._count.get(key, 0)
        self._count[key] = nth + 1
        if takes and nth < len(takes):
            # The first take has its own lead-in; behind "no, it's" only the bare value fits.
            objecting = clause.before not in LEAD_INS.get(clause.field or "", ("",))
            if not objecting:
                return str(takes[nth]["heard"])
            return f"{clause.before} {takes[-1]['heard']}"
        return " ".join(self._word(w, rng) for w in clause.text.split())

    def _word(self, word: str, rng: Random) -> str:
        options = self._words.get(word.strip(",.").casefold())
        return rng.choice(options) if options else word


def _word_confusions(pairs: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """What each word of the pairs was heard as, each time that it was said."""
    heard_as: dict[str, list[str]] = {}
    for pair in pairs:
        said = re.findall(r"[\w']+", str(pair["said"]).casefold())
        heard = re.findall(r"[\w'@.-]+", str(pair["heard"]).casefold())
        for tag, i, j, k, m in SequenceMatcher(None, said, heard, autojunk=False).get_opcodes():
            if tag == "equal":
                for word in said[i:j]:
                    heard_as.setdefault(word, []).append(word)
            elif tag == "replace" and j - i == m - k:
                for word, other in zip(said[i:j], heard[k:m], strict=True):
                    heard_as.setdefault(word, []).append(other)
            elif tag == "delete":
                for word in said[i:j]:
                    heard_as.setdefault(word, []).append("")
    return heard_as


@cache
def recorded_pairs() -> tuple[dict[str, Any], ...]:
    """The committed pairs; see `record_pairs`."""
    text = (files("bot.bench.capture") / "pairs.jsonl").read_text("utf-8")
    return tuple(json.loads(line) for line in text.splitlines() if line)


def channel(name: str) -> Channel:
    """`clean`, `recogniser`, or an error rate such as `0.27`. Raises ValueError."""
    makers: dict[str, Callable[[], Channel]] = {
        "clean": Clean,
        "recogniser": lambda: Recogniser(recorded_pairs()),
    }
    if name in makers:
        return makers[name]()
    rate = float(name)
    if not 0 <= rate <= 1:
        raise ValueError(name)
    return Synthetic(rate)


def _sentence(texts: Any) -> str:
    return " ".join(", ".join(t for t in texts if t).split())
