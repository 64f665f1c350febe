"""The local recogniser in a real pipeline, on real audio."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.audio.vad_processor import VADProcessor

from bot.services.forget_speech import ForgetSpeechFrame
from bot.services.local import synthesise
from bot.services.local.recogniser import engine
from bot.services.local.stt import LocalSTTService, LocalSTTSettings
from tests.emulators.bench import ServiceBench
from tests.integration.local_speech.conftest import UNVARYING, as_heard, audio_frames, silence

Say = Callable[[str], bytes]

SENTENCE = "We are a team of about twenty-five people, and our budget is fifteen thousand dollars."
START = VADUserStartedSpeakingFrame(start_secs=0.2)
STOP = VADUserStoppedSpeakingFrame(stop_secs=0.2)


def listener(stt: LocalSTTService) -> Pipeline:
    return Pipeline([VADProcessor(vad_analyzer=SileroVADAnalyzer()), stt])


@pytest.fixture
def held_engine() -> Iterator[threading.Event]:
    """The recogniser's thread does nothing until the event is set."""
    release = threading.Event()
    engine().submit(lambda: release.wait(timeout=30.0))
    yield release
    release.set()


async def test_speech_becomes_one_transcript_that_ends_the_wait_for_the_turn(say: Say) -> None:
    async with ServiceBench(listener(LocalSTTService())) as bench:
        await bench.send(*audio_frames(silence(0.6) + say(SENTENCE) + silence(1.0)))
        transcript = await bench.next(TranscriptionFrame)

    assert as_heard(transcript.text) == as_heard(SENTENCE)
    assert transcript.finalized


async def test_the_first_word_survives_the_vads_hesitation(say: Say) -> None:
    async with ServiceBench(listener(LocalSTTService())) as bench:
        await bench.send(*audio_frames(silence(0.6) + say("Thank you very much.") + silence(1.0)))
        transcript = await bench.next(TranscriptionFrame)

    assert as_heard(transcript.text) == ["thank", "you", "very", "much"]


async def test_interim_transcripts_grow_while_the_caller_speaks_and_end_with_the_final(
    say: Say,
) -> None:
    speech = say(SENTENCE)
    middle = len(speech) // 4 * 2
    async with ServiceBench(LocalSTTService()) as bench:
        await bench.send(START, *audio_frames(speech[:middle]))
        first = await bench.next(InterimTranscriptionFrame)
        await bench.send(*audio_frames(speech[middle:]), STOP)
        final = await bench.next(TranscriptionFrame)
        await bench.send(EndFrame())
        await bench.next(EndFrame)
        kinds = [type(f) for f in bench.frames]

    assert "team" in first.text
    assert as_heard(final.text) == as_heard(SENTENCE)
    behind = kinds[kinds.index(TranscriptionFrame) :]
    assert InterimTranscriptionFrame not in behind


async def test_interim_transcripts_can_be_turned_off(say: Say) -> None:
    stt = LocalSTTService(settings=LocalSTTSettings(interim_interval_secs=0.0))
    async with ServiceBench(stt) as bench:
        await bench.send(START, *audio_frames(say(SENTENCE)), STOP)
        await bench.next(TranscriptionFrame)

    assert not [f for f in bench.frames if isinstance(f, InterimTranscriptionFrame)]


async def test_a_final_is_not_the_turns_last_word_while_the_caller_speaks_again(
    say: Say, held_engine: threading.Event
) -> None:
    async with ServiceBench(LocalSTTService()) as bench:
        await bench.send(START, *audio_frames(say("Yes, that's correct.")), STOP)
        await bench.send(START, *audio_frames(say("No, thank you.")))
        await bench.next(VADUserStartedSpeakingFrame)
        await bench.next(VADUserStartedSpeakingFrame)
        held_engine.set()
        early = await bench.next(TranscriptionFrame)
        await bench.send(STOP)
        last = await bench.next(TranscriptionFrame)

    assert as_heard(early.text) == ["yes", "that's", "correct"]
    assert as_heard(last.text) == ["no", "thank", "you"]
    assert (early.finalized, last.finalized) == (False, True)


async def test_only_the_last_of_two_waiting_finals_ends_the_turn(
    say: Say, held_engine: threading.Event
) -> None:
    async with ServiceBench(LocalSTTService()) as bench:
        for text in ("Yes, that's correct.", "No, thank you."):
            await bench.send(START, *audio_frames(say(text)), STOP)
        await bench.next(VADUserStoppedSpeakingFrame)
        await bench.next(VADUserStoppedSpeakingFrame)
        held_engine.set()
        first, second = [await bench.next(TranscriptionFrame) for _ in range(2)]

    assert (first.finalized, second.finalized) == (False, True)
    assert as_heard(second.text) == ["no", "thank", "you"]


async def test_what_it_was_told_to_forget_is_never_said(
    say: Say, held_engine: threading.Event
) -> None:
    async with ServiceBench(LocalSTTService()) as bench:
        await bench.send(START, *audio_frames(say("Good morning.")), STOP)
        await bench.send(ForgetSpeechFrame())
        await bench.next(ForgetSpeechFrame)
        held_engine.set()
        await bench.send(START, *audio_frames(say("Thank you very much.")), STOP)
        transcript = await bench.next(TranscriptionFrame)

    assert as_heard(transcript.text) == as_heard("Thank you very much.")
    assert transcript.finalized


async def test_a_whole_utterance_is_not_guessed_at_on_the_way(say: Say) -> None:
    async with ServiceBench(LocalSTTService()) as bench:
        await bench.send(ForgetSpeechFrame(whole_follows=True))
        await bench.send(START, *audio_frames(say(SENTENCE)), STOP)
        transcript = await bench.next(TranscriptionFrame)
        assert bench.all(InterimTranscriptionFrame) == []

    assert as_heard(transcript.text) == as_heard(SENTENCE)


async def test_silence_that_the_vad_took_for_speech_is_reported_as_nothing_recognised() -> None:
    stt = LocalSTTService()
    nothing = asyncio.Event()
    stt.add_event_handler("on_nothing_recognised", lambda _: nothing.set())
    async with ServiceBench(stt) as bench:
        await bench.send(START, *audio_frames(silence(0.7)), STOP)
        await asyncio.wait_for(nothing.wait(), timeout=10.0)

    assert not [f for f in bench.frames if isinstance(f, TranscriptionFrame)]


async def test_a_pipeline_at_telephone_rate_is_understood() -> None:
    speech = synthesise("Yes, that's correct.", 8_000, voice=UNVARYING)
    async with ServiceBench(LocalSTTService(), sample_rate=8_000) as bench:
        await bench.send(START, *audio_frames(speech, rate=8_000), STOP)
        transcript = await bench.next(TranscriptionFrame)

    assert as_heard(transcript.text) == ["yes", "that's", "correct"]


async def test_a_failing_model_is_an_error_and_the_next_utterance_is_understood(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.services.local.recogniser import Utterance

    async with ServiceBench(LocalSTTService()) as bench:
        with monkeypatch.context() as patch:

            def fail(_self: Utterance) -> str:
                raise OSError("the model broke")

            patch.setattr(Utterance, "_read", fail)
            await bench.send(START, *audio_frames(say("Yes, that's correct.")), STOP)
            error = await bench.next(ErrorFrame)
        await bench.send(START, *audio_frames(say("No, thank you.")), STOP)
        transcript = await bench.next(TranscriptionFrame)

    assert "the model broke" in error.error
    assert as_heard(transcript.text) == ["no", "thank", "you"]
