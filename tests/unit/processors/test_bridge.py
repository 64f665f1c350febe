"""A long silence is bridged once, in time, and never over the caller."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

import pytest
from pipecat.frames.frames import (
    Frame,
    LLMFullResponseStartFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from processors import bridge
from processors.bridge import SilenceBridge

RATE = 24_000
PHRASE = bytes(RATE)
"""Half a second."""


class Bridge(SilenceBridge):
    """Driven by hand; what it waits for happens when the test says so."""

    def __init__(self, phrase: bytes | None = PHRASE) -> None:
        super().__init__(phrase=lambda: phrase, sample_rate=RATE, clock=lambda: self.now)
        self.now = 100.0
        self.pushed: list[Frame] = []
        self.work: Coroutine[Any, Any, None] | None = None

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        self.pushed.append(frame)

    def create_task(self, coroutine: Any, *_: Any, **__: Any) -> Any:
        self.work = coroutine
        return object()

    async def cancel_task(self, task: Any, timeout: float | None = None) -> None:
        if self.work:
            self.work.close()
            self.work = None

    async def see(self, *frames: Frame) -> None:
        for frame in frames:
            await self.process_frame(frame, FrameDirection.DOWNSTREAM)

    async def time_passes(self) -> None:
        work, self.work = self.work, None
        if work:
            await work

    @property
    def spoken_s(self) -> float:
        sound = [f.audio for f in self.pushed if type(f) is OutputAudioRawFrame]
        return sum(map(len, sound)) / 2 / RATE


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was waited."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("processors.bridge.asyncio.sleep", sleep)
    return waits


SOUND = TTSAudioRawFrame(bytes(960), RATE, 1)


async def test_a_turn_that_takes_too_long_is_bridged_in_time(slept: list[float]) -> None:
    chain = Bridge()
    await chain.see(VADUserStoppedSpeakingFrame(stop_secs=0.2))
    chain.now += 0.5
    await chain.see(LLMFullResponseStartFrame())
    await chain.time_passes()
    assert chain.spoken_s == 0.5
    # 0.2 s of silence made the voice's end, 0.5 s the turn's: heard at 1.8 s all the same.
    assert slept == [pytest.approx(1.8 - bridge.WAY_OUT_S - 0.7)]


async def test_an_answer_in_time_needs_no_bridge(slept: list[float]) -> None:
    chain = Bridge()
    await chain.see(LLMFullResponseStartFrame(), SOUND)
    await chain.time_passes()
    assert chain.spoken_s == 0


async def test_it_never_speaks_over_the_caller(slept: list[float]) -> None:
    chain = Bridge()
    await chain.see(LLMFullResponseStartFrame(), VADUserStartedSpeakingFrame())
    await chain.time_passes()
    assert chain.spoken_s == 0


async def test_it_never_speaks_twice_in_a_row(slept: list[float]) -> None:
    chain = Bridge()
    for _ in range(2):
        await chain.see(LLMFullResponseStartFrame())
        await chain.time_passes()
        await chain.see(SOUND)
    assert chain.spoken_s == 0.5


async def test_after_an_answer_in_time_it_may_speak_again(slept: list[float]) -> None:
    chain = Bridge()
    await chain.see(LLMFullResponseStartFrame())
    await chain.time_passes()
    await chain.see(SOUND, LLMFullResponseStartFrame(), SOUND, LLMFullResponseStartFrame())
    await chain.time_passes()
    assert chain.spoken_s == 1.0


async def test_without_a_recording_it_is_silent(slept: list[float]) -> None:
    chain = Bridge(phrase=None)
    await chain.see(LLMFullResponseStartFrame())
    await chain.time_passes()
    assert chain.spoken_s == 0
