"""An output transport that knows which words the caller has heard.

Pipecat pushes a word to the context when its time on the pipeline's clock has come. That clock
knows neither the transport's own queue nor a stalled voice, so after an interruption the context
would hold words that nobody heard. Here the words wait in a ledger until their audio has left
the queue; what an interruption cuts off is forgotten.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from pipecat.frames.frames import (
    AggregatedTextFrame,
    CancelFrame,
    DataFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMAssistantPushAggregationFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    StartFrame,
    TextFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.utils.string import TextPartForConcatenation, concatenate_aggregated_text

from processors.speech_ledger import SpeechLedger

RELEASE_INTERVAL_S = 0.02
"""How often the ledger is asked what has been heard: one frame of a WebRTC track."""

BYTES_PER_SAMPLE = 2
NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class HeardReply:
    """One reply of the bot as the caller heard it. Times are seconds of `time.monotonic()`."""

    text: str
    started_at: float
    ended_at: float
    complete: bool
    """False when an interruption cut it."""


class SpokenListener(Protocol):
    """Who wants to know what is heard. Called synchronously, in order; must not block."""

    def bot_began(self) -> None:
        """The first word of a reply has been heard."""

    def bot_heard(self, reply: HeardReply) -> None:
        """A reply is over: heard to its end, or cut by an interruption."""


class SpokenOutput(BaseOutputTransport):
    """What is mixed into a transport's output by `spoken()`."""

    def _open_for_listening(self, queued_samples: Callable[[], int]) -> None:
        self._queued_samples = queued_samples
        self._listener: SpokenListener | None = None
        self._ledger: SpeechLedger[Frame] | None = None
        self._baselines_ns: dict[str | None, int] = {}
        self._last_word_pts = 0
        self._parts: list[TextPartForConcatenation] = []
        self._reply_started_at: float | None = None
        self._audible_since: float | None = None
        self._cutting = False
        self._waiting = asyncio.Event()
        self._release_task: asyncio.Task[None] | None = None
        self._now: Callable[[], float] = time.monotonic
        self._is_held: Callable[[], bool] = lambda: False

    def listen(self, listener: SpokenListener) -> None:
        """Report what is heard to this listener."""
        self._listener = listener

    def hold_while(self, is_held: Callable[[], bool]) -> None:
        """Send no sound while this is true. Asked for every frame of audio: it must be quick."""
        self._is_held = is_held

    @property
    def is_speaking(self) -> bool:
        """Whether a reply is audible or about to be."""
        return self._audible_since is not None or bool(self._ledger)

    async def start(self, frame: StartFrame) -> None:
        """Open the ledger with the pipeline."""
        self._ledger = SpeechLedger(sample_rate=self.sample_rate)
        self._release_task = self.create_task(self._release_what_was_heard(), "speech-ledger")
        await super().start(frame)

    async def stop(self, frame: EndFrame) -> None:
        """Let the last words be heard, then close."""
        await super().stop(frame)
        await self._close_ledger()

    async def cancel(self, frame: CancelFrame) -> None:
        """Close at once: what was not heard never will be."""
        await super().cancel(frame)
        await self._close_ledger()

    async def cleanup(self) -> None:
        """Release the task, also when the pipeline never ended properly."""
        await self._close_ledger()
        await super().cleanup()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Send words through the ledger, everything else the transport's own way."""
        if self._ledger is None or direction is not FrameDirection.DOWNSTREAM:
            await super().process_frame(frame, direction)
        elif isinstance(frame, InterruptionFrame):
            await self._cut_speech(frame, direction)
        elif self._is_for_the_ledger(frame):
            await FrameProcessor.process_frame(self, frame, direction)
            self._enter(frame)
        else:
            if isinstance(frame, TTSAudioRawFrame):
                self._note_baseline(frame.context_id)
            elif isinstance(frame, LLMTextFrame) and frame.skip_tts:
                self._hear_text(frame)
            await super().process_frame(frame, direction)

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        """Write audio and count it, unless an interruption has just made it obsolete."""
        # Who holds it tells nobody when that is over: it is asked as often as sound is due.
        while self._is_held() and not self._cutting:  # noqa: ASYNC110
            await asyncio.sleep(RELEASE_INTERVAL_S)
        if self._cutting and frame.interruptible:
            return True
        if isinstance(frame, TTSAudioRawFrame) and self._audible_since is None:
            self._audible_since = self._now()
        written = await super().write_audio_frame(frame)
        if written and self._ledger is not None:
            self._ledger.audio_written(len(frame.audio) // BYTES_PER_SAMPLE)
        return written

    async def write_transport_frame(self, frame: Frame) -> None:
        """Note, in order with the audio, where a stretch of speech begins and where a reply ends.

        The media sender calls this for frames that waited for the audio in front of them.
        """
        if self._ledger is None:
            return
        if isinstance(frame, TTSStartedFrame) and frame.context_id:
            self._ledger.speech_starts(frame.context_id)
        elif isinstance(frame, TTSTextFrame):
            self._hear_text(frame)
        elif _ends_a_reply(frame):
            self._finish_reply(complete=True)
        await super().write_transport_frame(frame)

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Let the ledger know when all audio of a stretch of speech has been written."""
        if (
            self._ledger is not None
            and isinstance(frame, TTSStoppedFrame)
            and direction is FrameDirection.DOWNSTREAM
            and frame.context_id
        ):
            self._ledger.speech_ended(frame.context_id)
        await super().push_frame(frame, direction)

    def _is_for_the_ledger(self, frame: Frame) -> bool:
        if isinstance(frame, LLMFullResponseStartFrame):
            return True
        return (
            bool(frame.pts)
            and isinstance(frame, DataFrame | LLMFullResponseEndFrame)
            and not isinstance(frame, OutputAudioRawFrame)
        ) or (isinstance(frame, LLMAssistantPushAggregationFrame) and bool(frame.pts))

    def _enter(self, frame: Frame) -> None:
        assert self._ledger is not None  # noqa: S101  # process_frame has checked
        if isinstance(frame, TTSTextFrame):
            baseline = self._note_baseline(frame.context_id)
            pts = frame.pts or baseline
            self._last_word_pts = max(self._last_word_pts, pts)
            self._ledger.add_word(
                frame,
                text=frame.text,
                speech_id=frame.context_id,
                offset_s=max(0, pts - baseline) / NANOSECONDS,
            )
        else:
            self._ledger.add_follower(frame)
        self._waiting.set()

    def _note_baseline(self, context_id: str | None) -> int:
        """The pipeline time that the voice service counts this speech's words from.

        The service takes the moment of the first audio, or of the last word if that is later
        (Pipecat's WordTimestampTracker.start), and both reach us directly behind it.
        """
        if context_id not in self._baselines_ns:
            self._baselines_ns.clear()
            self._baselines_ns[context_id] = max(self._last_word_pts, self.get_clock().get_time())
        return self._baselines_ns[context_id]

    async def _release_what_was_heard(self) -> None:
        while True:
            await self._waiting.wait()
            ledger = self._ledger
            if ledger is None:
                return
            for frame in ledger.take_heard(queued_samples=self._queued_samples()):
                await self._release(frame)
            if ledger:
                await asyncio.sleep(RELEASE_INTERVAL_S)
            else:
                self._waiting.clear()

    async def _release(self, frame: Frame) -> None:
        if isinstance(frame, TTSTextFrame):
            self._hear_text(frame)
        ends = _ends_a_reply(frame)
        await self.push_frame(frame)
        if ends:
            self._finish_reply(complete=True)

    def _hear_text(self, frame: TextFrame) -> None:
        if not frame.append_to_context or not frame.text:
            return
        text = frame.text
        if isinstance(frame, AggregatedTextFrame) and frame.raw_text:
            text = frame.raw_text
        if not self._parts:
            self._reply_started_at = self._audible_since or self._now()
            if self._listener:
                self._listener.bot_began()
        self._parts.append(
            TextPartForConcatenation(
                text, includes_inter_part_spaces=frame.includes_inter_frame_spaces
            )
        )

    def _finish_reply(self, *, complete: bool) -> None:
        parts, started_at = self._parts, self._reply_started_at
        self._parts, self._reply_started_at, self._audible_since = [], None, None
        if parts and started_at is not None and self._listener:
            self._listener.bot_heard(
                HeardReply(
                    text=concatenate_aggregated_text(parts).strip(),
                    started_at=started_at,
                    ended_at=self._now(),
                    complete=complete,
                )
            )

    async def _cut_speech(self, frame: InterruptionFrame, direction: FrameDirection) -> None:
        assert self._ledger is not None  # noqa: S101  # process_frame has checked
        self._cutting = True
        try:
            for heard in self._ledger.take_heard(queued_samples=self._queued_samples()):
                await self._release(heard)
            self._ledger.cut()
            self._finish_reply(complete=False)
            self._baselines_ns.clear()
            self._last_word_pts = 0
            # The interruption overtakes frames that still wait in the next processor's queue
            # and deletes them: give the words just released the turns of the loop they need.
            for _ in range(3):
                await asyncio.sleep(0)
            await super().process_frame(frame, direction)
        finally:
            self._cutting = False
            # Words that the voice had sent just before it was interrupted itself.
            if self._ledger is not None:
                self._ledger.cut()

    async def _close_ledger(self) -> None:
        if self._release_task:
            task, self._release_task = self._release_task, None
            await self.cancel_task(task)
        ledger = self._ledger
        if ledger is not None:
            for frame in ledger.take_heard(queued_samples=self._queued_samples()):
                if isinstance(frame, TTSTextFrame):
                    self._hear_text(frame)
            unheard = ledger.cut()
            self._finish_reply(complete=not any(isinstance(f, TTSTextFrame) for f in unheard))
            self._ledger = None


def spoken(
    output: BaseOutputTransport, *, queued_samples: Callable[[], int] = lambda: 0
) -> SpokenOutput:
    """Teach a transport's output, whatever its class, to keep the ledger.

    Pipecat's transports (and its runner's factory for telephony and evals) build their outputs
    themselves and offer no hook for another class, so the class is exchanged on the instance,
    before the pipeline is set up: the methods above go in front of the transport's own.

    Args:
        output: the transport's output, not yet started.
        queued_samples: audio that was written but has not left the transport's own queue.
    """
    if isinstance(output, SpokenOutput):
        return output
    cls = type(output)
    output.__class__ = type(f"Spoken{cls.__name__}", (SpokenOutput, cls), {})
    assert isinstance(output, SpokenOutput)  # noqa: S101  # for the type checker
    output._open_for_listening(queued_samples)
    return output


def _ends_a_reply(frame: Frame) -> bool:
    return isinstance(frame, LLMFullResponseEndFrame | LLMAssistantPushAggregationFrame)
