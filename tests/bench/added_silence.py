"""How much silence a failing LLM or voice adds to an answer: `python -m tests.bench.added_silence`.

The real ladders with Pipecat's real clients, against the emulators (first token after 350 ms, first
sound after 150 ms), from the question to the sound, without a room: what a room adds is the same
in every arm. The silence of an answer is the time to its first sound plus every gap in which the
caller would have had nothing to hear. The arms take turns, so that a busy machine is busy for all.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from typing import Any, Final

from loguru import logger
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.config import Settings, load_settings
from bot.services.continuation import ReplyPlan
from bot.services.experience import Experience
from bot.services.llm import build_llm
from bot.services.local import preload
from bot.services.tts import build_tts
from bot.services.turn_budget import TurnBudget
from processors.attempt import AttemptGate
from tests.emulators.bench import ServiceBench
from tests.emulators.faults import FaultKind
from tests.emulators.rig import ProviderRig

REPLY: Final = "Nice to meet you, Jane Doe. Which company are you with?"
OPENING: Final = "Hi, this is Ada."
SAMPLE_RATE_HZ: Final = 24_000
ANSWER_WITHIN_S: Final = 15.0

ARMS: dict[str, list[tuple[str, FaultKind, dict[str, Any]]]] = {
    "no fault": [],
    "llm refuse": [("openai", FaultKind.REFUSE, {})],
    "llm 500": [("openai", FaultKind.SERVER_ERROR, {})],
    "llm stall": [("openai", FaultKind.STALL_BEFORE_FIRST, {})],
    "llm stall midway": [("openai", FaultKind.STALL_MIDWAY, {"chunks": 3})],
    "llm close midway": [("openai", FaultKind.CLOSE_MIDWAY, {"chunks": 3})],
    "tts stall": [("elevenlabs", FaultKind.STALL_BEFORE_FIRST, {})],
    "tts stall midway": [("elevenlabs", FaultKind.STALL_MIDWAY, {"chunks": 2})],
    "tts close midway": [("elevenlabs", FaultKind.CLOSE_MIDWAY, {"chunks": 2})],
    "tts empty": [("elevenlabs", FaultKind.EMPTY, {})],
    "llm and tts stall": [
        ("openai", FaultKind.STALL_BEFORE_FIRST, {}),
        ("elevenlabs", FaultKind.STALL_BEFORE_FIRST, {}),
    ],
}


class Silence(ServiceBench):
    """Notes when there was nothing to hear."""

    def __init__(self, chain: Pipeline) -> None:
        super().__init__(chain, sample_rate=SAMPLE_RATE_HZ)
        self._silent_since = 0.0
        self.seconds = 0.0

    def begin(self) -> None:
        self._silent_since, self.seconds = time.monotonic(), 0.0

    async def collect(self, frame: Frame) -> None:
        if isinstance(frame, TTSAudioRawFrame):
            now = time.monotonic()
            self.seconds += max(0.0, now - self._silent_since)
            length_s = len(frame.audio) / 2 / frame.sample_rate
            self._silent_since = max(now, self._silent_since) + length_s
        await super().collect(frame)


async def answer(rig: ProviderRig, settings: Settings, arm: str, recordings: Any) -> float:
    """One answer; the seconds of silence in it."""
    experience, budget = Experience(recordings=recordings), TurnBudget()
    llm = build_llm(
        settings,
        system_prompt="Be brief.",
        plan=lambda: ReplyPlan(REPLY, "Which company are you with?"),
        must_be_scripted=lambda: False,
        experience=experience,
        budget=budget,
        on_problem=lambda _service, _failure: None,
    )
    tts = build_tts(
        settings,
        experience=experience,
        opening_line=OPENING,
        budget=budget,
        on_problem=lambda _service, _failure: None,
    )
    async with Silence(Pipeline([llm, tts, AttemptGate()])) as bench:
        await bench.send(TTSSpeakFrame(OPENING, append_to_context=False))
        await bench.next(TTSStoppedFrame)
        for provider, kind, options in ARMS[arm]:
            getattr(rig, provider).faults.inject(kind, times=None, **options)
        bench.begin()
        context = LLMContext([{"role": "user", "content": "My name is Jane Doe."}])
        await bench.send(LLMContextFrame(context))
        await bench.next(TTSStoppedFrame, timeout_s=ANSWER_WITHIN_S)
        rig.clear_faults()
        return bench.seconds


async def measure(count: int) -> dict[str, list[float]]:
    """Seconds of silence of `count` answers an arm."""
    preload()
    took: dict[str, list[float]] = {arm: [] for arm in ARMS}
    recordings: dict[Any, Any] = {}
    async with ProviderRig() as rig:
        rig.openai.rule(lambda _: REPLY)
        os.environ.update(rig.env())
        settings = load_settings()
        await answer(rig, settings, "no fault", recordings)  # what is slow once is not counted
        for _ in range(count):
            for arm, samples in took.items():
                samples.append(await answer(rig, settings, arm, recordings))
    return took


def report(took: dict[str, list[float]]) -> dict[str, Any]:
    """Median, 95th percentile (nearest rank) and what they are more than without a fault, in ms."""
    usual = statistics.median(took["no fault"])

    def summed(samples: list[float]) -> dict[str, Any]:
        ordered = sorted(samples)
        p95 = ordered[max(0, -(-len(ordered) * 95 // 100) - 1)]
        return {
            "n": len(samples),
            "median_ms": round(statistics.median(samples) * 1000),
            "p95_ms": round(p95 * 1000),
            "max_ms": round(ordered[-1] * 1000),
            "added_median_ms": round((statistics.median(samples) - usual) * 1000),
            "added_p95_ms": round((p95 - usual) * 1000),
        }

    return {
        "load_average": os.getloadavg()[0],
        "arms": {arm: summed(samples) for arm, samples in took.items()},
    }


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=20, help="answers an arm")
    options = parser.parse_args()
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    took = asyncio.run(measure(options.count))
    sys.stdout.write(json.dumps(report(took), indent=1) + "\n")


if __name__ == "__main__":
    main()
