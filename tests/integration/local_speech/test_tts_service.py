"""The local voice in a real pipeline."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from pipecat.frames.frames import (
    DataFrame,
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
    TTSUpdateSettingsFrame,
)

from bot.services.local import recognise
from bot.services.local.tts import FRAME_SECS, LocalTTSService, LocalTTSSettings
from bot.services.local.voice import engine
from tests.emulators.bench import ServiceBench
from tests.integration.local_speech.conftest import RATE, as_heard

LINES = (
    "Let me read that back: jane.doe@acme.com. Is that right? "
    "We can meet on March 3, 2026 at 3:30 PM — it takes about 15 minutes."
)


@dataclass
class Marker(DataFrame):
    """Queued behind everything the service has to say."""


@pytest.fixture
def held_engine() -> Iterator[threading.Event]:
    """The voice's thread does nothing until the event is set."""
    release = threading.Event()
    engine().submit(lambda: release.wait(timeout=30.0))
    yield release
    release.set()


async def on_idle_engine() -> None:
    """Return when everything the voice's thread was given so far is done."""
    await asyncio.wrap_future(engine().submit(lambda: None))


def reply(*texts: str) -> list[Frame]:
    return [
        LLMFullResponseStartFrame(),
        *(LLMTextFrame(text) for text in texts),
        LLMFullResponseEndFrame(),
    ]


def pcm(frames: list[TTSAudioRawFrame]) -> bytes:
    return b"".join(frame.audio for frame in frames)


def seconds(frames: list[TTSAudioRawFrame]) -> float:
    return sum(len(f.audio) / 2 / f.sample_rate for f in frames)


async def test_what_is_spoken_is_what_was_written() -> None:
    unvarying = LocalTTSSettings(noise_scale=0.0, noise_width=0.0)
    async with ServiceBench(LocalTTSService(settings=unvarying)) as bench:
        await bench.send(*reply("What company do you work for?"))
        await bench.next(TTSStoppedFrame)

    heard = recognise(pcm(bench.all(TTSAudioRawFrame)), RATE)
    assert as_heard(heard) == as_heard("What company do you work for?")


async def test_words_come_as_written_and_in_the_order_of_their_audio() -> None:
    async with ServiceBench(LocalTTSService()) as bench:
        await bench.send(*reply(LINES))
        await bench.next(LLMFullResponseEndFrame)
        words = bench.all(TTSTextFrame)

    assert " ".join(word.text for word in words) == LINES
    assert all(word.append_to_context for word in words)
    times = [word.pts for word in words]
    assert None not in times
    assert times == sorted(times)  # type: ignore[type-var]
    spoken_ns = seconds(bench.all(TTSAudioRawFrame)) * 1e9
    assert 0.8 * spoken_ns < times[-1] - times[0] < spoken_ns  # type: ignore[operator]


async def test_each_word_is_queued_right_before_the_audio_it_begins_in() -> None:
    async with ServiceBench(LocalTTSService()) as bench:
        await bench.send(*reply(LINES))
        await bench.next(TTSStoppedFrame)

    played_ns, first = 0.0, next(f.pts for f in bench.frames if isinstance(f, TTSTextFrame))
    assert first is not None
    for frame in bench.frames:
        if isinstance(frame, TTSAudioRawFrame):
            played_ns += len(frame.audio) / 2 / frame.sample_rate * 1e9
        elif isinstance(frame, TTSTextFrame):
            assert frame.pts is not None
            assert abs(frame.pts - first - played_ns) <= 2 * FRAME_SECS * 1e9, frame.text


async def test_audio_comes_in_small_frames_at_the_pipelines_rate_without_a_leading_silence() -> (
    None
):
    async with ServiceBench(LocalTTSService(), sample_rate=24_000) as bench:
        await bench.send(TTSSpeakFrame("Hello. Is now a good time?"))
        await bench.next(TTSStoppedFrame)
        audio = bench.all(TTSAudioRawFrame)

    assert {(f.sample_rate, f.num_channels) for f in audio} == {(24_000, 1)}
    assert max(seconds([f]) for f in audio) <= FRAME_SECS
    beginning = np.frombuffer(pcm(audio[:2]), dtype="<i2")
    assert np.abs(beginning).max() > 300


