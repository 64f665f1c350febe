"""Several hearings of a name, combined word by word: each word where it was heard best.

"Victor Manson", "Baker Mensah" (spelled) and "Victor Mensa" are one name, "Victor Mensah", that was
never heard as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from flows.lead import Evidence, same_value
from flows.repair import likeness

_SPELLED = 3.0
"""A word whose letters were said one by one counts as much as so many hearings of it."""
_OPTIONS = 3
_MARGIN = 0.2


def by_words(newest: str, attempts: Sequence[Evidence], *, rejected: Sequence[str]) -> str | None:
    """A combination that has more support than the newest hearing; None: there is none."""
    words = newest.split()
    heard = [(e.value.split(), e.text) for e in attempts if isinstance(e.value, str)]
    heard = [(said, text) for said, text in heard if len(said) == len(words)]
    if len(words) < 2 or len(heard) < 2:
        return None
    support = [_support(place, heard) for place in range(len(words))]
    ranked = [sorted(s, key=lambda w: -s[w])[:_OPTIONS] for s in support]

    def worth(choice: Sequence[str]) -> float:
        return sum(support[place].get(word, 0.0) for place, word in enumerate(choice))

    for choice in sorted(product(*ranked), key=worth, reverse=True):
        value = " ".join(choice)
        if any(same_value(value, old) for old in rejected):
            continue
        if same_value(value, newest):
            return None
        return value if worth(choice) > worth(words) + _MARGIN else None
    return None


def _support(place: int, heard: Sequence[tuple[list[str], str]]) -> dict[str, float]:
    """How much each word that was heard at a place is supported by all that were heard there."""
    weights: dict[str, float] = {}
    for said, text in heard:
        word = said[place]
        spelled = _letters_in(text)
        weight = _SPELLED if spelled and word.casefold() in spelled else 1.0
        weights[word] = weights.get(word, 0.0) + weight
    return {
        word: sum(likeness(word, other) ** 2 * weight for other, weight in weights.items())
        for word in weights
    }


def _letters_in(text: str) -> str:
    """The letters that were said one by one."""
    return "".join(re.findall(r"(?<![a-z'])[a-z](?![a-z'])", text.casefold()))
