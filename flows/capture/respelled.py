"""Words for numbers and months that a recogniser broke: "ninty", "nin ety", "Decembur".

Only for an answer to the question that asks for one: "thirsty" is a word of its own.
"""

from __future__ import annotations

from functools import lru_cache

from flows.capture.english.counts import PEOPLE
from flows.capture.english.dates import MONTHS, UNITS, WEEKDAYS
from flows.capture.english.numbers import DIGIT_SOUNDS, ORDINALS, SCALES, TEENS, TENS
from flows.capture.english.numbers import UNITS as DIGIT_UNITS
from flows.capture.tokens import Heard, Token, tokenize

_FEWEST_LETTERS, _LONG = 5, 8
_WORDS = tuple(
    sorted(
        word
        for table in (MONTHS, UNITS, WEEKDAYS, ORDINALS, SCALES, TEENS, TENS, DIGIT_UNITS)
        for word in table
        if len(word) >= _FEWEST_LETTERS and word.isalpha()
    )
)
_COUNTED = UNITS.keys() | SCALES.keys() | PEOPLE | {"hundred"}
_LITTLE_WORDS = {"to", "too", "for"}
_KNOWN = frozenset(_WORDS) | {
    "hundred", "forth", "monthly", "thirsty", "server", "spring", "match", "friend", "dollars",
}  # fmt: skip


def respelled(heard: Heard) -> Heard | None:
    """The utterance with such words put right; None where there are none."""
    words: list[str] = []
    changed = False
    i = 0
    while i < len(heard.tokens):
        token = heard.tokens[i]
        following = heard.tokens[i + 1] if i + 1 < len(heard.tokens) else None
        joined = _joined(token, following)
        alone = _nearest(token.low) if token.is_word else None
        if alone is None and following is not None and _counts(heard, i, following):
            alone = DIGIT_SOUNDS[token.low]
        if joined is not None:
            words.append(" " + joined)
            changed, i = True, i + 2
            continue
        changed = changed or alone is not None
        words.append((" " if token.spaced else "") + (alone or token.text))
        i += 1
    return tokenize("".join(words).strip()) if changed else None


def _counts(heard: Heard, at: int, following: Token) -> bool:
    """ "Sicks weeks", "in to months": a number in front of what it counts."""
    if heard.tokens[at].low not in DIGIT_SOUNDS or following.low not in _COUNTED:
        return False
    before = heard.tokens[at - 1].low if at else "in"
    return heard.tokens[at].low not in _LITTLE_WORDS or before in {"in", "within", "about", "next"}


def _joined(token: Token, following: Token | None) -> str | None:
    """ "nin ety", "thou sand": two pieces of one word, neither of them one."""
    if following is None or not (token.is_word and following.is_word):
        return None
    if token.low in _KNOWN or following.low in _KNOWN:
        return None
    whole = token.low + following.low
    return whole if whole in _KNOWN else None


@lru_cache(maxsize=256)
def _nearest(word: str) -> str | None:
    from rapidfuzz.distance import Levenshtein

    if len(word) < _FEWEST_LETTERS or word in _KNOWN:
        return None
    most = 2 if len(word) >= _LONG else 1
    near: dict[int, list[str]] = {}
    for known in _WORDS:
        distance = Levenshtein.distance(word, known, score_cutoff=most)
        if known[0] == word[0] and distance <= most:
            near.setdefault(distance, []).append(known)
    best = near[min(near)] if near else []
    best = [w for w in best if w in TENS] or best  # "ninty" is ninety sooner than ninth
    return best[0] if len(best) == 1 else None
