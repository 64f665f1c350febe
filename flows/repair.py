"""Joining what was said over several turns: pieces, and the part that was asked for again."""

from __future__ import annotations

from collections.abc import Sequence

from flows.capture import Candidate, Kind, Surroundings, Utterance, read
from flows.lead import FieldState, same_value


def joined(
    kind: Kind,
    utterance: Utterance,
    *,
    held: FieldState,
    around: Surroundings,
    whole: Sequence[Candidate],
) -> Candidate | None:
    """A value made of this turn's words and what is already certain; None: nothing to add.

    A whole value in this turn's own words always wins over a joined one.
    """
    if any(not held.was_rejected(c.value) for c in whole if c.value is not None):
        return None
    around = around.asking(kind)
    for text in _attempts(kind, utterance.text, held):
        for candidate in read(kind, Utterance(text), around):
            if candidate.value is not None and not held.was_rejected(candidate.value):
                return candidate
    return None


def _attempts(kind: Kind, text: str, held: FieldState) -> list[str]:
    attempts = []
    if held.pieces:
        attempts.append(" ".join([*held.pieces, text]))
    if held.partial:
        attempts.append(f"{held.partial} {text}")
    if kind is Kind.EMAIL and held.failures and held.value is None:
        last = next((v for v in reversed(held.rejected) if isinstance(v, str)), None)
        if last is not None and not same_value(last, "") and "@" in last:
            local, _, domain = last.partition("@")
            if "." in text or " dot " in f" {text} ":
                attempts.append(f"{local} at {text}")
            attempts.append(f"{text} at {domain.replace('.', ' dot ')}")
    return attempts
