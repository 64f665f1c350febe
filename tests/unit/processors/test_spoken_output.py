"""What leaves the output as the bot's words is what the caller heard, to the word."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pipecat.frames.frames import (
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    StartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import TransportParams
from pipecat.utils.text.base_text_aggregator import TextType
from pipecat.workers.runner import WorkerRunner

from processors.spoken_output import HeardReply, SpokenOutput, spoken

RATE = 16_000
CHUNK_MS = 40
MS = 1_000_000  # nanoseconds


class GatedOutput(BaseOutputTransport):
    """Takes audio only as far as the test allows: the test owns the playhead."""

    def __init__(self) -> None:
        super().__init__(
            TransportParams(audio_out_enabled=True, audio_out_end_silence_secs=0),
        )
        self._allowed = asyncio.Semaphore(0)
        self.written_ms = 0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        await self._allowed.acquire()
        self.written_ms += CHUNK_MS
        return True

    def play(self, milliseconds: int) -> None:
        for _ in range(milliseconds // CHUNK_MS):
            self._allowed.release()


class Listener:
    def __init__(self) -> None:
        self.began = 0
        self.replies: list[HeardReply] = []
        self.changed = asyncio.Event()

    def bot_began(self) -> None:
        self.began += 1
        self.changed.set()

    def bot_heard(self, reply: HeardReply) -> None:
        self.replies.append(reply)
        self.changed.set()


class Sink(FrameProcessor):
    def __init__(self) -> None:
        super().__init__()
        self.frames: list[Frame] = []
        self.changed = asyncio.Event()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        self.frames.append(frame)
        self.changed.set()
        await self.push_frame(frame, direction)

    @property
    def words(self) -> list[str]:
        return [frame.text for frame in self.frames if isinstance(frame, TTSTextFrame)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                await self.changed.wait()


class Stage:
    def __init__(self, queued_ms: int = 0) -> None:
        self.queued_ms = queued_ms
        self.gate = GatedOutput()
        self.output: SpokenOutput = spoken(
            self.gate, queued_samples=lambda: self.queued_ms * RATE // 1000
        )
        self.listener = Listener()
        self.output.listen(self.listener)
        self.sink = Sink()
        self.worker = PipelineWorker(
            Pipeline([self.output, self.sink]),
            params=PipelineParams(audio_out_sample_rate=RATE),
            enable_rtvi=False,
            idle_timeout_secs=None,
        )

    async def reply(self, *words: tuple[str, int], audio_ms: int, end: bool = True) -> None:
        """One reply as a voice service with word times would push it."""
        clock: Any = self.output.get_clock()
        await self.worker.queue_frame(LLMFullResponseStartFrame())
        await self.worker.queue_frame(TTSStartedFrame(context_id="c"))
        base = clock.get_time()
        for text, at_ms in words:
            frame = TTSTextFrame(text, TextType.WORD, context_id="c")
            frame.pts = base + at_ms * MS
            await self.worker.queue_frame(frame)
        audio = bytes(RATE * 2 * audio_ms // 1000)
        await self.worker.queue_frame(TTSAudioRawFrame(audio, RATE, 1, context_id="c"))
        await self.worker.queue_frame(TTSStoppedFrame(context_id="c"))
        if end:
            done = LLMFullResponseEndFrame()
            done.pts = base + words[-1][1] * MS
            await self.worker.queue_frame(done)

    async def until_heard(self, *words: str) -> None:
        await self.sink.until(lambda: self.sink.words == list(words))

    async def until_written(self, milliseconds: int) -> None:
        await self.sink.until(lambda: self.gate.written_ms >= milliseconds)

    async def interrupt(self) -> None:
        await self.worker.queue_frame(InterruptionFrame())
        await self.sink.until(
            lambda: any(isinstance(frame, InterruptionFrame) for frame in self.sink.frames)
        )


@asynccontextmanager
async def on_stage(queued_ms: int = 0) -> AsyncIterator[Stage]:
    stage = Stage(queued_ms)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(stage.worker)
    task = asyncio.create_task(runner.run())
    await stage.sink.until(lambda: any(isinstance(f, StartFrame) for f in stage.sink.frames))
    try:
        yield stage
    finally:
        await runner.cancel()
        await task


async def test_a_word_reaches_the_context_when_its_audio_has_been_played() -> None:
    async with on_stage() as stage:
        await stage.reply(("Hello", 0), ("there", 1000), audio_ms=2000)
        stage.gate.play(400)
        await stage.until_heard("Hello")
        stage.gate.play(1600)
        await stage.until_heard("Hello", "there")


async def test_an_interruption_leaves_only_what_was_heard() -> None:
    async with on_stage() as stage:
        await stage.reply(("What", 0), ("is", 400), ("your", 1200), ("name?", 1600), audio_ms=2400)
        stage.gate.play(800)
        await stage.until_heard("What", "is")
        await stage.interrupt()
        assert stage.sink.words == ["What", "is"]
        reply = stage.listener.replies[0]
        assert (reply.text, reply.complete) == ("What is", False)


async def test_sound_that_is_held_is_sent_later_and_none_of_it_is_lost() -> None:
    held = True
    async with on_stage() as stage:
        stage.output.hold_while(lambda: held)
        stage.gate.play(2000)
        await stage.reply(("Hello", 0), ("there", 1000), audio_ms=2000)
        await stage.sink.until(
            lambda: any(isinstance(frame, TTSStartedFrame) for frame in stage.sink.frames)
        )
        assert stage.gate.written_ms == 0
        held = False
        await stage.until_heard("Hello", "there")


async def test_sound_that_is_held_can_be_interrupted() -> None:
    async with on_stage() as stage:
        stage.output.hold_while(lambda: True)
        stage.gate.play(2000)
        await stage.reply(("Hello", 0), ("there", 1000), audio_ms=2000)
        await stage.interrupt()
        assert stage.gate.written_ms == 0
        assert stage.sink.words == []


async def test_words_in_the_transports_queue_were_not_heard() -> None:
    async with on_stage(queued_ms=400) as stage:
        await stage.reply(("One", 0), ("two", 600), audio_ms=2000)
        stage.gate.play(800)
        await stage.until_heard("One")
        await stage.interrupt()
        assert stage.sink.words == ["One"]
        assert stage.listener.replies[0].text == "One"


async def test_a_reply_heard_to_its_end_is_complete_and_its_end_comes_last() -> None:
    async with on_stage() as stage:
        await stage.reply(("Bye", 0), ("now.", 400), audio_ms=800)
        stage.gate.play(800)
        await stage.sink.until(
            lambda: any(isinstance(f, LLMFullResponseEndFrame) for f in stage.sink.frames)
        )
        await stage.sink.until(lambda: bool(stage.listener.replies))
        assert stage.listener.replies[0].text == "Bye now."
        assert stage.listener.replies[0].complete
        kinds = [
            type(f)
            for f in stage.sink.frames
            if isinstance(f, TTSTextFrame | LLMFullResponseEndFrame)
        ]
        assert kinds == [TTSTextFrame, TTSTextFrame, LLMFullResponseEndFrame]


async def test_a_reply_interrupted_before_its_first_word_was_never_said() -> None:
    async with on_stage() as stage:
        await stage.reply(("Hello", 0), audio_ms=800)
        await stage.sink.until(
            lambda: any(isinstance(f, LLMFullResponseStartFrame) for f in stage.sink.frames)
        )
        await stage.interrupt()
        assert stage.listener.began == 0
        assert stage.listener.replies == []


async def test_the_next_reply_after_an_interruption_is_heard_from_its_own_beginning() -> None:
    async with on_stage() as stage:
        await stage.reply(("Old", 0), ("words", 1000), audio_ms=2000)
        stage.gate.play(400)
        await stage.until_heard("Old")
        await stage.interrupt()
        await stage.reply(("New", 0), ("words.", 600), audio_ms=1200)
        stage.gate.play(1600)
        await stage.until_heard("Old", "New", "words.")
        await stage.sink.until(lambda: len(stage.listener.replies) == 2)
        assert stage.listener.replies[1].text == "New words."


async def test_text_that_is_not_synthesised_counts_as_heard() -> None:
    async with on_stage() as stage:
        frames: list[Frame] = [
            LLMFullResponseStartFrame(),
            LLMTextFrame("Typed answer."),
            LLMFullResponseEndFrame(),
        ]
        for frame in frames:
            frame.skip_tts = True  # type: ignore[attr-defined]
            await stage.worker.queue_frame(frame)
        await stage.sink.until(lambda: bool(stage.listener.replies))
        assert stage.listener.replies[0].text == "Typed answer."
        assert stage.listener.replies[0].complete
