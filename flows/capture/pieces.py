"""An utterance as the pieces of an e-mail address: characters, separators, the at, other words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from flows.capture.digits import groups_at
from flows.capture.english.addresses import (
    ATS,
    DASHES,
    DASHES_HEARD,
    DOTS,
    GLUE,
    PLUSES,
    STOPS,
    UNDERSCORES,
)
from flows.capture.english.domains import PROVIDERS_HEARD
from flows.capture.english.numbers import DIGITS, REPEATS, UNITS
from flows.capture.letters import Letter, is_letter, letter_at, run_at
from flows.capture.speech import phrase_at, phrases
from flows.capture.tokens import Token, fold

_ATS, _DOTS, _DASHES = phrases(ATS), phrases(DOTS), phrases(DASHES)
_DASHES_HEARD, _UNDERSCORES, _PLUSES = phrases(DASHES_HEARD), phrases(UNDERSCORES), phrases(PLUSES)
_GLUE, _PROVIDERS_HEARD = phrases(GLUE), phrases(PROVIDERS_HEARD)


class Part(Enum):
    """What a piece is for the address."""

    WORD = "word"
    LETTERS = "letters"
    DIGITS = "digits"
    SEPARATOR = "separator"
    AT = "at"
    PAUSE = "pause"  # a comma, a filler, "all one word"
    STOP = "stop"  # a word that is seldom part of an address
    HARD = "hard"  # the address cannot go on over it


CHARACTERS = frozenset({Part.WORD, Part.LETTERS, Part.DIGITS})


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters of an address and the tokens that they come from."""

    part: Part
    text: str
    start: int
    end: int
    glued: bool = False  # written without a space before it
    doubt: float = 0.0

    @property
    def is_characters(self) -> bool:
        return self.part in CHARACTERS


def pieces(tokens: Sequence[Token]) -> list[Piece]:
    """All tokens as pieces, from left to right."""
    found: list[Piece] = []
    at = 0
    while at < len(tokens):
        made = _piece_at(tokens, at, found)
        found.extend(made)
        at = made[-1].end
    return _respelled(_loose_and(found))


def _low(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].low if 0 <= at < len(tokens) else ""


def _glued(tokens: Sequence[Token], at: int) -> bool:
    return 0 < at < len(tokens) and not tokens[at].spaced


def _piece_at(tokens: Sequence[Token], at: int, before: list[Piece]) -> list[Piece]:
    token = tokens[at]
    glued = _glued(tokens, at)
    if token.is_sign:
        return [_sign(tokens, at, glued)]
    provider = _provider(tokens, at, before)
    if provider is not None:
        return [provider]
    spelling = sum(1 for p in before if p.part is Part.LETTERS) >= 2
    run = run_at(tokens, at, nato_least=2 if spelling else 3)
    if run is not None:
        return [
            Piece(
                Part.LETTERS, letter.char, letter.start, letter.end,
                doubt=0.0 if letter.sure else 0.1,
            )
            for letter in _spaced_out(run.letters)
        ]  # fmt: skip
    return [_word(tokens, at, glued, before)]


def _spaced_out(letters: tuple[Letter, ...]) -> tuple[Letter, ...]:
    """Letters whose spans touch, so that separators between them are not visited again."""
    return tuple(
        replace(letter, end=letters[i + 1].start) if i + 1 < len(letters) else letter
        for i, letter in enumerate(letters)
    )


def _provider(tokens: Sequence[Token], at: int, before: list[Piece]) -> Piece | None:
    """ "g mail" and "G-mail" behind the at."""
    length = phrase_at(tokens, at, _PROVIDERS_HEARD)
    if not length or not any(p.part is Part.AT for p in before[-2:]):
        return None
    said = " ".join(t.low for t in tokens[at : at + length] if not t.is_sign)
    name = PROVIDERS_HEARD.get(said)
    return Piece(Part.WORD, name, at, at + length) if name else None


def _sign(tokens: Sequence[Token], at: int, glued: bool) -> Piece:
    sign = tokens[at].low
    tight = glued and _glued(tokens, at + 1)
    if sign in {"@", "＠"}:
        return Piece(Part.AT, "@", at, at + 1, glued=tight)
    if sign == ".":
        loose = not glued and at + 1 < len(tokens) and tokens[at + 1].spaced
        starts = not glued and _glued(tokens, at + 1)
        if tight or loose or starts:
            return Piece(Part.SEPARATOR, ".", at, at + 1, glued=tight)
        return Piece(Part.PAUSE, ".", at, at + 1)
    if sign in {"-", "–"}:
        if tight and not _spelled_with_hyphens(tokens, at):
            return Piece(Part.SEPARATOR, "-", at, at + 1, glued=True)
        return Piece(Part.PAUSE, "-", at, at + 1)
    if sign in {"_", "+"}:
        return Piece(Part.SEPARATOR, sign, at, at + 1, glued=tight)
    if sign in {",", "'", '"', "…", "’", "*", "`"}:
        return Piece(Part.PAUSE, sign, at, at + 1)
    return Piece(Part.HARD, sign, at, at + 1)


