"""Both sides of a call are kept on one clock."""

from __future__ import annotations

import asyncio
import wave
from pathlib import Path

import numpy as np
import pytest

from bot.caller import peer
from bot.caller.peer import FRAME_BYTES, SAMPLE_RATE, Recording


class Clock:
    """`time.monotonic` by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(peer, "time", clock)
    return clock


def tone(level: int) -> bytes:
    return np.full(FRAME_BYTES // 2, level, dtype=np.int16).tobytes()


def record(clock: Clock, recording: Recording, *, seconds: float, caller: int, bot: int) -> None:
    for _ in range(int(seconds / 0.02)):
        clock.now += 0.02
        recording.take_caller(tone(caller))
        recording.take_bot(tone(bot))


def test_nothing_is_recorded_before_the_start(clock: Clock) -> None:
    recording = Recording()
    recording.take_caller(tone(1000))
    recording.take_bot(tone(1000))
    assert recording.duration_s == 0


def test_the_caller_is_left_and_the_bot_right(clock: Clock, tmp_path: Path) -> None:
    recording = Recording()
    recording.start()
    record(clock, recording, seconds=1, caller=1000, bot=-2000)
    recording.finish()
    recording.save(tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 24_000)
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
    middle = samples[len(samples) // 2]
    assert abs(middle[0] - 1000) < 20
    assert abs(middle[1] + 2000) < 20
    assert abs(len(samples) / 24_000 - 1) < 0.1


def test_a_side_that_comes_late_begins_with_silence(clock: Clock) -> None:
    recording = Recording()
    recording.start()
    for _ in range(100):
        clock.now += 0.02
        recording.take_caller(tone(0))
    record(clock, recording, seconds=1, caller=0, bot=3000)
    recording.finish()
    bot = np.frombuffer(recording.stereo(), np.int16).reshape(-1, 2)[:, 1]
    assert not bot[: 24_000 * 19 // 10].any()
    assert abs(int(bot[24_000 * 5 // 2]) - 3000) < 50


def test_the_mix_does_not_overflow(clock: Clock) -> None:
    recording = Recording()
    recording.start()
    record(clock, recording, seconds=0.5, caller=30_000, bot=30_000)
    assert np.frombuffer(recording.mono(), np.int16).max() == 32_767


async def test_a_listener_who_joins_hears_only_what_comes(clock: Clock) -> None:
    recording = Recording()
    recording.start()
    record(clock, recording, seconds=1, caller=0, bot=0)
    heard: list[bytes] = []

    async def listen() -> None:
        heard.extend([chunk async for chunk in recording.follow()])

    listener = asyncio.create_task(listen())
    await asyncio.sleep(0)  # It takes its place.
    record(clock, recording, seconds=0.5, caller=0, bot=0)
    recording.finish()
    await asyncio.wait_for(listener, 5)
    assert abs(len(b"".join(heard)) / 2 / 24_000 - 0.5) < 0.1


def test_the_rate_of_the_line_is_what_opus_takes() -> None:
    assert SAMPLE_RATE == 48_000
    assert FRAME_BYTES == 1920
