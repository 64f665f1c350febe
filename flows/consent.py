"""Consent: what the caller allowed or forbade, in the caller's own words, oldest first.

There are two matters: being contacted, and the call's being recorded. An announcement is not a
consent: who goes on after "this call is recorded" has said nothing about it, unless the playbook
says that going on counts (`recording_consent: implied`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flows.evidence import Evidence, Source

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")


class Matter(StrEnum):
    """What a consent is about."""

    CONTACT = "contact"
    RECORDING = "recording"


class Verdict(StrEnum):
    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    """Taken back after it had been given in the same call, or "remove me from your list"."""


@dataclass(frozen=True)
class Consent:
    """One entry of the ledger. `turn` counts the caller's turns from 1, `at` is aware."""

    matter: Matter
    verdict: Verdict
    text: str
    """The caller's words."""
    turn: int
    at: datetime
    source: Source = Source.RULES
    rule: str = ""

    @classmethod
    def of(cls, evidence: Evidence, matter: Matter, verdict: Verdict, *, at: datetime) -> Consent:
        """The entry for the words of `evidence`."""
        return cls(
            matter=matter,
            verdict=verdict,
            text=evidence.text,
            turn=evidence.turn,
            at=at,
            source=evidence.source,
            rule=evidence.rule,
        )

    def document(self) -> dict[str, Any]:
        """JSON-able; `from_document` reads it."""
        return {
            "matter": self.matter.value,
            "verdict": self.verdict.value,
            "text": self.text,
            "turn": self.turn,
            "at": self.at.isoformat(),
            "source": self.source.value,
            "rule": self.rule,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Consent:
        return cls(
            matter=Matter(document["matter"]),
            verdict=Verdict(document["verdict"]),
            text=str(document["text"]),
            turn=int(document["turn"]),
            at=datetime.fromisoformat(document["at"]),
            source=Source(document["source"]),
            rule=str(document.get("rule", "")),
        )


def verdict_on(
    consents: Sequence[Consent], matter: Matter, *, allowed: bool, withdrawn: bool = False
) -> Verdict:
    """What a new yes or no means after what was said before."""
    if allowed:
        return Verdict.GIVEN
    last = latest(consents, matter)
    if withdrawn or (last is not None and last.verdict is not Verdict.REFUSED):
        return Verdict.WITHDRAWN
    return Verdict.REFUSED


def latest(consents: Sequence[Consent], matter: Matter) -> Consent | None:
    """The newest entry about a matter: it is the one that counts."""
    return next((c for c in reversed(consents) if c.matter is matter), None)


def certain(consents: Sequence[Consent], *, closed_turns: int) -> tuple[Consent, ...]:
    """The entries that may be written down now: each no at once, a yes when its turn is over.

    A turn that is still open may go on with "no, wait"; what was forbidden stands all the same.
    """
    return tuple(c for c in consents if c.turn <= closed_turns or c.verdict is not Verdict.GIVEN)


LEFT_OUT = "…"


def minimal_words(text: str, vocabulary: Collection[str]) -> str:
    """The words that say yes or no; all others, and every figure, are left out.

    "Yes please, I'm Zoe, 0171 23" becomes "Yes please … i'm …": evidence that says nothing about
    whom it is from.
    """
    kept: list[str] = []
    for word in _WORD.findall(text.replace("’", "'")):
        if word.casefold() in vocabulary:
            kept.append(word)
        elif kept[-1:] != [LEFT_OUT]:
            kept.append(LEFT_OUT)
    return " ".join(kept)
