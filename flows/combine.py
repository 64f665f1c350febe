"""Several attempts at one value, combined: aligned, and voted on position by position.

Each attempt was heard a little wrong, and each in another place. The newest attempt is the
pivot; the others are aligned to it, and at every position the attempts vote. The result is a
short list of proposals, the likeliest first; none of them is a value the caller said no to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

from rapidfuzz.distance import Levenshtein

from flows.lead import same_value

ATTEMPTS_AT_MOST = 6
PROPOSALS_AT_MOST = 24
_DOUBTFUL_AT_MOST = 4
_NEWER = 1.05
"""A later attempt was asked for more carefully: its vote counts a little more."""
_LIKE = 0.75
"""Attempts less alike than this are not two hearings of the same value."""


def combined(
    attempts: Sequence[str],
    *,
    rejected: Sequence[str],
    is_valid: Callable[[str], bool],
) -> str | None:
    """The likeliest value of which no attempt, or the last one alone, is proof.

    `attempts`: oldest first, the last one is the newest. None: there is nothing better than the
    attempts themselves.
    """
    pivot = attempts[-1]
    latest = attempts[-ATTEMPTS_AT_MOST:]
    alike = [a for a in latest if Levenshtein.normalized_similarity(a, pivot) > _LIKE]
    if len(alike) < 2:
        return None
    votes = _votes(pivot, alike)
    # What was rejected as a whole is still evidence for most of its letters.
    for proposal in _proposals(pivot, votes):
        if any(same_value(proposal, r) for r in rejected):
            continue
        if is_valid(proposal):
            return proposal
    return None


def _votes(pivot: str, attempts: Sequence[str]) -> list[dict[str, float]]:
    """For each slot of the pivot (a gap before each letter, and the letter) what was heard."""
    slots: list[dict[str, float]] = [{} for _ in range(2 * len(pivot) + 1)]
    weight = 1.0
    for attempt in attempts:
        heard = _aligned(pivot, attempt)
        for slot, text in enumerate(heard):
            slots[slot][text] = slots[slot].get(text, 0.0) + weight
        weight *= _NEWER
    return slots


def _aligned(pivot: str, attempt: str) -> list[str]:
    heard = [""] * (2 * len(pivot) + 1)
    for op in Levenshtein.opcodes(pivot, attempt):
        if op.tag == "insert":
            heard[2 * op.src_start] += attempt[op.dest_start : op.dest_end]
        elif op.tag in ("equal", "replace"):
            for i in range(op.src_end - op.src_start):
                heard[2 * (op.src_start + i) + 1] = attempt[op.dest_start + i]
    return heard


def _proposals(pivot: str, votes: Sequence[dict[str, float]]) -> list[str]:
    doubtful = [i for i, slot in enumerate(votes) if len(slot) > 1]
    doubtful.sort(key=lambda i: max(votes[i].values()) / sum(votes[i].values()))
    chosen = {i: max(slot, key=lambda t: slot[t]) for i, slot in enumerate(votes)}
    open_slots = doubtful[:_DOUBTFUL_AT_MOST]
    options = [sorted(votes[i], key=lambda t: -votes[i][t])[:3] for i in open_slots]
    found: list[tuple[float, str]] = []
    for choice in product(*options):
        picked = {**chosen, **dict(zip(open_slots, choice, strict=True))}
        support = sum(votes[i][t] for i, t in zip(open_slots, choice, strict=True))
        found.append((-support, "".join(picked[i] for i in range(len(votes)))))
    return [text for _, text in sorted(found)[:PROPOSALS_AT_MOST]]
