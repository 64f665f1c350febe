"""Where a name begins: said again as a whole, written as a title, or an English word."""

from __future__ import annotations

from collections.abc import Sequence

from flows.capture.english.names import (
    ALSO_NAMES,
    GIVEN_NAMES_TOO,
    NOT_NAMES,
    PARTICLES,
    SURNAMES,
    TITLES,
)
from flows.capture.tokens import Token, fold


def starts_again(tokens: Sequence[Token], at: int, words: list[str]) -> bool:
    """ "Tom. Tom Becker.", "Becker, Tom Becker", "Mac Donald, Ronald Mac Donald"."""
    said = [w.casefold() for w in words if fold(w) not in TITLES]
    if not 1 <= len(said) <= 2:
        return False
    rest = [t.low for t in tokens[at : at + 4] if not t.is_sign]
    again = any(rest[k : k + len(said)] == said for k in range(len(rest)))
    return again and len(rest) > len(said)


def behind_a_hint(tokens: Sequence[Token], at: int, words: list[str]) -> int | None:
    """ "Katherine with a K, Katherine Bell": the place where the whole name begins."""
    for i in range(at + 1, min(at + 6, len(tokens))):
        if tokens[i].low in {",", "."} and starts_again(tokens, i + 1, words):
            return i + 1
    return None


def titled_end(tokens: Sequence[Token], at: int) -> int:
    """Where two to four words in capitals end that are the whole answer; 0 if they are not.

    The first word of a sentence has a capital in any case, so that it is the others that count.
    """
    end = at
    while end < len(tokens) and (tokens[end].is_word or tokens[end].low == "-"):
        if not tokens[end].text[0].isupper() and tokens[end].low not in PARTICLES | {"-"}:
            return 0
        end += 1
    last = tokens[end - 1].low if end > at else ""
    rest_is_pause = all(t.is_sign and t.low in {".", ",", "!"} for t in tokens[end:])
    if not 2 <= end - at <= 4 or not rest_is_pause:
        return 0
    return 0 if last in NOT_NAMES and last not in ALSO_NAMES else end


def is_a_known_pair(tokens: Sequence[Token], at: int) -> bool:
    """ "my tran", without the recogniser's capitals: a surname closes the answer."""
    rest = [t for t in tokens[at:] if not t.is_sign]
    return 2 <= len(rest) <= 3 and rest[-1].low in SURNAMES and tokens[at].low in GIVEN_NAMES_TOO
