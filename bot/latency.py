"""The latency of a call, from what was measured turn by turn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import quantiles

from pipecat.observers.user_bot_latency_observer import LatencyContribution

from bot.records import Latency, TurnLatency, TurnRecord

EXPECTED_PARTS = ("endpointing_wait_ms", "llm_inference_ms", "speech_synthesis_ms")
"""Parts that an answer that was not measured is listed with, as null."""


def parts_ms(contributions: Sequence[LatencyContribution]) -> dict[str, float | None]:
    """Pipecat's named contributions as `{key_ms: milliseconds}`; equal keys are added up.

    They account for the whole interval: a stage too short to be named is part of another.
    """
    parts: dict[str, float | None] = {}
    for part in contributions:
        key = f"{part.key}_ms"
        parts[key] = round((parts.get(key) or 0.0) + part.duration_secs * 1000, 1)
    return parts


def summarise(turns: Sequence[TurnRecord], measured: Sequence[TurnLatency]) -> Latency:
    """The latency of every bot turn that answers the caller.

    An answer that was not measured is listed with null; nulls are counted in `missing`.
    """
    by_n = {each.n: each for each in measured}
    answers = [
        turn.n for before, turn in pairwise(turns) if turn.role == "bot" and before.role == "caller"
    ]
    listed = [
        by_n.get(n, TurnLatency(n=n, voice_to_voice_ms=None, parts=dict.fromkeys(EXPECTED_PARTS)))
        for n in answers
    ]
    values = [each.voice_to_voice_ms for each in listed if each.voice_to_voice_ms is not None]
    nulls = sum(value is None for each in listed for value in each.parts.values())
    return Latency(
        turns=listed,
        p50_ms=_percentile(values, 50),
        p95_ms=_percentile(values, 95),
        missing=nulls + sum(each.voice_to_voice_ms is None for each in listed),
    )


def _percentile(values: Sequence[float], percent: int) -> float | None:
    if not values:
        return None
    if len(values) == 1:
        return round(values[0], 1)
    return round(quantiles(values, n=100, method="inclusive")[percent - 1], 1)
