"""Words, numbers and signs of an utterance, with their places in it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Nobody says more than this in one turn; what comes after is not read, so that the time is bounded.
MAX_CHARS = 1200
MAX_TOKENS = 200

# Letters with the marks that combine with them, or one run of digits, or one sign.
_TOKEN = re.compile(r"[^\W\d_]+(?:[̀-ͯऀ-ः़-्]+[^\W\d_]*)*(?:['’ʼ][^\W\d_]+)*|\d+|\S")
_NO_DECOMPOSITION: dict[int, str] = {
    ord(c): plain
    for c, plain in zip("øłđðþæœ", ("o", "l", "d", "d", "th", "ae", "oe"), strict=True)
}
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'", "‘": "'", "`": "'"})


@dataclass(frozen=True, slots=True)
class Token:
    """One word, run of digits or sign. ``low`` is the form to compare with."""

    text: str
    low: str
    start: int
    end: int
    spaced: bool

    @property
    def is_word(self) -> bool:
        return self.low[0].isalpha()

    @property
    def is_digits(self) -> bool:
        return self.low.isdigit()

    @property
    def is_sign(self) -> bool:
        return not self.low[0].isalnum()


@dataclass(frozen=True, slots=True)
class Heard:
    """An utterance cut to a bounded length, with its tokens."""

    text: str
    tokens: tuple[Token, ...]

    def words(self, start: int, end: int) -> str:
        """The words as heard between two token indices."""
        if start >= end or start >= len(self.tokens):
            return ""
        return self.text[self.tokens[start].start : self.tokens[min(end, len(self.tokens)) - 1].end]

    def span(self, start_char: int, end_char: int) -> tuple[int, int]:
        """The token indices that cover a range of characters."""
        inside = [i for i, t in enumerate(self.tokens) if t.end > start_char and t.start < end_char]
        return (inside[0], inside[-1] + 1) if inside else (0, 0)

    def lows(self) -> tuple[str, ...]:
        return tuple(t.low for t in self.tokens)


def clean(text: str) -> str:
    """Printable text of a bounded length, in one Unicode form."""
    cut = text[:MAX_CHARS]
    cut = "".join(
        c if unicodedata.category(c)[0] != "C" else (" " if c.isspace() or c < " " else "")
        for c in cut
    )
    return unicodedata.normalize("NFC", cut.translate(_APOSTROPHES))


@lru_cache(maxsize=32)
def tokenize(text: str) -> Heard:
    """The tokens of a text, at most ``MAX_TOKENS`` of its first ``MAX_CHARS`` characters."""
    cleaned = clean(text)
    found: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(cleaned):
        low = unicodedata.normalize("NFKC", match.group()).casefold().translate(_APOSTROPHES)
        if not low or low.isspace():
            continue
        if low.isdigit() and not low.isdecimal():
            continue
        if low.isdecimal() and not low.isascii():
            low = "".join(str(unicodedata.decimal(c)) for c in low)
        start = match.start()
        found.append(Token(match.group(), low, start, match.end(), start > end or not found))
        end = match.end()
        if len(found) >= MAX_TOKENS:
            break
    return Heard(cleaned, tuple(found))


def fold(text: str) -> str:
    """Lower case without accents, for comparison and for addresses."""
    low = text.casefold()
    if low.isascii():
        return low
    decomposed = unicodedata.normalize("NFKD", low.translate(_NO_DECOMPOSITION))
    return "".join(c for c in decomposed if not unicodedata.combining(c))
