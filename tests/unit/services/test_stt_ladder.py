"""The ladder of recognisers over a real pipeline, with recognisers that do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputAudioRawFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.workers.runner import WorkerRunner

from bot.services.breaker import Breaker, BreakerPolicy, BreakerState
from bot.services.patience import Patience, PatiencePolicy
from bot.services.stt_ladder import RETURN_INTERVAL_S, SttLadder
from bot.services.stt_rung import ConnectionEnd, SttRung

RATE = 16_000
CHUNK_S = 0.1
CHUNK = round(RATE * CHUNK_S) * 2
PRE_ROLL_S = 0.3
QUICK = PatiencePolicy(floor_s=0.05, ceiling_s=0.05)


class FakeSTT(STTService):
    """Answers each end of speech with the next of `texts`; None: it says nothing."""

    def __init__(self) -> None:
        super().__init__(
            audio_passthrough=False,
            ttfs_p99_latency=0.1,
            settings=STTSettings(model=None, language=None),
        )
        self.texts: list[str | None] = []
        self.heard = bytearray()
        self.events: list[str] = []
        self.on_nothing_recognised: Callable[[bool], None] = lambda _: None

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        self.heard += audio
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStartedSpeakingFrame):
            self.events.append("start")
        elif isinstance(frame, VADUserStoppedSpeakingFrame):
            self.events.append("stop")
            text = self.texts.pop(0) if self.texts else None
            if text is not None:
                await self.say(text)

    async def say(self, text: str, *, result: Any = None) -> None:
        if text:
            await self.push_frame(
                TranscriptionFrame(text, "", "", result=result, finalized=result is None)
            )
        else:
            self.on_nothing_recognised(True)

    @property
    def spoken(self) -> list[int]:
        """The numbers of the chunks heard, silence left out."""
        values = [self.heard[i] for i in range(0, len(self.heard), CHUNK)]
        return [value for value in values if value]


class FakeHosted(FakeSTT):
    """Connects as told: `accepts`, `refusal`, or never."""

    def __init__(self) -> None:
        super().__init__()
        self.accepts = True
        self.refusal: ConnectionEnd | None = None
        self.attempts = 0
        self.lost: asyncio.Future[ConnectionEnd] | None = None

    async def hold_connection(self, *, up: Callable[[], None]) -> ConnectionEnd:
        self.attempts += 1
        if self.refusal is not None:
            return self.refusal
        self.lost = asyncio.get_running_loop().create_future()
        if self.accepts:
            up()
        return await self.lost

    def lose(self, reason: str = "closed the connection") -> None:
        assert self.lost is not None
        self.lost.set_result(ConnectionEnd(reason))


class Collector(FrameProcessor):
    """Keeps the final transcripts, and says when something has come."""

    def __init__(self) -> None:
        super().__init__()
        self.finals: list[str] = []
        self.audio_frames = 0
        self.changed = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self.finals.append(frame.text)
        if isinstance(frame, InputAudioRawFrame):
            self.audio_frames += 1
        self.changed.set()
        await self.push_frame(frame, direction)


@dataclass
class Room:
    """A running pipeline with a ladder in it, and a clock that only tests move."""

    hosted: FakeHosted
    local: FakeSTT
    ladder: SttLadder
    out: Collector
    worker: PipelineWorker
    now: float = 1000.0
    chunk: int = 0

    @property
    def breaker(self) -> Breaker:
        return self.ladder.rungs[0].breaker

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110  # whatever part of the ladder it is about
                await asyncio.sleep(0)

    async def serves(self, name: str) -> None:
        await self.until(lambda: self.ladder.serving == name)

    async def hears(self, seconds: float) -> None:
        """Audio; each chunk is known by its number."""
        count = self.out.audio_frames
        for _ in range(round(seconds / CHUNK_S)):
            self.chunk += 1
            pcm = bytes([self.chunk, 0]) * (CHUNK // 2)
            await self.worker.queue_frame(InputAudioRawFrame(pcm, RATE, 1))
            count += 1
        await self.until(lambda: self.out.audio_frames == count)

    async def speech(self, seconds: float = 1.0) -> None:
        await self.speech_starts()
        await self.hears(seconds)
        await self.speech_stops()

    async def speech_starts(self) -> None:
        await self.worker.queue_frame(VADUserStartedSpeakingFrame(start_secs=0.2))

    async def speech_stops(self) -> None:
        await self.worker.queue_frame(VADUserStoppedSpeakingFrame(stop_secs=0.2))

    async def says(self, *finals: str) -> None:
        await self.until(lambda: self.out.finals == list(finals))


@asynccontextmanager
async def running(
    hosted: FakeHosted | None = None, *, patience: PatiencePolicy = QUICK
) -> AsyncIterator[Room]:
    hosted, local, out = hosted or FakeHosted(), FakeSTT(), Collector()
    rungs = [
        SttRung(
            name=name,
            service=service,
            breaker=Breaker(name, policy=BreakerPolicy(failures=3)),
            patience=Patience(patience),
        )
        for name, service in (("hosted", hosted), ("local", local))
    ]
    ladder = SttLadder(rungs, pre_roll_s=PRE_ROLL_S, clock=lambda: room.now)
    worker = PipelineWorker(
        Pipeline([ladder, out]),
        params=PipelineParams(audio_in_sample_rate=RATE),
        idle_timeout_secs=None,
    )
    room = Room(hosted, local, ladder, out, worker)
    local.on_nothing_recognised = lambda is_last: ladder._nothing_recognised(rungs[1], is_last)
    runner = WorkerRunner(handle_sigint=False, handle_sigterm=False)
    await runner.add_workers(worker)
    task = asyncio.create_task(runner.run())
    try:
        yield room
    finally:
        await worker.queue_frame(EndFrame())
        await asyncio.wait_for(task, 10)


async def test_a_connected_hosted_recogniser_serves_alone() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.hosted.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        assert room.local.heard == b""
        assert room.local.events == []


async def test_nobody_waits_for_a_connection() -> None:
    hosted = FakeHosted()
    hosted.accepts = False
    async with running(hosted) as room:
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        assert hosted.attempts == 1
        assert hosted.heard == b""


async def test_a_connection_is_used_as_soon_as_the_caller_is_not_speaking() -> None:
    hosted = FakeHosted()
    hosted.accepts = False
    async with running(hosted) as room:
        await room.until(lambda: hosted.attempts == 1)
        room.local.texts = ["first"]
        await room.speech_starts()
        await room.hears(1)
        hosted.accepts = True
        hosted.lose()
        await room.until(lambda: room.ladder.rungs[0].is_connected)
        assert room.ladder.serving == "local"
        await room.speech_stops()
        await room.says("first")
        await room.serves("hosted")


async def test_silence_is_answered_by_the_next_rung_with_every_word() -> None:
    async with running() as room:
        await room.serves("hosted")
        await room.hears(1)
        room.hosted.texts = [None]
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        assert room.local.events == ["start", "stop"]
        # Three chunks from before the notice of speech, and all of the speech.
        assert room.local.spoken == list(range(8, 21))


async def test_a_late_answer_of_a_rung_that_was_left_is_dropped() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.hosted.texts = [None]
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        room.now += 1.7
        await room.hosted.say("hello")
        await room.until(lambda: room.hosted.attempts == 2)  # connected anew, with a clean stream
        assert room.out.finals == ["hello"]


async def test_a_connection_lost_in_the_middle_of_a_word_loses_none() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.local.texts = ["hello there"]
        await room.speech_starts()
        await room.hears(0.5)
        room.hosted.lose()
        await room.serves("local")
        await room.hears(0.5)
        await room.speech_stops()
        await room.says("hello there")
        assert room.local.spoken == list(range(1, 11))


async def test_words_that_were_read_are_not_given_to_the_next_rung() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.local.texts = ["there"]
        await room.speech_starts()
        await room.hears(1.0)
        result = SimpleNamespace(start=0.0, duration=0.6, from_finalize=False)
        await room.hosted.say("hello", result=result)
        await room.says("hello")
        room.hosted.lose()
        await room.serves("local")
        await room.speech_stops()
        await room.says("hello", "there")
        assert room.local.spoken == [7, 8, 9, 10]


async def test_garbage_is_not_passed_on() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.hosted.texts = ["\ufffd\ufffd\ufffd"]
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")


async def test_nothing_for_voice_is_asked_again_and_held_against_who_missed_words() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.hosted.texts = [""]
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        await room.until(lambda: room.hosted.attempts == 2)


async def test_noise_is_held_against_nobody() -> None:
    async with running() as room:
        await room.serves("hosted")
        for _ in range(5):
            room.hosted.texts = [""]
            room.local.texts = [""]
            asked = room.local.events.count("stop")
            await room.speech()
            await room.until(lambda asked=asked: room.local.events.count("stop") > asked)  # type: ignore[misc]
            await room.serves("hosted")
        assert room.out.finals == []
        assert room.breaker.state is BreakerState.CLOSED
        assert room.hosted.attempts == 1


async def test_a_refused_key_is_tried_once() -> None:
    hosted = FakeHosted()
    hosted.refusal = ConnectionEnd("refused the connection with status 401", permanent=True)
    async with running(hosted) as room:
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        assert room.breaker.is_permanent
        assert "401" in room.breaker.reason
        assert hosted.attempts == 1


async def test_it_returns_at_once_the_first_time_and_then_not_before_a_minute() -> None:
    async with running() as room:
        room.breaker._policy = BreakerPolicy(failures=99)
        for n in (1, 2):
            await room.serves("hosted")
            room.hosted.lose()
            await room.serves("local")
            await room.until(lambda n=n: room.hosted.attempts == n + 1)  # type: ignore[misc]
        room.local.texts = ["one", "two"]
        await room.until(lambda: room.ladder.rungs[0].is_connected)
        await room.speech()
        await room.says("one")
        assert room.ladder.serving == "local"
        room.now += RETURN_INTERVAL_S
        await room.speech()
        await room.says("one", "two")
        await room.serves("hosted")


async def test_who_gave_the_words_is_told_before_they_leave() -> None:
    async with running() as room:
        told: list[str] = []
        room.ladder.on_rung = told.append
        await room.serves("hosted")
        told.clear()
        room.hosted.texts = [None]
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        assert told[-1] == "local"


async def test_the_last_rung_must_always_be_there() -> None:
    rung = SttRung(
        name="hosted", service=FakeHosted(), breaker=Breaker("x"), patience=Patience(QUICK)
    )
    with pytest.raises(ValueError, match="without a connection"):
        SttLadder([rung], pre_roll_s=0.3)
