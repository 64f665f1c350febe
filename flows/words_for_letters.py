"""A value spelled with a word for each letter, read as a recogniser writes it down.

"Y as in yellow, U as in umbrella" arrives as "why is it yelling you as an abreliqué". The letters
are lost there, but not the words: each of them has the length, the consonants and the company of a
word that people spell with. The utterance is cut so that as many of its words as possible are
explained, and comes back as plain letters, which the readers of names and addresses know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from rapidfuzz.distance import Indel

from flows.capture.english.letters import NATO
from flows.capture.english.numbers import DIGITS

LETTERS_OF_WORDS = "words for letters"
"""The rule of a value that was spelled so."""
LEAST_LETTERS = 2
LEAST_EXPLAINED = 0.5
"""The share of the words that must be part of some letter, sign or figure."""
WORDS_AT_MOST = 90

_EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "a": "apple adam alpha", "b": "boy bob bravo baker ball banana",
        "c": "cat charlie car", "d": "dog delta david door",
        "e": "elephant edward echo egg easy", "f": "frank foxtrot fox fred fish",
        "g": "george golf good girl", "h": "henry hotel house harry hat",
        "i": "igloo india isaac", "j": "john juliet jack james",
        "k": "king kilo kite kevin", "l": "larry lima love lion lemon london",
        "m": "mary mike mother monkey michael", "n": "nancy november nora nine nathan",
        "o": "orange oscar ocean oliver", "p": "peter papa paul paris",
        "q": "queen quebec", "r": "robert romeo roger rabbit", "s": "sam sierra sugar susan",
        "t": "tom tango tiger thomas table", "u": "umbrella uniform uncle",
        "v": "victor victory violin van", "w": "william whiskey water walter",
        "x": "xray", "y": "yellow yankee yes yoyo", "z": "zebra zulu zoo",
    }
)  # fmt: skip
_LETTER_OF = {word: letter for letter, words in _EXAMPLES.items() for word in words.split()}
_NATO = tuple(word for word in _LETTER_OF if word in NATO)
_NATO_WORDS = frozenset(_NATO)
_LINKS = {
    ("as", "in"), ("is", "in"), ("as", "an"), ("is", "an"), ("as", "a"), ("is", "a"),
    ("as", "and"), ("is", "and"), ("as", "the"), ("is", "the"), ("as", "in", "a"),
    ("as", "in", "the"), ("is", "it"), ("does", "it"), ("that's", "in"), ("has", "in"),
    ("has", "an"), ("as",), ("is",), ("for",), ("like",), ("and",), ("in", "a"), ("an",),
    ("is", "in", "a"), ("as", "an", "a"), ("does", "the"), ("as", "it"), ("and", "is"),
}  # fmt: skip
_LINK_ENDS = frozenset(link[-1] for link in _LINKS)
_SIGNS = {
    "dash": "dash", "hyphen": "dash", "dot": "dot", "underscore": "underscore", "plus": "plus",
    "point": "dot", "minus": "dash", "desch": "dash", "das": "dash", "hive": "dash",
}  # fmt: skip
_LETTER_NAMES = {
    "why": "y", "you": "u", "are": "r", "see": "c", "sea": "c", "be": "b", "bee": "b", "eye": "i",
    "oh": "o", "owe": "o", "jay": "j", "kay": "k", "okay": "k", "el": "l", "ell": "l", "all": "l",
    "em": "m", "emma": "m", "en": "n", "pea": "p", "pee": "p", "cue": "q", "tea": "t", "tee": "t",
    "ex": "x", "he": "e", "nye": "i", "hey": "a", "eh": "a", "and": "n", "ash": "h", "age": "h",
    "ellis": "l", "ellies": "l", "gee": "g", "dee": "d", "these": "c", "as": "s", "us": "s",
}  # fmt: skip
_ALIKE = ("bdegptvcz", "ajkh", "iy", "mn", "fsx", "ou", "lo", "ae")
LINKS_AT_LEAST = 3
LONGEST_CUT_IN_TWO = 10
UNEXPLAINED = 0.3
"""What a word costs that is part of nothing."""
_LIKE = 0.6
_SURE = 0.8
_SURE_LINKED = 0.45
_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?|\d|[,;?]")
_LOST_DOMAIN = re.compile(r"[\w-]+\s*(?:\.|\bdot\b)\s*[a-z]{2,4}[\s.?!]*$", re.IGNORECASE)
_CONTRACTED = re.compile(r"'s (in|an?|and)\b", re.IGNORECASE)
_AS_IN = re.compile(r"\b(?:as|is|for) (?:in|an?)\b", re.IGNORECASE)
_AT = re.compile(r"\s*(?:@|\bat\b)\s*", re.IGNORECASE)


@dataclass(frozen=True)
class Unit:
    """One letter, sign or figure, and how sure it is (0 to 1)."""

    said: str
    worth: float


def letters_in(text: str, *, of: Sequence[str] = ()) -> str | None:
    """The utterance in plain letters; None where it is no such spelling, or a clear one already.

    `of`: names that were heard before; a pause is put where two words of them meet.
    """
    local, at, domain = _before_the_at(text)
    local = _CONTRACTED.sub(r" is \1", local)
    tokens = [t.casefold() for t in _TOKEN.findall(local)][:WORDS_AT_MOST]
    words = [t for t in tokens if t[0].isalnum()]
    units, explained = _cut(tuple(tokens))
    letters = [unit for unit in units if len(unit.said) == 1 and unit.said.isalpha()]
    if len(letters) < LEAST_LETTERS or explained < LEAST_EXPLAINED * len(words):
        return None
    sure = sum(unit.worth for unit in letters) / len(letters)
    if sure < (_SURE_LINKED if _AS_IN.search(local) else _SURE):
        return None  # "jane dot doe" is neither John nor dog
    spelled = " ".join(unit.said for unit in units)
    if of and "," not in spelled:
        spelled = _with_a_pause(spelled, of)
    return f"{spelled}{at}{domain}".strip(" ,")


def is_spelled_so(text: str) -> bool:
    """Whether the words sound like it: "as in" again and again, or words of the alphabet."""
    links = len(_AS_IN.findall(text))
    alphabet = sum(word in _NATO for word in re.findall(r"[a-z]+", text.casefold()))
    return max(links, alphabet) >= LINKS_AT_LEAST


def _before_the_at(text: str) -> tuple[str, str, str]:
    for found in reversed(list(_AT.finditer(text))):
        domain = text[found.end() :].strip(" ?!.,")
        if re.search(r"\w\.\w|\bdot\b", domain) and len(domain.split()) <= 8:
            return text[: found.start()], " at ", domain.replace(".", " dot ")
    # "... as an apple to toitchmail.com": the at is lost, and what is left of the domain no letter.
    return _LOST_DOMAIN.sub("", text), "", ""


def _cut(tokens: tuple[str, ...]) -> tuple[list[Unit], float]:
    """The cut that explains most: its units, and how many of the tokens are in them."""
    best: list[tuple[float, float, list[Unit]]] = [(0.0, 0.0, [])]
    for end in range(1, len(tokens) + 1):
        worth, explained, units = best[end - 1]
        sign = tokens[end - 1] in {",", ";"}
        pause = [Unit(",", 0.0)] if sign and units and units[-1].said != "," else []
        lost = UNEXPLAINED if tokens[end - 1][0].isalnum() else 0.0
        here = (worth - lost, explained, [*units, *pause])
        for start in range(max(0, end - 6), end):
            for unit in _units(tokens[start:end]):
                before = best[start]
                total = before[0] + unit.worth * (end - start)
                if total > here[0]:
                    here = (total, before[1] + end - start, [*before[2], unit])
        best.append(here)
    return best[-1][2], best[-1][1]


def _units(tokens: Sequence[str]) -> Iterator[Unit]:
    if any(not t[0].isalnum() for t in tokens):
        tokens = [t for t in tokens if t[0].isalnum()]
        if len(tokens) < 2:
            return
    first = tokens[0]
    if len(tokens) == 1:
        yield from _alone(first)
        return
    if len(tokens) == 2 and first == "double" and len(tokens[1]) == 1:
        yield Unit(f"{tokens[1]} {tokens[1]}", 1.0)
    joined = "".join(tokens).replace("'", "")
    if len(tokens) <= 3 and len(joined) <= LONGEST_CUT_IN_TWO and not _NATO_WORDS & set(tokens):
        # "Any evictor" and "I'm a": a word that was cut in two.
        example, like = _example(joined, nato=True)
        if example is not None and like >= _SURE:
            yield Unit(_LETTER_OF[example], 0.9 * like)
    if tokens[-2] not in _LINK_ENDS:
        return
    for skip in (0, 1, 2):
        for length in (3, 2, 1):
            link = tuple(tokens[skip : skip + length])
            if link not in _LINKS or skip + length != len(tokens) - 1:
                continue
            yield from _linked(tokens[:skip], tokens[-1], weak=length == 1)


def _alone(token: str) -> Iterator[Unit]:
    if token in _SIGNS:
        yield Unit(_SIGNS[token], 1.0)
    elif token.isdigit() or token in DIGITS:
        yield Unit(token, 1.0)
    elif len(token) == 1 and token.isalpha():
        yield Unit(token, 0.25)
    else:
        example, like = _example(token, nato=True)
        if example is not None and like >= _LIKE:
            yield Unit(_LETTER_OF[example], like)


def _linked(letter: Sequence[str], word: str, *, weak: bool) -> Iterator[Unit]:
    """ "B as in boy", or what is left of it: the letter may be lost, or the word."""
    said = _letter(letter[-1]) if letter else None
    example, like = _example(word, said)
    least = _SURE if weak and (example is None or said != _LETTER_OF[example]) else _LIKE
    if example is not None and like >= least:
        initial = _LETTER_OF[example]
        agrees = 0.3 if said == initial else 0.1 if _sounds_alike(said, initial) else 0.0
        yield Unit(initial, 0.7 * like + agrees)
    elif said is not None and not weak and len(word) > 1:
        initial = word[0]
        yield Unit(said if not _sounds_alike(said, initial) else initial, 0.45)


def _letter(token: str) -> str | None:
    token = token.removesuffix("'s")
    if len(token) == 1:
        return token if token.isalpha() else None
    return _LETTER_NAMES.get(token)


def _sounds_alike(one: str | None, other: str) -> bool:
    return one is not None and any(one in group and other in group for group in _ALIKE)


@lru_cache(maxsize=4096)
def _example(word: str, said: str | None = None, *, nato: bool = False) -> tuple[str | None, float]:
    """The spelling word that it is most like, and how much (0 to 1). `nato`: of the alphabet's."""
    word = word.removesuffix("'s")
    if word in (_NATO if nato else _LETTER_OF):
        return word, 1.0
    if len(word) < 3:
        return None, 0.0
    found: str | None = None
    best = 0.0
    for example in _NATO if nato else _LETTER_OF:
        letter = _LETTER_OF[example]
        like = _likeness(word, example)
        like += 0.12 if said == letter else 0.05 if _sounds_alike(said, letter) else 0.0
        if like > best:
            found, best = example, like
    return found, min(best, 0.98)