def _spelled_with_hyphens(tokens: Sequence[Token], at: int) -> bool:
    """ "J-A-N-E": hyphens of a recogniser that writes spelled letters so."""
    left, right = _low(tokens, at - 1), _low(tokens, at + 1)
    return len(left) == 1 and len(right) == 1


def _word(tokens: Sequence[Token], at: int, glued: bool, before: list[Piece]) -> Piece:
    low = tokens[at].low
    if length := phrase_at(tokens, at, _ATS):
        return Piece(Part.AT, "@", at, at + length)
    if low == "at":
        return Piece(Part.AT, "at", at, at + 1, glued=glued)
    for table, sign in (
        (_UNDERSCORES, "_"), (_DOTS, "."), (_DASHES, "-"), (_PLUSES, "+"),
    ):  # fmt: skip
        if low == "point" and before and before[-1].text == "-":
            break  # "harbor dash point dash insurance": here it is a word
        if length := phrase_at(tokens, at, table):
            return Piece(Part.SEPARATOR, sign, at, at + length)
    if low == "apostrophe" and before and before[-1].is_characters:
        return Piece(Part.SEPARATOR, "'", at, at + 1)
    if low in {"initial", "initials"} and _before_a_letter(tokens, at + 1):
        return Piece(Part.PAUSE, low, at, at + 1)
    if low == "one" and before and before[-1].text in _ONES_OF and before[-1].part is Part.STOP:
        return Piece(Part.STOP, low, at, at + 1)
    if low == "dotcom":
        return Piece(Part.WORD, ".com", at, at + 1)
    hint = _hint(tokens, at, before)
    if hint is not None:
        return hint
    if low == "a" and _initial(tokens, at):
        return Piece(Part.LETTERS, "a", at, at + 1)
    spelled = letter_at(tokens, at, spelling=bool(before) and before[-1].part is Part.LETTERS)
    if spelled is not None and (
        spelled.how == "as_in"
        or len(spelled.char) > 1
        or spelled.end > at + 1
        or (spelled.how == "letter" and low not in {"a", "i"})
    ):
        return Piece(Part.LETTERS, spelled.char, at, spelled.end, glued=glued)
    if length := phrase_at(tokens, at, _GLUE):
        return Piece(Part.PAUSE, " ".join(_low(tokens, at + k) for k in range(length)),
                     at, at + length)  # fmt: skip
    options = groups_at(tokens, at, among_digits=bool(before) and before[-1].part is Part.DIGITS)
    if (
        low in REPEATS
        and _low(tokens, at + 1) in {"oh", "o"}
        and _beside_digits(tokens, at + 1, before)
    ):  # "agent double oh seven"
        return Piece(Part.DIGITS, "0" * REPEATS[low], at, at + 2, glued=glued)
    if options and not (low in {"o", "oh"} and not _beside_digits(tokens, at, before)):
        if glued and not low.isdigit() and len(low) > 2:
            return Piece(Part.WORD, low, at, at + 1, glued=True)  # "7-eleven.com"
        real = low.isdigit() or low in DIGITS or len(options[0][0]) > 1 or low in UNITS
        if real or _beside_digits(tokens, at, before):
            return Piece(Part.DIGITS, options[0][0], at, options[0][1], glued=glued)
    if (
        spelled is not None
        and spelled.how == "letter"
        and (
            (before and before[-1].part in {Part.LETTERS, Part.SEPARATOR, Part.DIGITS})
            or is_letter(_low(tokens, at + 1))
            or _low(tokens, at + 1) in {"dot", "at", "@", "underscore", "dash", "hyphen", "."}
        )
    ):
        return Piece(Part.LETTERS, spelled.char, at, at + 1, glued=glued)
    if phrase_at(tokens, at, _DASHES_HEARD) and _between_domain_words(tokens, at, before):
        return Piece(Part.SEPARATOR, "-", at, at + 1, doubt=0.25)
    text = "".join(c for c in fold(low) if c.isascii() and c.isalnum())
    if low in STOPS:
        return Piece(Part.STOP, text, at, at + 1, glued=glued)
    if not text:
        return Piece(Part.HARD, low, at, at + 1)
    return Piece(Part.WORD, text, at, at + 1, glued=glued)


