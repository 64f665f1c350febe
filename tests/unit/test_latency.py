"""The latency of a call names every answer, measured or not."""

from __future__ import annotations

from pipecat.observers.user_bot_latency_observer import LatencyContribution, LatencyOwnerKind

from bot.latency import parts_ms, summarise
from bot.records import TurnLatency, TurnRecord


def turn(n: int, role: str) -> TurnRecord:
    return TurnRecord.model_validate(
        {"n": n, "role": role, "text": "x", "heard_text": "x", "start_s": n, "end_s": n + 1}
    )


def part(key: str, seconds: float) -> LatencyContribution:
    return LatencyContribution(
        key=key,
        label=key,
        owner="x",
        owner_kind=LatencyOwnerKind.SERVICE,
        start_time=0.0,
        duration_secs=seconds,
    )


def test_equal_parts_are_added_up() -> None:
    parts = parts_ms([part("llm_inference", 0.2), part("llm_inference", 0.1)])
    assert parts == {"llm_inference_ms": 300.0}


def test_the_greeting_answers_nobody() -> None:
    assert summarise([turn(1, "bot")], []).turns == []


def test_an_answer_that_was_not_measured_is_listed_and_counted() -> None:
    measured = TurnLatency(n=3, voice_to_voice_ms=800.0, parts={"pipeline_ms": 800.0})
    turns = [turn(1, "bot"), turn(2, "caller"), turn(3, "bot"), turn(4, "caller"), turn(5, "bot")]
    latency = summarise(turns, [measured])
    assert [each.n for each in latency.turns] == [3, 5]
    assert latency.turns[1].voice_to_voice_ms is None
    assert latency.missing == 1 + len(latency.turns[1].parts)
    assert latency.p50_ms == latency.p95_ms == 800.0


def test_percentiles_are_over_all_measured_answers() -> None:
    turns = [turn(n, "caller" if n % 2 == 0 else "bot") for n in range(1, 8)]
    measured = [TurnLatency(n=n, voice_to_voice_ms=n * 100.0) for n in (3, 5, 7)]
    latency = summarise(turns, measured)
    assert latency.p50_ms == 500.0
    assert latency.p95_ms == 680.0
