"""What a call cost is what its services reported, at list prices."""

from __future__ import annotations

from pipecat.observers.service_metrics_observer import ServiceUsageKind, ServiceUsageRecord

from bot.cost import CostMeter


def usage(kind: ServiceUsageKind, **amounts: float) -> ServiceUsageRecord:
    return ServiceUsageRecord.model_validate(
        {"kind": kind, "processor": "x", "timestamp": 0.0, **amounts}
    )


def test_usage_is_added_up_by_service_and_unit() -> None:
    meter = CostMeter()
    for _ in range(2):
        tokens = usage(ServiceUsageKind.LLM, prompt_tokens=500_000, completion_tokens=100_000)
        meter.used("openai", tokens)
    meter.used("elevenlabs", usage(ServiceUsageKind.TTS, characters=1000))
    cost = meter.cost()
    assert {(line.service, line.unit): line.usd for line in cost.lines} == {
        ("openai", "prompt tokens"): 0.15,
        ("openai", "completion tokens"): 0.12,
        ("elevenlabs", "characters"): 0.05,
    }
    assert cost.total_usd == 0.32


def test_local_models_are_listed_and_cost_nothing() -> None:
    meter = CostMeter()
    meter.used("local", usage(ServiceUsageKind.TTS, characters=1000))
    assert [line.units for line in meter.cost().lines] == [1000]
    assert meter.cost().total_usd == 0.0
