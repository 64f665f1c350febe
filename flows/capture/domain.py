"""The domain of a spoken e-mail address: its labels, its ending, the usual providers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.capture.english.domains import PROVIDERS, TLDS, TLDS_HEARD
from flows.capture.pieces import Part, Piece

_WORDS_BEFORE_THE_DOT = 4
# Usually beside an address, but right in front of the dot a part of it ("at my company dot net").
_NAME_LABELS = frozenset({
    "company", "business", "work", "works", "home", "mail", "email", "account", "phone", "number",
    "people", "now", "right", "look", "direct", "private", "personal", "professional", "contact",
    "first", "best", "good", "great", "one", "us", "like", "go", "name", "message", "perfect",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One side of the at: its text and where it stands among the pieces."""

    text: str
    start: int
    end: int
    doubt: float = 0.0
    whole: bool = True


def domain_at(found: Sequence[Piece], at: int) -> Side | None:
    """The domain that begins at a piece, or None where there is none."""
    labels: list[str] = [""]
    doubt, i = 0.0, at
    last_good: tuple[int, int] | None = None
    while i < len(found):
        piece = found[i]
        if piece.is_characters or (
            piece.part is Part.STOP and (not labels[-1] or _leads_to_a_dot(found, i, last_good))
        ):
            if piece.text.startswith("."):
                labels = [*labels, piece.text[1:]]
            else:
                if last_good and labels[-1] and piece.part is not Part.LETTERS and not piece.glued:
                    break
                joined = labels[-1] + piece.text
                ended = last_good and labels[-1] and not _tld_begins(joined)
                if ended and not _label_goes_on(found, i):
                    break
                labels[-1] = joined
            doubt += piece.doubt
            i += 1
        elif piece.part is Part.SEPARATOR and piece.text == ".":
            labels.append("")
            i += 1
            continue
        elif piece.part is Part.SEPARATOR and piece.text in "-_" and labels[-1]:
            if last_good and piece.doubt:
                break
            labels[-1] += "-"
            doubt += piece.doubt
            i += 1
        elif piece.part is Part.PAUSE:
            # "Acme. Com." is what some recognisers make of "acme dot com".
            following = found[i + 1] if i + 1 < len(found) else None
            if (
                piece.text == "." and labels[-1] and following is not None
                and following.text in TLDS and following.is_characters
                and labels[-1] not in TLDS
            ):  # fmt: skip
                labels.append("")
            elif last_good and not _goes_on(found, i):
                break
            i += 1
            continue
        else:
            break
        if len(labels) > 1 and labels[-1] and _is_tld(labels[-1]):
            last_good = (len(labels), i)
    return _settled(labels, found, (at, i), last_good, doubt=doubt)


def _label_goes_on(found: Sequence[Piece], at: int) -> bool:
    """Whether spelled letters lead to another dot: "D O E dot com" is no "do"."""
    for piece in found[at:]:
        if piece.part is Part.SEPARATOR:
            return piece.text == "."
        if piece.part not in {Part.LETTERS, Part.PAUSE, Part.DIGITS} or piece.text == ".":
            return False
    return False


def _leads_to_a_dot(found: Sequence[Piece], at: int, last_good: tuple[int, int] | None) -> bool:
    """ "at smith and sons dot com": a little word inside of the name, and the dot soon behind."""
    before = found[at - 1] if at else None
    if last_good or before is None or not (before.is_characters or before.part is Part.STOP):
        return False
    if found[at].text in _NAME_LABELS and at + 1 < len(found) and found[at + 1].text == ".":
        return True
    names = 0
    for piece in found[at + 1 : at + 1 + _WORDS_BEFORE_THE_DOT]:
        if piece.part is Part.SEPARATOR:
            return piece.text == "." and names > 0
        if piece.part is not Part.WORD and piece.part is not Part.STOP:
            return False
        names += piece.part is Part.WORD
    return False


def _tld_begins(text: str) -> bool:
    return any(tld.startswith(text) for tld in TLDS)


def _is_tld(label: str) -> bool:
    return label in TLDS


def _goes_on(found: Sequence[Piece], at: int) -> bool:
    """Whether a dot or another single letter of the ending follows a pause."""
    for piece in found[at : at + 3]:
        if piece.part is Part.PAUSE:
            continue
        return (piece.part is Part.SEPARATOR and piece.text == ".") or (
            piece.part is Part.LETTERS and len(piece.text) == 1
        )
    return False


def _settled(
    labels: list[str],
    found: Sequence[Piece],
    span: tuple[int, int],
    good: tuple[int, int] | None,
    *,
    doubt: float,
) -> Side | None:
    at, end = span
    if good:
        kept, stop = good
        names = [label.strip("-") for label in labels[:kept]]
        # What follows the last good ending inside the same label was cut already.
        while names and not _is_tld(names[-1]):
            names[-1] = names[-1][:-1]
            if not names[-1]:
                return None
        if all(names):
            return Side(".".join(names), at, stop, doubt)
        return None
    names = [label.strip("-") for label in labels if label.strip("-")]
    if len(names) >= 2 and names[-1] in TLDS_HEARD:
        return Side(".".join([*names[:-1], TLDS_HEARD[names[-1]]]), at, end, doubt + 0.15)
    if len(names) >= 2:
        for length in range(len(names[-1]) - 1, 1, -1):
            if names[-1][:length] in ("com", "net", "org"):
                return Side(".".join([*names[:-1], names[-1][:length]]), at, end, doubt + 0.3)
        return None
    if len(names) == 1:
        if names[0] in PROVIDERS and names[0] not in {"me", "live", "hey", "web", "orange", "cox"}:
            stop = next(k for k in range(at, end) if found[k].is_characters) + 1
            return Side(PROVIDERS[names[0]], at, max(stop, at + 1), doubt + 0.15)
        for tail in ("com", "dotcom"):
            base = names[0].removesuffix(tail)
            if base != names[0] and base in PROVIDERS:
                return Side(f"{base}.com", at, end, doubt + 0.15)
    return None
