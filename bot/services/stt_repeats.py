"""Words that were heard already: one recogniser gave them, and the next one hears them again.

A recogniser that is left in the middle of an utterance says how far its words reached, and the
next one is given what comes behind. Where it said so wrongly (a position that is off, none at all,
a final that reached further than the pause in which it came), the next one gives words again that
have gone into the conversation. They are taken off the beginning of what it says.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

SAME_FROM: Final = 0.75
"""Likeness of two texts, letter by letter, that are two recognisers' spellings of one sound."""
MANY_WORDS: Final = 2
"""So few words are alike too easily: they must be the same."""
WORDS_KEPT: Final = 80
"""An utterance's last words; no recogniser repeats more of them."""

_WORD = re.compile(r"\S+")
_LETTERS = re.compile(r"[^\W_]+")


class HeardWords:
    """The words of the open utterance, and who gave them."""

    def __init__(self) -> None:
        """Nothing has been said."""
        self._words: list[str] = []
        self._by = ""

    def clear(self) -> None:
        """The next words belong to another utterance."""
        self._words, self._by = [], ""

    def news(self, text: str, *, by: str) -> str:
        """What of a final transcript has not been heard from another recogniser; keeps it.

        What the same recogniser says twice was said twice.
        """
        new = text
        if self._words and by != self._by:
            new = without_repetition(text, " ".join(self._words))
        if new.strip():
            self._words = [*self._words, *new.split()][-WORDS_KEPT:]
            self._by = by
        return new


def without_repetition(text: str, said: str) -> str:
    """The text without what it repeats, at its beginning, of the end of what was said.

    >>> without_repetition("foods dot com.", "My email is daniel at green river foods dot com.")
    ''
    >>> without_repetition("at green river foods, yes", "My email is daniel at green river foods")
    'yes'
    >>> without_repetition("My mail is jo at ex dot com.", "My mail is jo@ex.com.")
    ''
    >>> without_repetition("And a phone.", "I need a chair.")
    'And a phone.'
    """
    spans = [match.span() for match in _WORD.finditer(text)]
    words, old = [_plain(text[begin:end]) for begin, end in spans], _plain(said).split()
    if len(words) > MANY_WORDS and _likeness("".join(words), "".join(old)) >= SAME_FROM:
        return ""  # All of it again; an address may be one word here and five there.
    for count in range(len(words), 0, -1):
        # The same sound may be one word more or less to another recogniser.
        for length in range(count + 2, max(0, count - 3), -1):
            if length <= len(old) and _is_same(words[:count], old[-length:]):
                return text[spans[count][0] :] if count < len(spans) else ""
    return text


def _is_same(some: list[str], others: list[str]) -> bool:
    """Whether they end with the same word, and are alike as a whole."""
    if _likeness(some[-1], others[-1]) < SAME_FROM:
        return False
    if len(some) <= MANY_WORDS:
        return some == others
    return _likeness(" ".join(some), " ".join(others)) >= SAME_FROM


def _likeness(one: str, other: str) -> float:
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def _plain(text: str) -> str:
    return " ".join(_LETTERS.findall(text.casefold()))
