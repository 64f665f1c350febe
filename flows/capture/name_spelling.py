"""What was spelled of a name, put in the place of what was heard of it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from flows.capture.letters import run_at
from flows.capture.pieces import similar
from flows.capture.tokens import Token, fold

_WIDE_SPACE = 2
"""Characters between two letters that some recognisers write for a pause."""


def split_runs(tokens: Sequence[Token], start: int, end: int) -> list[str]:
    """The letters of a run, cut where the caller paused between two names."""
    run = run_at(tokens, start)
    if run is None:
        return []
    letters = [letter for letter in run.letters if letter.start < end]
    pauses = {",", "."}
    gaps = [
        any(tokens[k].low in pauses for k in range(a.end, b.start))
        or tokens[b.start].start - tokens[a.end - 1].end >= _WIDE_SPACE
        for a, b in pairwise(letters)
    ]
    words, current = [], letters[0].char
    many = sum(gaps) >= max(2, len(gaps) * 0.6)
    for gap, letter in zip(gaps, letters[1:], strict=False):
        if gap and not many:
            words.append(current)
            current = ""
        current += letter.char
    words.append(current)
    return words


def with_spelling(words: list[str], spelled: list[str], *, marked: bool) -> list[str]:
    """What was spelled replaces the word that sounds like it, or is a name of its own."""
    result = list(words)
    taken: set[int] = set()
    if fold("".join(result)) == "".join(spelled) and len(result) > 1:
        return result
    whole = "".join(spelled)
    if len(spelled) == 1 and result:
        joined = fold("".join(result))
        if len(result) > 1 and similar(joined, whole):
            cut = _cut_like(result, whole)
            if cut is not None:
                return cut
    for word in spelled:
        match = next(
            (
                i for i in range(len(result) - 1, -1, -1)
                if i not in taken and same(result[i], word)
            ),
            None,
        )  # fmt: skip
        if match is None:
            initials = [i for i, w in enumerate(result) if fold(w)[:1] == word[0]]
            if marked and initials and initials[-1] not in taken:
                result[initials[-1]] = word
                taken.add(initials[-1])
                continue
            result.append(word)
            taken.add(len(result) - 1)
        else:
            result[match] = _confirmed(result[match], word)
            taken.add(match)
    return result


def _confirmed(word: str, letters: str) -> str:
    """The word in its own writing ("DeShawn", "José") where the letters only confirm it."""
    plain = "".join(c for c in fold(word) if c.isalnum())
    return word if plain == letters else letters


def _cut_like(words: list[str], letters: str) -> list[str] | None:
    """ "Jane Doe, J A N E D O E": the letters of both names in one breath."""
    lengths = [len(fold(w)) for w in words]
    if sum(lengths) == len(letters):
        result, at = [], 0
        for n in lengths:
            result.append(letters[at : at + n])
            at += n
        return result
    if len(words) == 2:
        best = None
        for cut in range(2, len(letters) - 1):
            if letters[cut] == fold(words[1])[:1] and similar(fold(words[0]), letters[:cut]):
                best = [letters[:cut], letters[cut:]]
        return best
    return None


def same(word: str, letters: str) -> bool:
    plain = "".join(c for c in fold(word) if c.isalpha())
    return similar(plain, letters)
