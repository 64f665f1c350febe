"""Which words got lost, and which were said twice: texts compared as a recogniser writes them."""

from __future__ import annotations

import re
from collections import Counter
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final

from num2words import num2words
from rapidfuzz import fuzz

ALIKE: Final = 75
"""Of 100: "robotics" and "robotic" are one word here, "my" and "by" are not."""
TELLING: Final = 4
"""Letters from which a word is told from a part of another in a run of letters."""


def words(text: str) -> list[str]:
    """Words in small letters; numbers as words, an address as it is spoken."""
    spoken = text.lower().replace("@", " at ").replace("a.i.", "ai")
    spoken = re.sub(r"(?<=\w)\.(?=\w)", " dot ", spoken)
    spoken = re.sub(r"\d+", lambda number: f" {num2words(int(number[0]))} ", spoken)
    return re.findall(r"[a-z']+", spoken)


def lost(said: str, recognised: str) -> list[str]:
    """Telling words of `said` that are not in what was recognised."""
    heard = "".join(words(recognised))
    return [
        word
        for word in words(said)
        if len(word) >= TELLING and fuzz.partial_ratio(word, heard) < ALIKE
    ]


def repeated(due: str, heard: str) -> list[str]:
    """Pairs of words that were to be said, and were heard more often than that."""
    allowed, found = Counter(pairwise(words(due))), Counter(pairwise(words(heard)))
    return [
        " ".join(pair) for pair, count in found.items() if pair in allowed and count > allowed[pair]
    ]


def likeness(due: str, heard: str) -> float:
    """How much of two texts is the same, word by word: 0 to 1."""
    return SequenceMatcher(None, words(due), words(heard), autojunk=False).ratio()