async def test_an_interruption_ends_it_and_nothing_of_it_follows() -> None:
    async with ServiceBench(LocalTTSService()) as bench:
        await bench.send(
            LLMFullResponseStartFrame(), *(LLMTextFrame(f"{LINES} ") for _ in range(8))
        )
        await bench.next(TTSAudioRawFrame)
        await bench.send(InterruptionFrame())
        await bench.next(InterruptionFrame)
        await on_idle_engine()
        await bench.send(Marker())
        await bench.next(Marker)
        frames = list(bench.frames)

    after = frames[frames.index(bench.all(InterruptionFrame)[0]) :]
    spoken = (TTSStartedFrame, TTSAudioRawFrame, TTSTextFrame, TTSStoppedFrame)
    assert not [f for f in after if isinstance(f, spoken)]


async def test_an_interruption_takes_queued_synthesis_away_from_the_model(
    held_engine: threading.Event,
) -> None:
    async with ServiceBench(LocalTTSService()) as bench:
        await bench.send(LLMFullResponseStartFrame(), LLMTextFrame(f"{LINES} Bye. "))
        async with asyncio.timeout(10.0):
            while not engine().pending:  # noqa: ASYNC110 - a thread's queue has no event
                await asyncio.sleep(0)
        await bench.send(InterruptionFrame())
        await bench.next(InterruptionFrame)
        pending = engine().pending
        held_engine.set()
        await on_idle_engine()

    assert pending == 0
    assert not bench.all(TTSAudioRawFrame)


async def test_the_reply_after_an_interruption_is_spoken_and_timed_from_its_own_start() -> None:
    async with ServiceBench(LocalTTSService()) as bench:
        await bench.send(LLMFullResponseStartFrame(), LLMTextFrame(f"{LINES} "))
        await bench.next(TTSAudioRawFrame)
        await bench.send(InterruptionFrame())
        await bench.next(InterruptionFrame)
        await bench.send(*reply("Sorry, go on."))
        await bench.next(LLMFullResponseEndFrame)
        context = bench.all(TTSStartedFrame)[-1].context_id
        words = [f for f in bench.all(TTSTextFrame) if f.context_id == context]
        audio = [f for f in bench.all(TTSAudioRawFrame) if f.context_id == context]

    assert [word.text for word in words] == ["Sorry,", "go", "on."]
    assert words[-1].pts is not None
    assert words[0].pts is not None
    assert words[-1].pts - words[0].pts < seconds(audio) * 1e9


async def test_sentences_of_one_reply_are_timed_one_behind_the_other() -> None:
    async with ServiceBench(LocalTTSService()) as bench:
        await bench.send(*reply("Great, thank you. ", "What is your budget?"))
        await bench.next(LLMFullResponseEndFrame)
        words = {word.text: word.pts or 0 for word in bench.all(TTSTextFrame)}

    assert words["What"] - words["you."] > 0.2e9


async def test_the_voice_can_be_changed_during_the_call() -> None:
    async with ServiceBench(LocalTTSService()) as bench:
        durations: list[float] = []
        for speed in (1.0, 1.8):
            delta = LocalTTSSettings(speed=speed)
            await bench.send(
                TTSUpdateSettingsFrame(delta=delta), TTSSpeakFrame("Thank you so much.")
            )
            await bench.next(TTSStoppedFrame)
            durations.append(seconds(bench.all(TTSAudioRawFrame)) - sum(durations))

    assert durations[1] < 0.8 * durations[0]


async def test_a_setting_out_of_range_is_an_error_that_names_it_and_changes_nothing() -> None:
    service = LocalTTSService()
    async with ServiceBench(service) as bench:
        await bench.send(TTSUpdateSettingsFrame(delta=LocalTTSSettings(pitch=9.0)))
        error = await bench.next(ErrorFrame)

    assert "pitch is 9.0" in error.error
    assert service._settings.pitch == 1.0