# "My personal one": no digit.
_ONES_OF = {"personal", "work", "private", "business", "other", "home", "best", "main", "primary",
            "new", "old", "this", "that", "the", "professional", "company", "usual",
            "current", "same"}  # fmt: skip


def _before_a_letter(tokens: Sequence[Token], at: int) -> bool:
    """ "First initial J": the letter follows, perhaps behind "is"."""
    while _low(tokens, at) in {"is", ",", ":"}:
        at += 1
    return letter_at(tokens, at) is not None if at < len(tokens) else False


def _initial(tokens: Sequence[Token], at: int) -> bool:
    """ "a smith at acme dot com": an initial, for no article stands in front of an address."""
    if at + 2 >= len(tokens) or not tokens[at + 1].is_word or _low(tokens, at + 1) in STOPS:
        return False
    return _low(tokens, at + 2) in {"at", "@", "dot", "underscore", "dash", "hyphen"}


def _hint(tokens: Sequence[Token], at: int, before: list[Piece]) -> Piece | None:
    """ "Bryan with a Y at acme dot com": the word before, spelled as the caller says."""
    if _low(tokens, at) != "with" or not before or before[-1].part is not Part.WORD:
        return None
    from flows.capture import amend_letters

    end = next(
        (k for k in range(at + 2, min(at + 6, len(tokens))) if _low(tokens, k) in _HINT_ENDS), None
    )
    change = amend_letters.change_in(tokens[at:end]) if end is not None else None
    if change is None or end is None:
        return None
    word = before[-1]
    known = change.old is None and change.new in word.text
    changed = None if known else amend_letters.apply(word.text, change)
    if changed is not None:
        before[-1] = replace(word, text=changed[0], doubt=0.1)
    return Piece(Part.PAUSE, "with", at, end)


_HINT_ENDS = {"at", "@", "dot", ",", ".", "underscore", "dash", "hyphen"}


def _beside_digits(tokens: Sequence[Token], at: int, before: list[Piece]) -> bool:
    if before and before[-1].part is Part.DIGITS:
        return True
    following = _low(tokens, at + 1)
    return following in DIGITS or following.isdigit()


def _between_domain_words(tokens: Sequence[Token], at: int, before: list[Piece]) -> bool:
    """ "at acme this corp dot io": the at before and a dot behind."""
    ahead = [_low(tokens, k) for k in range(at + 1, min(at + 4, len(tokens)))]
    if not before or not before[-1].is_characters:
        return False
    since = [p.part for p in before[-4:]]
    return Part.AT in since and any(w in {"dot", "point", "."} for w in ahead)


def _loose_and(found: list[Piece]) -> list[Piece]:
    """ "and" between spelled letters is what recognisers make of "n" and, oftener, of "a"."""
    for i in range(1, len(found) - 1):
        piece = found[i]
        if piece.part is not Part.STOP or piece.text not in {"and", "an"}:
            continue
        left, right = found[i - 1], found[i + 1]
        if left.part is Part.LETTERS and right.part is Part.LETTERS:
            found[i] = replace(piece, part=Part.LETTERS, text="a", doubt=0.3)
    return found


def _respelled(found: list[Piece]) -> list[Piece]:
    """A word and then the same word spelled: the spelling counts ("acme, that's A C M E")."""
    result: list[Piece] = []
    i = 0
    while i < len(found):
        piece = found[i]
        result.append(piece)
        i += 1
        if piece.part is not Part.WORD or len(piece.text) < 2:
            continue
        j = i
        while j < len(found) and j - i < 4 and found[j].part in {Part.STOP, Part.PAUSE}:
            j += 1
        k = j
        while k < len(found) and (
            found[k].part is Part.LETTERS
            or (found[k].part is Part.PAUSE and k > j and found[k].text in {",", "-", "."})
        ):
            k += 1
        letters = "".join(p.text for p in found[j:k] if p.part is Part.LETTERS)
        if len(letters) >= 2 and similar(piece.text, letters):
            result[-1] = Piece(Part.LETTERS, letters, piece.start, found[k - 1].end)
            i = k
    return result


def similar(word: str, letters: str) -> bool:
    """Whether letters may be the spelling of a word as heard."""
    from rapidfuzz.distance import Levenshtein

    if word == letters:
        return True
    if abs(len(word) - len(letters)) > 3 or len(letters) < 3:
        return False
    return float(Levenshtein.normalized_similarity(word, letters)) >= 0.5 and (
        word[0] == letters[0] or word[-2:] == letters[-2:]
    )
