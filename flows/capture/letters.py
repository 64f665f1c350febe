"""Spelled letters: single letters, their names, NATO words however heard, "B as in boy".

rapidfuzz compares with the NATO words (0.1 ms for 26 words); it is imported by ``warm_up``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from flows.capture.english.letters import (
    AS_IN,
    COMMON_WORDS,
    LETTER_NAMES,
    NATO,
    NATO_HEARD,
    PURE_LETTER_NAMES,
    SOUND_ALIKE,
    SURE_AS_IN,
)
from flows.capture.english.numbers import DIGITS, REPEATS
from flows.capture.speech import phrase_at, phrases
from flows.capture.tokens import Token, fold

_AS_IN, _SURE_AS_IN = phrases(AS_IN), phrases(SURE_AS_IN)


@dataclass(frozen=True, slots=True)
class Letter:
    """One or more (doubled) letters. ``sure``: said with a word for it, or a plain letter."""

    char: str
    start: int
    end: int
    how: str  # "letter", "name", "nato", "heard", "as_in"

    @property
    def sure(self) -> bool:
        return self.how in {"letter", "as_in", "nato"}


@dataclass(frozen=True, slots=True)
class Run:
    """Letters in a row."""

    letters: tuple[Letter, ...]

    @property
    def text(self) -> str:
        return "".join(letter.char for letter in self.letters)

    @property
    def start(self) -> int:
        return self.letters[0].start

    @property
    def end(self) -> int:
        return self.letters[-1].end


def sounds_like(one: str, other: str) -> bool:
    """Whether two letters are taken for each other."""
    return one == other or any(one in group and other in group for group in SOUND_ALIKE)


def _low(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].low if 0 <= at < len(tokens) else ""


def is_letter(low: str) -> bool:
    return len(low) == 1 and low.isalpha()


def as_in_at(tokens: Sequence[Token], at: int) -> Letter | None:
    """ "B as in boy", "double u as in whiskey", "T for Tom", "N November", "N, as in Nancy"."""
    end = at + 1
    said = letter_name(_low(tokens, at))
    if _low(tokens, at) == "double" and _low(tokens, at + 1) in {"u", "you"}:
        said, end = "w", at + 2
    word_heard = said is None
    if word_heard and (not tokens[at].is_word or len(_low(tokens, at)) > 5):
        return None
    i = end + 1 if _low(tokens, end) in {",", "-", "."} else end
    sure = phrase_at(tokens, i, _SURE_AS_IN)
    link = sure or phrase_at(tokens, i, _AS_IN)
    if word_heard and not (sure >= 2):
        return None
    if link:
        i += link
        if _low(tokens, i) in {"the", '"', "'"} or (_low(tokens, i) in {"a", "an"}):
            i += 1
        word = _low(tokens, i)
        if word == "x" and _low(tokens, i + 1) in {"-", "ray"}:
            word = "xray"
        if len(word) < 2 or i >= len(tokens) or not tokens[i].is_word:
            return None
        initial = nato_letter(word) if word in NATO else fold(word)[:1]
        if not initial or not initial.isalpha():
            return None
        if not sure and said is not None and not (said == initial or word in NATO):
            return None
        if word_heard and said is None:
            return Letter(initial, at, i + 1, "as_in")
        exact = said is not None and (said == initial or not sounds_like(said, initial))
        if exact and said != initial and word[0] in "eax" and said == "x":
            initial = "x"  # "X as in extra"
        return Letter(initial, at, _past(tokens, i), "as_in")
    if said is not None and is_letter(_low(tokens, at)):
        word = _low(tokens, i)
        if len(word) > 2 and NATO.get(word) == said:
            return Letter(said, at, _past(tokens, i), "as_in")
    return None


def _past(tokens: Sequence[Token], at: int) -> int:
    """Behind a word; "X-ray" is three tokens."""
    if _low(tokens, at) == "x" and _low(tokens, at + 1) == "-" and _low(tokens, at + 2) == "ray":
        return at + 3
    if _low(tokens, at) == "x" and _low(tokens, at + 1) == "ray":
        return at + 2
    return at + 1


def _is_digit(low: str) -> bool:
    return low.isdigit() or low in DIGITS


def letter_name(low: str) -> str | None:
    if is_letter(low):
        return fold(low)[:1] or None
    return LETTER_NAMES.get(low)


def nato_letter(low: str) -> str | None:
    """The letter of an exact NATO word or of a known mishearing."""
    return NATO.get(low) or NATO_HEARD.get(low)


@lru_cache(maxsize=4096)
def fuzzy_nato(low: str) -> str | None:
    """The letter of what only resembles a NATO word; to be asked only inside spelling."""
    known = nato_letter(low)
    if known or len(low) < 4:
        return known
    from rapidfuzz import fuzz, process

    best = process.extractOne(low, list(NATO), scorer=fuzz.ratio, score_cutoff=68)
    return NATO[best[0]] if best else None


def letter_at(tokens: Sequence[Token], at: int, *, spelling: bool = False) -> Letter | None:
    """The letter said at a place. ``spelling``: names of letters and fuzzy NATO count, too."""
    if at >= len(tokens):
        return None
    low = _low(tokens, at)
    if low in {"capital", "uppercase", "lowercase", "letter"}:
        inner = letter_at(tokens, at + 1, spelling=True)
        return Letter(inner.char, at, inner.end, inner.how) if inner else None
    if low == "the" and _low(tokens, at + 1) == "letter":
        inner = letter_at(tokens, at + 2, spelling=True)
        return Letter(inner.char, at, inner.end, inner.how) if inner else None
    said = as_in_at(tokens, at)
    if said:
        return said
    if low in {"double", "dubble"} and _low(tokens, at + 1) in {"u", "you", "yous"}:
        return Letter("w", at, at + 2, "letter")
    if low in REPEATS:
        if _low(tokens, at + 1) in {"oh", "o"} and _is_digit(_low(tokens, at + 2)):
            return None  # "double oh seven" is a number
        inner = letter_at(tokens, at + 1, spelling=True)
        if inner and len(inner.char) == 1 and inner.how in {"letter", "as_in", "nato", "name"}:
            return Letter(inner.char * REPEATS[low], at, inner.end, inner.how)
        return None
    if low == "x" and _low(tokens, at + 1) == "-" and _low(tokens, at + 2) == "ray":
        return Letter("x", at, at + 3, "nato")
    if low == "x" and _low(tokens, at + 1) == "ray":
        return Letter("x", at, at + 2, "nato")
    if low == "fox" and _low(tokens, at + 1) in {"trot", "drop", "trotted"}:
        return Letter("f", at, at + 2, "nato")
    if is_letter(low):
        folded = fold(low)
        return Letter(folded, at, at + 1, "letter") if folded.isalpha() else None
    if low in NATO:
        return Letter(NATO[low], at, at + 1, "nato")
    if low in PURE_LETTER_NAMES:
        return Letter(LETTER_NAMES[low], at, at + 1, "name")
    if not spelling:
        return None
    if low in LETTER_NAMES:
        return Letter(LETTER_NAMES[low], at, at + 1, "name")
    heard = fuzzy_nato(low)
    return Letter(heard, at, at + 1, "heard") if heard else None


def run_at(
    tokens: Sequence[Token],
    at: int,
    *,
    least: int = 2,
    nato_least: int = 3,
    gaps: frozenset[str] = frozenset(",.-"),
) -> Run | None:
    """Letters in a row from a place on; ``least`` of them must be letters beyond doubt.

    Names of letters ("you", "see") and fuzzy NATO words count only beside sure letters; a word
    that only happens to be in the NATO alphabet ("Mike") counts only in such company, and of NATO
    words alone it takes ``nato_least`` ("Mike Oscar" is a name).
    """
    found: list[Letter] = []
    i = at
    while i < len(tokens):
        if found and _low(tokens, i) in gaps:
            i += 1
            continue
        letter = letter_at(tokens, i, spelling=bool(found))
        if letter is None and not found and _low(tokens, i) not in COMMON_WORDS:
            letter = letter_at(tokens, i, spelling=True)
        if letter is None:
            break
        found.append(letter)
        i = letter.end
    while found and found[-1].how in {"name", "heard"} and not _spelling(found):
        found.pop()
    if not found:
        return None
    plain = sum(1 for letter in found if letter.how in {"letter", "as_in"})
    nato = sum(1 for letter in found if letter.how == "nato")
    heard = sum(1 for letter in found if letter.how in {"name", "heard"})
    if plain + nato < least and not (plain + nato and plain + nato + heard >= 3):
        return None
    if plain == 0 and nato < 2:
        return None
    if plain == 0 and heard == 0 and nato < nato_least:
        return None
    if plain + nato < heard:
        return None
    return Run(tuple(found))


def _spelling(found: list[Letter]) -> bool:
    sure = sum(1 for letter in found if letter.sure)
    return sure * 2 >= len(found) and sure >= 2


def looped(text: str) -> bool:
    """A recogniser stuck on one sound ("d-d-d-d"), not a value."""
    folded = "".join(c for c in fold(text) if c not in "-, ")
    run, last = 0, ""
    for char in folded:
        run = run + 1 if char == last else 1
        last = char
        if run >= 4 and char.isalpha():
            return True
    words = fold(text).replace("-", " ").replace(",", " ").split()
    return any(
        len(set(words[i : i + 4])) == 1 and not words[i].isdigit() and len(words[i]) <= 6
        and words[i] not in _DIGIT_WORDS
        for i in range(len(words) - 3)
    )  # fmt: skip


_DIGIT_WORDS = {"zero", "oh", "o", "one", "two", "three", "four", "five", "six", "seven", "eight",
                "nine"}  # fmt: skip
