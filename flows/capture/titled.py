"""Names that begin like an answer: "No Limits Fitness", "Hold On Tight Logistics", "Yes Energy".

A recogniser writes a comma behind a yes or a no that is one, and capitals in a name; without its
formatting, a bare "no" in front of words that are no sentence belongs to them.
"""

from __future__ import annotations

from collections.abc import Sequence

from flows.capture.english.answers import NO, POLITE, YES
from flows.capture.english.names import (
    COMPANY_ENDS,
    NAMELESS,
    NOT_COMPANIES,
    SMALL_WORDS,
    TITLE_STARTS,
)
from flows.capture.speech import strip_lead_ins, strip_signs, strip_tails
from flows.capture.tokens import Token, fold

_FEWEST_WORDS, _MOST_WORDS = 2, 6
_NEGATIVE = frozenset({"no", "not", "nope"})
_ANSWERS = frozenset(word for phrase in (*YES, *NO, *POLITE) for word in phrase.split())
_INSIDE = frozenset({"'", "&", "-", "."})


def begins_like_an_answer(tokens: Sequence[Token], *, known: str | None = None) -> bool:
    """Whether the whole utterance is a name although it begins like an answer.

    `known`: a name of the caller that the bot may just have said; "no mara lindqvist" objects
    to that one.
    """
    begin, end = strip_signs(tokens, 0, len(tokens))
    words = [t for t in tokens[begin:end] if t.is_word or t.is_digits]
    if not _FEWEST_WORDS <= len(words) <= _MOST_WORDS:
        return False
    if any(t.is_sign and t.low not in _INSIDE for t in tokens[begin:end]):
        return False
    if any(t.low == "." and i < end - 1 and tokens[i + 1].spaced
           for i, t in enumerate(tokens[begin:end], begin)):  # fmt: skip
        return False
    inside = any(w.low in COMPANY_ENDS and w.text[0].isupper() for w in words[1:])
    if not inside and words[0].low not in TITLE_STARTS and not _opens(tokens, begin, end):
        return False
    negative = words[0].low in _NEGATIVE
    if negative and _is_the_known(words[1:], known):
        return False
    if _is_title(words):
        return not (negative and len(words) < 3) and not all(w.low in _ANSWERS for w in words)
    return negative and _is_nameable(words)


def is_title(tokens: Sequence[Token]) -> bool:
    """Whether the words are written as a name from the first to the last."""
    begin, end = strip_signs(tokens, 0, len(tokens))
    words = [t for t in tokens[begin:end] if t.is_word or t.is_digits]
    capital = all(w.text[0].isupper() or w.is_digits for w in words)
    signs = any(t.is_sign and t.low not in _INSIDE - {"."} for t in tokens[begin:end])
    return _FEWEST_WORDS <= len(words) <= _MOST_WORDS and not signs and capital


def _opens(tokens: Sequence[Token], begin: int, end: int) -> bool:
    return strip_lead_ins(tokens, begin, end) > begin or strip_tails(tokens, begin, end) < end


def _is_title(words: Sequence[Token]) -> bool:
    """Written in capitals throughout, and not only because it begins a sentence."""
    if not all(w.text[0].isupper() or w.is_digits or w.low in SMALL_WORDS for w in words):
        return False
    plain = len(words) == _FEWEST_WORDS and words[-1].low in _ANSWERS  # "Yes Please"
    return words[-1].text[0].isupper() and not plain


def _is_nameable(words: Sequence[Token]) -> bool:
    """ "no limits fitness": no words of a sentence, and none that speaks of having no company."""
    rest = [w.low for w in words[1:]]
    if words[0].low == "not":
        if rest[0] != "just" or len(rest) < 2:
            return False
        rest = rest[1:]
    stops = COMPANY_ENDS | NOT_COMPANIES | NAMELESS | _ANSWERS
    return len(rest) >= (1 if words[0].low == "not" else 2) and not any(w in stops for w in rest)


def _is_the_known(words: Sequence[Token], known: str | None) -> bool:
    from rapidfuzz.distance import Levenshtein

    if not known:
        return False
    said = fold("".join(w.low for w in words))
    names = [fold(known).replace(" ", ""), *fold(known).split()]
    return any(Levenshtein.normalized_similarity(said, name) >= 0.5 for name in names)
