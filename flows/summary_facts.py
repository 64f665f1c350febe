"""What a summary may state: the settled values of a lead, by kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from flows.capture import Kind
from flows.capture.numbers import numbers
from flows.capture.tokens import tokenize
from flows.lead import SETTLED, Lead, Status
from flows.playbook import Playbook, PlaybookField

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")


@dataclass(frozen=True)
class Fact:
    """One field and what is known of it; `value` is None unless it is settled."""

    spec: PlaybookField
    status: Status
    value: Any

    @property
    def key(self) -> str:
        return self.spec.key

    @property
    def settled(self) -> bool:
        return self.status in SETTLED and self.value is not None


class Facts:
    """A lead as the checker of its summary sees it."""

    def __init__(self, lead: Lead, playbook: Playbook, *, disposition: str, score: int) -> None:
        self.disposition = disposition
        self.score = score
        self.all = tuple(
            Fact(
                spec,
                lead[spec.key].status,
                lead[spec.key].value if lead[spec.key].status in SETTLED else None,
            )
            for spec in playbook.fields
        )
        said = [f.value for f in self.of(Kind.TEXT)]
        said += [e.text for f in self.of(Kind.BOOLEAN) for e in lead[f.key].evidence if e.text]
        self.free_text = " . ".join(str(text) for text in said)
        """What may be repeated word by word."""
        named = [str(f.value) for f in self.of(Kind.NAME, Kind.COMPANY)]
        self.names = frozenset(w.casefold() for name in named for w in _WORD.findall(name))
        self.words = frozenset(
            word.casefold()
            for text in (self.free_text, *named, *(f.spec.label for f in self.all))
            for word in _WORD.findall(text)
        )
        self.text_numbers = frozenset(
            n.value for f in self.of(Kind.TEXT) for n in numbers(tokenize(str(f.value)).tokens)
        )

    def of(self, *kinds: Kind) -> tuple[Fact, ...]:
        """The settled facts of some kinds."""
        return tuple(f for f in self.all if f.settled and f.spec.kind in kinds)

    def days(self) -> list[tuple[str, date]]:
        """Every settled day, with its field."""
        dated = self.of(Kind.DATE, Kind.DATETIME)
        return [(f.key, datetime.fromisoformat(str(f.value)).date()) for f in dated]

    def moments(self) -> list[tuple[str, datetime]]:
        """Every settled date-time, with its field."""
        return [(f.key, datetime.fromisoformat(str(f.value))) for f in self.of(Kind.DATETIME)]

    def counts(self) -> list[tuple[str, Fraction]]:
        """Every settled count, both ends of a range."""
        return [(f.key, n) for f in self.of(Kind.COUNT) for n in _bounds(f.value)]

    def amounts(self) -> list[tuple[str, Fraction, str, str | None]]:
        """Every settled amount of money: field, amount, currency, period."""
        return [
            (f.key, n, str(f.value.get("currency")), f.value.get("period"))
            for f in self.of(Kind.MONEY)
            if isinstance(f.value, dict)
            for n in _bounds(f.value)
        ]


def _bounds(value: Any) -> list[Fraction]:
    bounds = [value.get("min"), value.get("max")] if isinstance(value, dict) else [value]
    return [Fraction(str(b)) for b in bounds if isinstance(b, int | float)]