def _likeness(word: str, example: str) -> float:
    written = Indel.normalized_similarity(word, example)
    sound = Indel.normalized_similarity(_consonants(word), _consonants(example))
    begins = 0.1 if word[0] == example[0] else 0.0
    if len(example) >= 3 and word.startswith(example):
        return 0.85  # "Samhage": the next letter is glued to it
    long = len(_consonants(word)) > 2
    return max(written, 0.5 * (written + sound) + begins, 0.9 * sound if long else 0.0)


@lru_cache(maxsize=4096)
def _consonants(word: str) -> str:
    text = word.replace("ph", "f").replace("ck", "k").replace("c", "k").replace("qu", "k")
    text = text.replace("z", "s").replace("x", "ks").replace("g", "k").replace("d", "t")
    text = text.replace("v", "f").replace("b", "p")
    vowel = "a" if text[:1] in "aeiouy" else ""
    return vowel + re.sub(r"(.)\1+", r"\1", "".join(c for c in text if c not in "aeiouyhw'é"))


def _with_a_pause(spelled: str, names: Sequence[str]) -> str:
    """A pause where the second word begins, judged by the names as they were heard."""
    letters = spelled.split()
    if not all(len(c) == 1 for c in letters):
        return spelled
    text = "".join(letters)
    best: tuple[float, int] = (0.0, 0)
    for name in names:
        words = [w.casefold() for w in name.split()]
        if len(words) != 2:
            continue
        for cut in range(2, len(text) - 1):
            like = Indel.normalized_similarity(text[:cut], words[0])
            like += Indel.normalized_similarity(text[cut:], words[1])
            best = max(best, (like, cut))
    cut = best[1]
    if not cut:
        return spelled
    return f"{' '.join(letters[:cut])} , {' '.join(letters[cut:])}"
