"""Local speech leaves the event loop free for the calls' audio."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable, Iterator

import pytest
from pipecat.frames.frames import (
    InputAudioRawFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from bot.services.local.stt import LocalSTTService
from bot.services.local.tts import LocalTTSService
from tests.emulators.bench import ServiceBench
from tests.integration.local_speech.conftest import audio_frames

LONGEST_CALLBACK_MS = 10.0
TEXT = (
    "Let me read that back: jane.doe@acme.com, and your budget is $15,000 a year. "
    "You'd like to start by March 3, 2026, with a team of about twenty-five people. Is that right?"
)


@pytest.fixture
def callbacks_ms(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[float, str]]]:
    """How long every callback of the loop kept its thread busy.

    Measured as the thread's own CPU time: on a busy machine the wall clock (and so asyncio's own
    `slow_callback_duration`) also counts the time in which other processes had the core.
    """
    durations: list[tuple[float, str]] = []
    gc.collect()
    gc.freeze()  # what other tests have left in memory is not to be walked in the loop's time
    run = asyncio.Handle._run

    def measured(handle: asyncio.Handle) -> None:
        started = time.thread_time()
        run(handle)
        durations.append(((time.thread_time() - started) * 1_000, repr(handle)))

    monkeypatch.setattr(asyncio.Handle, "_run", measured)
    yield durations
    gc.unfreeze()


async def test_synthesis_keeps_the_loop_free(callbacks_ms: list[tuple[float, str]]) -> None:
    async with ServiceBench(LocalTTSService()) as bench:
        callbacks_ms.clear()
        await bench.send(TTSSpeakFrame(TEXT))
        await bench.next(TTSStoppedFrame)
        longest = max(callbacks_ms)

    assert longest[0] < LONGEST_CALLBACK_MS, longest


async def test_recognition_keeps_the_loop_free(
    say: Callable[[str], bytes], callbacks_ms: list[tuple[float, str]]
) -> None:
    speech = say(TEXT)
    async with ServiceBench(LocalSTTService()) as bench:
        callbacks_ms.clear()
        await bench.send(VADUserStartedSpeakingFrame(start_secs=0.2))
        for frame in audio_frames(speech):  # one by one, as a transport delivers them
            await bench.send(frame)
            await bench.next(InputAudioRawFrame)
        await bench.send(VADUserStoppedSpeakingFrame(stop_secs=0.2))
        await bench.next(TranscriptionFrame)
        longest = max(callbacks_ms)

    assert longest[0] < LONGEST_CALLBACK_MS, longest
