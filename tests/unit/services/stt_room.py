"""A room for tests of the ladder of recognisers: a real pipeline, recognisers that do as they are
told, and a clock that only tests move."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pipecat.frames.frames import (
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
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

from bot.problems import OnProblem
from bot.services.breaker import Breaker, BreakerPolicy
from bot.services.forget_speech import ForgetSpeechFrame
from bot.services.patience import Patience, PatiencePolicy
from bot.services.stt_ladder import SttLadder
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
        self.is_mute = False
        """Connected, and sends no message while it listens."""
        self.forgot = 0
        self.says_before_it_forgets = ""
        self.on_sign_of_life: Callable[[], None] = lambda: None

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        self.heard += audio
        if not self.is_mute:
            self.on_sign_of_life()
        yield None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, ForgetSpeechFrame) and self.says_before_it_forgets:
            await self.say(self.says_before_it_forgets)
        await super().process_frame(frame, direction)
        if isinstance(frame, VADUserStartedSpeakingFrame):
            self.events.append("start")
        elif isinstance(frame, ForgetSpeechFrame):
            self.heard.clear()
            self.forgot += 1
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

    async def guess(self, text: str) -> None:
        """Give an interim result."""
        self.on_sign_of_life()
        await self.push_frame(InterimTranscriptionFrame(text, "", ""))

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
        self.interims: list[str] = []
        self.audio_frames = 0
        self.changed = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self.finals.append(frame.text)
        if isinstance(frame, InterimTranscriptionFrame):
            self.interims.append(frame.text)
        if isinstance(frame, InputAudioRawFrame):
            self.audio_frames += 1
        self.changed.set()
        await self.push_frame(frame, direction)


class VirtualTime:
    """A clock that stands still until a test lets time pass; then each sleeper wakes in turn."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        sleeper = (self.now + seconds, woken)
        self._sleepers.append(sleeper)
        try:
            await woken
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)

    async def passes(self, seconds: float) -> None:
        end = self.now + seconds
        await settled()
        while self._sleepers and min(self._sleepers)[0] <= end:
            due, woken = min(self._sleepers)
            self._sleepers.remove((due, woken))
            self.now = due
            woken.set_result(None)
            await settled()
        self.now = end


async def settled() -> None:
    """Let every queue of the pipeline run empty: each frame takes a few turns of the loop."""
    for _ in range(60):
        await asyncio.sleep(0)


@dataclass
class Room:
    """A running pipeline with a ladder in it."""

    hosted: FakeHosted
    local: FakeSTT
    ladder: SttLadder
    out: Collector
    worker: PipelineWorker
    time: VirtualTime = field(default_factory=VirtualTime)
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
    hosted: FakeHosted | None = None,
    *,
    patience: PatiencePolicy = QUICK,
    hedge_ratio: float = 0.5,
    is_virtual: bool = False,
    on_problem: OnProblem = lambda _service, _failure: None,
) -> AsyncIterator[Room]:
    """A call. `is_virtual`: time-outs wait for the room's own clock too."""
    time = VirtualTime()
    hosted, local, out = hosted or FakeHosted(), FakeSTT(), Collector()
    rungs = [
        SttRung(
            name=name,
            service=service,
            breaker=Breaker(name, policy=BreakerPolicy(failures=3)),
            patience=Patience(patience),
            can_forget=name == "local",
        )
        for name, service in (("hosted", hosted), ("local", local))
    ]
    ladder = SttLadder(
        rungs,
        pre_roll_s=PRE_ROLL_S,
        hedge_ratio=hedge_ratio,
        on_problem=on_problem,
        clock=lambda: time.now,
        sleep=time.sleep if is_virtual else asyncio.sleep,
    )
    worker = PipelineWorker(
        Pipeline([ladder, out]),
        params=PipelineParams(audio_in_sample_rate=RATE),
        idle_timeout_secs=None,
    )
    room = Room(hosted, local, ladder, out, worker, time)
    local.on_nothing_recognised = lambda is_last: ladder._nothing_recognised(rungs[1], is_last)
    runner = WorkerRunner(handle_sigint=False, handle_sigterm=False)
    await runner.add_workers(worker)
    task = asyncio.create_task(runner.run())
    try:
        yield room
    finally:
        await worker.queue_frame(EndFrame())
        await asyncio.wait_for(task, 10)
