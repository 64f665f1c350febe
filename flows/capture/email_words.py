"""What the caller's own name and company make of the words of an address."""

from __future__ import annotations

from dataclasses import replace

from flows.capture.english.numbers import UNITS
from flows.capture.pieces import Part, Piece
from flows.capture.tokens import Heard, fold

_SHORT_WORD = 2


def own_name(found: list[Piece], name: str | None) -> list[Piece]:
    """ "my first name dot last name at ...": the caller speaks of the name that is known."""
    words = [w for w in (_plain(part) for part in (name or "").split()) if w]
    if len(words) < 2:
        return found
    result: list[Piece] = []
    for i, piece in enumerate(found):
        before = found[i - 1].text if i else ""
        following = found[i + 1].part if i + 1 < len(found) else Part.HARD
        ends = following in {Part.SEPARATOR, Part.AT}
        if piece.text in {"name", "initial"} and before in {"first", "last"} and ends:
            result.pop()
            word = words[0] if before == "first" else words[-1]
            text = word if piece.text == "name" else word[:1]
            result.append(Piece(Part.WORD, text, found[i - 1].start, piece.end, doubt=0.1))
        else:
            result.append(piece)
    return result


def number_words(heard: Heard, found: list[Piece], company: str | None) -> list[Piece]:
    """ "four seasons": a number in words, where the company's name has that word; without a
    company every one in front of another word."""
    words = fold(company).split() if company else UNITS
    result: list[Piece] = []
    for i, piece in enumerate(found):
        low = heard.tokens[piece.start].low if piece.part is Part.DIGITS else ""
        following = found[i + 1] if i + 1 < len(found) else piece
        before_a_word = following.part is Part.WORD and len(following.text) > _SHORT_WORD
        if low in words and piece.end == piece.start + 1 and (company or before_a_word):
            result.append(replace(piece, part=Part.WORD, text=low))
        else:
            result.append(piece)
    return result


def _plain(word: str) -> str:
    return "".join(c for c in fold(word) if c.isascii() and c.isalnum())
