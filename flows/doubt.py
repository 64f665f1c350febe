"""The one letter that is in doubt: "Was that B as in boy or D as in dog?".

After a no there may be other readings of the same words, from the recogniser's alternatives or from
earlier attempts, that differ from the refused value in a single letter. One of them is read back at
once; between two of them the caller is asked for the letter alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from flows.lead import FieldState


@dataclass(frozen=True)
class DoubtfulLetter:
    """The letters that are possible at one place, and the value that each of them makes."""

    values: dict[str, str]

    @property
    def letters(self) -> tuple[str, str]:
        """The two likeliest."""
        first, second = list(self.values)[:2]
        return first, second

    def answered(self, text: str) -> str | None:
        """The value that the caller's answer names; None where it names no letter, or several."""
        words = re.findall(r"[a-z]+", text.casefold())
        named = {letter for letter in self.values if letter in words}
        if not named:
            # "As in dog": the example stands for its letter.
            after = [words[i + 1] for i, w in enumerate(words[:-1]) if w in ("in", "for", "like")]
            named = {word[0] for word in after[-1:]} & set(self.values)
        return self.values[named.pop()] if len(named) == 1 else None


def unrefused(held: FieldState) -> list[str]:
    """Readings that differ from the last refused value in one letter, the likeliest first."""
    refused = held.rejected[-1] if held.rejected else None
    if not isinstance(refused, str):
        return []
    found: list[str] = []
    for evidence in held.evidence:
        value = evidence.value
        if not isinstance(value, str) or value in found or held.was_rejected(value):
            continue
        if _place(refused, value) is not None:
            found.append(value)
    return found


def doubtful_letter(held: FieldState) -> DoubtfulLetter | None:
    """Where two readings or more differ from the refused value at the same place."""
    if held.value is not None:
        return None
    refused = held.rejected[-1] if held.rejected else None
    values: dict[str, str] = {}
    place: int | None = None
    for value in unrefused(held):
        at = _place(str(refused), value)
        if place is None:
            place = at
        if at is not None and at == place and value[at].isalpha():
            values.setdefault(value[at].casefold(), value)
    return DoubtfulLetter(values) if len(values) > 1 else None


def _place(one: str, other: str) -> int | None:
    """Where the two differ, if in one place only."""
    if len(one) != len(other):
        return None
    places = [i for i in range(len(one)) if one[i].casefold() != other[i].casefold()]
    return places[0] if len(places) == 1 else None
