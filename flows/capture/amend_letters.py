"""Corrections of letters: "with a K", "B not D", "an E at the end", "two Ns", "no dot"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.capture.english.corrections import (
    AT_THE_END,
    AT_THE_START,
    ENDING_WITH,
    MISSED,
    REPLACES,
    SINGLE,
    STARTING_WITH,
    WITH,
    WITHOUT,
)
from flows.capture.letters import Letter, is_letter, letter_at, run_at, sounds_like
from flows.capture.pieces import similar
from flows.capture.speech import find_phrase, phrase_at, phrases
from flows.capture.tokens import Token, fold

_WITH, _WITHOUT, _REPLACES = phrases(WITH), phrases(WITHOUT), phrases(REPLACES)
_END, _START = phrases(AT_THE_END), phrases(AT_THE_START)
_ENDING, _STARTING = phrases(ENDING_WITH), phrases(STARTING_WITH)
_SINGLE = phrases(SINGLE)
_SIGN_WORDS = {"dot": ".", "dots": ".", "period": ".", "dash": "-", "hyphen": "-", "hyphens": "-",
               "dashes": "-", "underscore": "_", "underscores": "_", "plus": "+"}  # fmt: skip
# Said for one another in names, the likeliest first: "Catherine with a K", "Stephen with a V".
_SPELLINGS = {
    "k": ("c", "ck", "ch", "q", "g"), "c": ("k", "s", "ck", "z"), "s": ("z", "c", "f", "x"),
    "z": ("s", "c", "x"), "f": ("ph", "v", "s"), "ph": ("f", "v"), "v": ("ph", "f", "w", "b", "d"),
    "y": ("i", "ie", "ey", "e", "ee"), "i": ("y", "e", "ee", "a"), "e": ("a", "i", "y", "d", "b"),
    "a": ("e", "o", "u", "h", "i"), "o": ("a", "u", "l"), "j": ("g", "y", "k"), "g": ("j", "k",
    "d"),
    "n": ("m",), "m": ("n",), "b": ("d", "p", "v", "e"), "d": ("t", "b", "e", "g"),
    "p": ("b", "t"), "t": ("d", "p"), "w": ("v", "u"), "u": ("o", "w", "oo"), "q": ("k", "c"),
    "x": ("cks", "cs", "ks", "s"), "h": ("",), "r": ("",), "l": ("",), "ck": ("k", "c"),
    "ch": ("k", "c", "sh"), "sh": ("ch",), "ee": ("ea", "i", "y"), "ie": ("y", "ee"),
    "ey": ("y", "ie"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """A correction of letters, as said: new ones, the wrong ones, and where."""

    new: str = ""
    old: str | None = None
    where: str | None = None  # "start" or "end"
    remove: bool = False
    missed: bool = False
    count: int | None = None


def change_in(tokens: Sequence[Token]) -> Change | None:
    """The correction of single letters or signs that an utterance holds."""
    where = _where(tokens)
    for at in range(len(tokens)):
        doubled = _doubled(tokens, at)
        if doubled is not None:
            return doubled
        removed = _removed(tokens, at, where)
        if removed is not None:
            return removed
    for at in range(len(tokens)):
        said = _said(tokens, at)
        if said is None:
            continue
        new, end = said
        old = _replaced(tokens, end)
        before = _negated_before(tokens, at)
        if before:
            following = _next_said(tokens, end)
            if following is None:
                continue
            return Change(new=following, old=new, where=where)
        introduced = _introduced(tokens, at)
        if old is None and not introduced:
            continue
        missed = any(t.low in MISSED for t in tokens[:at])
        return Change(new=new, old=old, where=where, missed=missed)
    return None


def _said(tokens: Sequence[Token], at: int) -> tuple[str, int] | None:
    """A letter, a pair ("PH", "C K") or a sign said as such."""
    low = tokens[at].low
    if low in _SIGN_WORDS:
        return _SIGN_WORDS[low], at + 1
    if low in {"a", "i"} and not _alone(tokens, at):
        return None
    letter: Letter | None = letter_at(tokens, at)
    if letter is None or letter.how == "nato" or len(letter.char) > 2:
        return _pair(low, at)
    following = letter_at(tokens, letter.end)
    if (
        following is not None
        and following.how == "letter"
        and (letter.char + following.char in _SPELLINGS)
    ):
        third = letter_at(tokens, following.end)
        if third is None or third.how != "letter":
            return letter.char + following.char, following.end
    return letter.char, letter.end


def _pair(low: str, at: int) -> tuple[str, int] | None:
    return (low, at + 1) if low in {"ph", "ck", "ch", "sh", "ee", "ie", "ey"} else None


def _alone(tokens: Sequence[Token], at: int) -> bool:
    """ "a" is the letter when it is written large or nothing follows that it could belong to."""
    following = tokens[at + 1].low if at + 1 < len(tokens) else ""
    return tokens[at].text == "A" or following in {"", ",", ".", "not", "instead", "at", "as"}


def _where(tokens: Sequence[Token]) -> str | None:
    if find_phrase(tokens, _END) is not None or find_phrase(tokens, _ENDING) is not None:
        return "end"
    if find_phrase(tokens, _START) is not None or find_phrase(tokens, _STARTING) is not None:
        return "start"
    return None


def _doubled(tokens: Sequence[Token], at: int) -> Change | None:
    low = tokens[at].low
    if at + 1 >= len(tokens):
        return None
    following = tokens[at + 1].low
    letter = following[0] if is_letter(following.removesuffix("'s").removesuffix("s")) else None
    if letter is None and len(following) == 2 and following[1] == "s":
        letter = following[0]
    if letter is None:
        return None
    if low in {"double", "two", "2"} and not (low == "double" and following in {"u", "you"}):
        return Change(new=letter * 2, old=letter, count=2)
    if phrase_at(tokens, at, _SINGLE) and low != "1" and (at == 0 or tokens[at - 1].low != "the"):
        return Change(new=letter, old=letter * 2, count=1)
    return None


def _removed(tokens: Sequence[Token], at: int, where: str | None) -> Change | None:
    length = phrase_at(tokens, at, _WITHOUT)
    if not length or at + length >= len(tokens):
        return None
    said = _said(tokens, at + length)
    if said is None:
        return None
    text, end = said
    alone = tokens[at].low == "no" and length == 1
    if alone and text not in _SIGN_WORDS.values() and where is None:
        following = tokens[end].low if end < len(tokens) else ""
        if following not in {"", "in", "at", "there"} or at == 0:
            return None
    if _next_said(tokens, end) is not None and tokens[at].low == "not":
        return None
    return Change(old=text, where=where, remove=True)


def _replaced(tokens: Sequence[Token], at: int) -> str | None:
    """The wrong letter behind "not" or "instead of"."""
    i = at
    while i < len(tokens) and tokens[i].low in {",", "-", "and"}:
        i += 1
    length = phrase_at(tokens, i, _REPLACES)
    if not length:
        return None
    i += length
    while i < len(tokens) and tokens[i].low in {"a", "an", "the", "with"} and i + 1 < len(tokens):
        i += 1
    said = _said(tokens, i) if i < len(tokens) else None
    return said[0] if said else None


def _negated_before(tokens: Sequence[Token], at: int) -> bool:
    i = at - 1
    while i >= 0 and tokens[i].low in {"a", "an", "the", "with"}:
        i -= 1
    return i >= 0 and tokens[i].low in {"not", "isn't"}


def _next_said(tokens: Sequence[Token], at: int) -> str | None:
    i = at
    while i < len(tokens) and tokens[i].low in {",", "but", "it's", "a", "an", "-", ".", "with"}:
        i += 1
    said = _said(tokens, i) if i < len(tokens) else None
    return said[0] if said else None


def _introduced(tokens: Sequence[Token], at: int) -> bool:
    if at == 0:
        return False
    for back in range(1, 6):
        start = at - back
        if start < 0:
            break
        length = phrase_at(tokens, start, _WITH)
        if length and start + length == at:
            return True
    sign = tokens[at].low in _SIGN_WORDS
    return not sign and (letter_at(tokens, at) or Letter("", 0, 0, "")).how == "as_in"


def apply(text: str, change: Change) -> tuple[str, float] | None:
    """The text with the change made, and how certain it is that this was the place."""
    low = text.casefold()
    if change.remove and change.old:
        return _remove(low, change.old, change.where)
    if change.count is not None and change.old is not None:
        return _recount(low, change)
    if change.old is not None:
        return _replace(low, change.old, change.new, change.where)
    if change.where == "end":
        return _at_end(low, change.new)
    if change.where == "start":
        return _at_start(low, change.new)
    return _by_sound(low, change.new)


def _remove(text: str, old: str, where: str | None) -> tuple[str, float] | None:
    if old not in text:
        return None
    if where == "end":
        return (text[: -len(old)], 0.8) if text.endswith(old) else None
    if text.count(old) == 1 or old in "._-":
        return text.replace(old, ""), 0.8
    at = text.rfind(old)
    return text[:at] + text[at + len(old) :], 0.4


def _recount(text: str, change: Change) -> tuple[str, float] | None:
    old, new = change.old or "", change.new
    if change.count == 1:
        return (text.replace(old, new, 1), 0.75) if old in text else None
    if new in text or old not in text:
        return None
    certain = text.count(old) == 1
    return text[::-1].replace(old, new, 1)[::-1], 0.75 if certain else 0.4


def _replace(text: str, old: str, new: str, where: str | None) -> tuple[str, float] | None:
    if old not in text:
        return None
    if where == "end":
        at = text.rfind(old)
        return text[:at] + new + text[at + len(old) :], 0.8
    certain = text.count(old) == 1
    return text.replace(old, new, 1), 0.85 if certain or where == "start" else 0.45


def _at_end(text: str, new: str) -> tuple[str, float] | None:
    if text.endswith(new):
        return None
    last = text[-1:]
    if new != "e" and last and sounds_like(last, new) and not new.isdigit():
        return text[:-1] + new, 0.7
    return text + new, 0.75


def _at_start(text: str, new: str) -> tuple[str, float] | None:
    if not text or text.startswith(new):
        return None
    if text[0] in _SPELLINGS.get(new, ()) or sounds_like(text[0], new):
        return new + text[1:], 0.8
    return new + text, 0.4


def _by_sound(text: str, new: str) -> tuple[str, float] | None:
    for rank, old in enumerate(_SPELLINGS.get(new, ())):
        if not old:
            continue
        places = [
            i for i in range(len(text)) if text.startswith(old, i) and not text.startswith(new, i)
        ]
        if places:
            at = places[0]
            changed = text[:at] + new + text[at + len(old) :]
            return changed, (0.7 if len(places) == 1 else 0.45) - 0.05 * rank
    return None


def spelled_into(text: str, tokens: Sequence[Token]) -> tuple[str, float] | None:
    """A part of the text that was spelled anew ("D O W") in the place of what sounds like it."""
    found: list[str] = []
    at = 0
    while at < len(tokens):
        run = run_at(tokens, at)
        if run is not None and len(run.text) >= 2:
            found.append(run.text)
            at = run.end
        else:
            at += 1
    if not found:
        return None
    changed, hits = text.casefold(), 0
    for letters in found:
        parts = parts_of(changed)
        match = [p for p in parts if similar(fold(p), letters)]
        if match:
            best = max(match, key=lambda p: _likeness(fold(p), letters))
            changed, hits = changed.replace(best, letters, 1), hits + 1
    return (changed, 0.8) if hits == len(found) and changed != text.casefold() else None


def _likeness(one: str, other: str) -> float:
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(one, other))


def parts_of(text: str) -> list[str]:
    part, parts = "", []
    for char in text:
        if char.isalpha() or char == "'":
            part += char
        elif part:
            parts.append(part)
            part = ""
    return [*parts, part] if part else parts
