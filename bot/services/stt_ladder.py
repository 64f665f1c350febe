"""The recognisers in order of preference: when one fails, the next hears the same words at once.

Pipecat's `ServiceSwitcher` leaves a service only when it is permanently unusable, sees no
silence, replays nothing, and waits with the start for the slowest connection. This subclass adds
what a call needs:

- The chain's frames go past the recognisers and never wait for one. A rung gets audio and the
  voice detector's frames only while it serves, and gives back transcripts only while it serves:
  what a rung that was left has to say about the same words is dropped.
- Connections are made and made again in the background, as each rung's breaker allows.
- The audio of the open utterance is kept. If the rung fails, or says nothing in time after the
  caller has stopped, the next one gets it as speech start, audio, speech stop.
- A better rung is returned to only between utterances, and not again and again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, cast

from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    MetricsFrame,
    ServiceMetadataFrame,
    ServiceSwitcherRequestMetadataFrame,
    StartFrame,
    STTMuteFrame,
    STTUpdateSettingsFrame,
    TranscriptionFrame,
    UserAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.service_switcher import ServiceSwitcher, ServiceSwitcherStrategy
from pipecat.processors.filters.function_filter import FunctionFilter
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from bot.services.breaker import BreakerState
from bot.services.stt_rung import Connecting, ConnectionEnd, ConnectionKeeper, SttRung
from bot.services.stt_utterance import AudioRing, Reading, Utterance, is_garbage

SAMPLE_RATE_HZ: Final = 16_000
RETURN_INTERVAL_S: Final = 60.0
"""At most one return to a better rung in this time; doubled while returns fail."""

MAX_RETURN_INTERVAL_S: Final = 480.0
LATE_GRACE_S: Final = 3.0
"""How long a rung that was left for being slow is listened to: its late answer is dropped, but
tells how slow it is."""

FORGIVEN_STOP_S: Final = 2.0
"""How long a rung may hold up the end of the call."""

CONTINUATION_S: Final = 2.0
"""Speech that begins so soon after words belongs to the same sentence."""

_LEAD_IN_S: Final = 1.0
"""Silence before replayed audio: it flushes what a rung may have kept from when it last served."""
_CHUNK_S: Final = 0.1
_FOR_RUNGS: Final = (ServiceSwitcherRequestMetadataFrame, STTUpdateSettingsFrame, STTMuteFrame)


class LadderStrategy(ServiceSwitcherStrategy):
    """Which rung serves is the ladder's decision; errors are handed to it."""

    def __init__(self, services: list[FrameProcessor]) -> None:
        """Made by `ServiceSwitcher`."""
        super().__init__(services)
        self.on_error: Callable[[ErrorFrame], Awaitable[None]] | None = None

    async def use(self, service: FrameProcessor) -> None:
        """Let a service serve from now on."""
        await self._set_active_if_available(service)

    def begin_with(self, service: FrameProcessor) -> None:
        """The service that serves before the pipeline has started."""
        self._active_service = service

    async def handle_error(self, error: ErrorFrame) -> FrameProcessor | None:
        """Hand an error of the serving rung to the ladder, which answers for it."""
        if self.on_error is not None:
            await self.on_error(error)
        return self.active_service


class SttLadder(ServiceSwitcher[LadderStrategy]):
    """The recogniser of a call. Needs a `VADProcessor` in front of it."""

    def __init__(
        self,
        rungs: Sequence[SttRung],
        *,
        pre_roll_s: float,
        on_rung: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The last rung must need no connection: it is the one that always serves.

        Args:
            rungs: the best first.
            pre_roll_s: audio kept from before the voice detector's notice of speech, in seconds.
            on_rung: told the name of the rung that words come from, before they leave; until there
                are any, of the one that serves.
            clock: monotonic seconds.
        """
        if not rungs[-1].is_connected:
            raise ValueError(f"the last rung, {rungs[-1].name}, must work without a connection")
        self._rungs = list(rungs)
        self._active = self._rungs[-1]
        super().__init__([rung.service for rung in rungs], LadderStrategy)
        self.on_rung = on_rung
        self._clock = clock
        self._pre_roll = round(pre_roll_s * SAMPLE_RATE_HZ)
        self._ring = AudioRing(sample_rate=SAMPLE_RATE_HZ)
        self._last_audio: InputAudioRawFrame | None = None
        self._utterance: Utterance | None = None
        self._speech_began: VADUserStartedSpeakingFrame | None = None
        self._speech_ended: VADUserStoppedSpeakingFrame | None = None
        self._stopped_at = 0  # the position of the last notice of silence
        self._began_at = 0.0  # when the caller last began to speak
        self._words_at = float("-inf")  # when the serving rung last gave words
        self._asked_at = 0.0  # when the serving rung was last told that speech is over
        self._doubted: SttRung | None = None
        self._watch: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_over = False
        self._has_heard = False
        self._may_return_at = float("-inf")
        self._return_interval_s = RETURN_INTERVAL_S
        self._was_left: set[str] = set()
        self._active = self._best() or self._rungs[-1]
        self.strategy.begin_with(self._active.service)
        self.strategy.on_error = self._on_service_error
        for rung in self._rungs:
            if isinstance(rung.service, Connecting):
                rung.service.on_nothing_recognised = partial(self._nothing_recognised, rung)
            elif rung.tells_of_nothing:
                rung.service.add_event_handler(
                    "on_nothing_recognised", partial(self._said_nothing, rung)
                )

    @property
    def rungs(self) -> Sequence[SttRung]:
        """The recognisers, the best first."""
        return self._rungs

    @property
    def serving(self) -> str:
        """The name of the rung that serves."""
        return self._active.name

    # --- the branches ---------------------------------------------------------------------------

    def _make_pipeline_definitions(  # type: ignore[override]  # a static method in Pipecat
        self, services: list[FrameProcessor], strategy: ServiceSwitcherStrategy
    ) -> list[Any]:
        """A lane past the rungs for all frames, and one branch for each rung."""
        return [[_only(_everything)], *(self._branch(rung) for rung in self._rungs)]

    def _branch(self, rung: SttRung) -> list[FrameProcessor]:
        async def enters(frame: Frame) -> bool:
            # Audio and speech are handed over by `_feed`, in the order in which they are kept.
            return isinstance(frame, _FOR_RUNGS)

        async def leaves(frame: Frame) -> bool:
            return self._leaves(rung, frame)

        return [
            _only(enters),
            rung.service,
            _only(leaves),
            _only(_nothing, FrameDirection.UPSTREAM),
        ]

    async def _pipeline_sink_push_frame(self, frame: Frame, direction: FrameDirection) -> None:
        # The start waits for no rung: the first branch to pass it on is the lane past them.
        if isinstance(frame, StartFrame) and self._frame_counter.get(frame.id, 0) > 0:
            self._frame_counter[frame.id] = 1
        await super()._pipeline_sink_push_frame(frame, direction)

    def _leaves(self, rung: SttRung, frame: Frame) -> bool:
        serves = rung is self._active
        match frame:
            case StartFrame():
                rung.started.set()
                return True
            case TranscriptionFrame():
                return self._is_wanted(rung, frame)
            case InterimTranscriptionFrame():
                return serves and self._utterance is not None
            case MetricsFrame() | ServiceMetadataFrame():
                return serves
        return False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Let everything pass; the serving rung gets its copy."""
        await super().process_frame(frame, direction)
        if direction is not FrameDirection.DOWNSTREAM:
            return
        match frame:
            case InputAudioRawFrame():
                await self._hear(frame)
            case VADUserStartedSpeakingFrame():
                await self._speech_begins(frame)
            case VADUserStoppedSpeakingFrame():
                await self._speech_ends(frame)
            case StartFrame():
                self._start()
            case EndFrame() | CancelFrame():
                self._is_over = True
                self._own(partial(self._end_all_the_same, frame), "end")

    async def cleanup(self) -> None:
        """Close the connections."""
        self._is_over = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().cleanup()  # type: ignore[no-untyped-call]

    def _start(self) -> None:
        self.on_rung(self._active.name)
        for rung in self._rungs:
            if isinstance(rung.service, Connecting):
                keeper = ConnectionKeeper(
                    rung,
                    rung.service,
                    on_up=partial(self._own, self._return_to_a_better_rung, "connected"),
                    on_end=self._connection_ended,
                    clock=self._clock,
                )
                self._own(keeper.run, f"connect-{rung.name}")

    async def _end_all_the_same(self, frame: Frame) -> None:
        """A provider that does not say goodbye must not hold up the end of the call."""
        await asyncio.sleep(FORGIVEN_STOP_S)
        if self._frame_counter.get(frame.id, 0) > 0:
            self._frame_counter[frame.id] = 1
            await self._pipeline_sink_push_frame(frame, FrameDirection.DOWNSTREAM)

    # --- what the caller says -------------------------------------------------------------------

    async def _hear(self, frame: InputAudioRawFrame) -> None:
        self._last_audio = frame
        self._ring.append(frame.audio)
        if self._utterance is None:
            self._ring.forget_before(self._ring.end - self._pre_roll)
        await self._feed(self._active, frame)

    async def _speech_begins(self, frame: VADUserStartedSpeakingFrame) -> None:
        self._speech_began, self._speech_ended = frame, None
        self._began_at = self._clock()
        self._stop_watching()
        if self._utterance is None:
            self._utterance = Utterance(
                noticed_at=self._ring.end,
                start_s=frame.start_secs,
                sample_rate=SAMPLE_RATE_HZ,
                read_to=self._ring.begin,
            )
        else:
            self._utterance.speaks_again()
        await self._feed(self._active, frame)

    async def _speech_ends(self, frame: VADUserStoppedSpeakingFrame) -> None:
        self._speech_ended = frame
        self._stopped_at = self._ring.end
        if self._utterance is not None:
            self._utterance.stopped(at=self._ring.end, stop_s=frame.stop_secs)
        await self._feed(self._active, frame)
        self._watch_the_serving_rung()

    async def _feed(self, rung: SttRung, frame: Frame) -> None:
        """Hand a frame to a rung. Its queue has no bound, so this never waits and a replay is not
        interleaved with what comes live; a rung that does not empty its queue is left."""
        if isinstance(frame, InputAudioRawFrame):
            rung.fed += frame.num_frames
        await rung.service.queue_frame(frame, FrameDirection.DOWNSTREAM)

    # --- what the rungs say ---------------------------------------------------------------------

    def _is_wanted(self, rung: SttRung, frame: TranscriptionFrame) -> bool:
        if rung is not self._active:
            self._came_late(rung)
            return False
        utterance = self._utterance
        if is_garbage(frame.text, audio_s=self._seconds_in_question()):
            self._own(partial(self._failed, rung, "wrote what nobody said"), "garbage")
            return False
        self._has_heard = True
        self.on_rung(rung.name)
        if utterance is not None:
            read_to, is_last = self._coverage(rung, frame)
            self._conclude(rung, utterance.result(frame.text, read_to=read_to, is_last=is_last))
        return True

    def _coverage(self, rung: SttRung, frame: TranscriptionFrame) -> tuple[int, bool]:
        """How far a final result reaches, and whether it is the last of the utterance."""
        start, duration = (getattr(frame.result, name, None) for name in ("start", "duration"))
        if isinstance(start, int | float) and isinstance(duration, int | float):
            # Deepgram's results say which part of the stream they cover.
            read_to = rung.origin + round((start + duration) * SAMPLE_RATE_HZ)
            return read_to, bool(getattr(frame.result, "from_finalize", False))
        if self._utterance is not None and self._stopped_at > self._utterance.noticed_at:
            return self._stopped_at, True
        return self._ring.end, True

    def _nothing_recognised(self, rung: SttRung, is_last: bool) -> None:
        if rung is not self._active:
            self._came_late(rung)
        elif self._utterance is not None:
            reading = self._utterance.result("", read_to=self._ring.end, is_last=is_last)
            self._conclude(rung, reading)

    async def _said_nothing(self, rung: SttRung, *_: Any) -> None:
        self._nothing_recognised(rung, True)

    def _conclude(self, rung: SttRung, reading: Reading) -> None:
        utterance = self._utterance
        match reading:
            case Reading.READ:
                self._words_at = self._clock()
                rung.patience.took(self._clock() - self._asked_at)
                rung.breaker.succeeded()
                self._utterance_is_over(had_words=True)
            case Reading.EMPTY if self._follows_words:
                # The end of a sentence whose words the recogniser has given already; another
                # recogniser would say them a second time.
                self._utterance_is_over(had_words=False)
            case Reading.EMPTY:
                self._own(partial(self._recognised_nothing, rung), "empty")
            case Reading.UNREAD:
                if utterance is not None and utterance.has_words:
                    self._words_at = self._clock()
                    self._ring.forget_before(utterance.read_to)

    @property
    def _follows_words(self) -> bool:
        return self._began_at - self._words_at < CONTINUATION_S

    async def _recognised_nothing(self, rung: SttRung) -> None:
        """Voice without words: noise, or a recogniser that does not work. The next one decides."""
        if rung is self._active and self._below(rung) is not None and self._doubted is None:
            self._doubted = rung
            await self._leave(rung, "recognised nothing where there was voice")
        elif rung is self._active:
            self._utterance_is_over(had_words=False)

    def _utterance_is_over(self, *, had_words: bool) -> None:
        self._stop_watching()
        self._utterance = None
        # What came after the caller's last word may be the beginning of the next one.
        self._ring.forget_before(self._stopped_at)
        doubted, self._doubted = self._doubted, None
        if doubted is not None:
            if had_words:
                doubted.breaker.failed(reason="recognised nothing where there were words")
                doubted.reconnect.set()
            else:
                self._was_left.discard(doubted.name)
        elif self._active is self._rungs[0] and had_words:
            self._return_interval_s = RETURN_INTERVAL_S
        self._own(self._return_to_a_better_rung, "return")

    def _seconds_in_question(self) -> float:
        return (self._ring.end - self._ring.begin) / SAMPLE_RATE_HZ + 1.0

    # --- failures -------------------------------------------------------------------------------

    def _watch_the_serving_rung(self) -> None:
        self._stop_watching()
        self._asked_at = self._clock()
        if self._utterance is not None and self._below(self._active) is not None:
            self._watch = self._own(partial(self._wait_for_words, self._active), "no-words")

    async def _wait_for_words(self, rung: SttRung) -> None:
        timeout_s = rung.patience.timeout_s
        await asyncio.sleep(timeout_s)
        self._watch = None
        if rung is not self._active or self._utterance is None:
            return
        if self._utterance.is_covered:
            # Only the confirmation that this was all is missing.
            self._utterance_is_over(had_words=True)
        else:
            rung.late_since = self._asked_at
            self._own(partial(self._listen_for_late_words, rung), "late")
            await self._failed(rung, f"said nothing within {timeout_s:.1f} s")

    def _stop_watching(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()

    def _came_late(self, rung: SttRung) -> None:
        if rung.late_since is not None:
            rung.patience.took(self._clock() - rung.late_since)
            rung.late_since = None
            rung.reconnect.set()

    async def _listen_for_late_words(self, rung: SttRung) -> None:
        await asyncio.sleep(LATE_GRACE_S)
        if rung.late_since is not None:
            rung.late_since = None
            rung.reconnect.set()

    async def _on_service_error(self, error: ErrorFrame) -> None:
        rung = next((r for r in self._rungs if r.service is error.processor), None)
        if rung is not None:
            # The text of an error may quote what was sent: the class says enough.
            what = error.category.value if error.category else "error"
            await self._failed(rung, what, permanent=not rung.service.is_usable)

    async def _failed(self, rung: SttRung, reason: str, *, permanent: bool = False) -> None:
        rung.breaker.failed(permanent=permanent, reason=reason)
        if isinstance(rung.service, Connecting) and rung.late_since is None:
            rung.reconnect.set()
        if rung is self._active:
            await self._leave(rung, reason)

    async def _leave(self, rung: SttRung, reason: str) -> None:
        """The next rung takes over, with the caller's words if there are any."""
        successor = self._below(rung)
        if successor is None:
            logger.warning("The last recogniser, {}, failed: {}", rung.name, reason)
            if self._utterance is not None and self._utterance.speech_end is not None:
                self._utterance_is_over(had_words=False)
            return
        if not self._is_over:
            logger.warning("{}: {}; {} takes over", rung.name, reason, successor.name)
        self._was_left.add(rung.name)
        successor.breaker.allow()  # if it is to be tried again, this is the one attempt
        await self._let_serve(successor)
        if self._utterance is not None:
            await self._replay(successor, self._utterance)

    def _below(self, rung: SttRung) -> SttRung | None:
        """The best rung under another that could serve; the last one always could."""
        rest = self._rungs[self._rungs.index(rung) + 1 :]
        return next((r for r in rest if r.is_ready), rest[-1] if rest else None)

    async def _let_serve(self, rung: SttRung) -> None:
        self._stop_watching()
        self._active = rung
        rung.origin = self._ring.end - rung.fed
        await self.strategy.use(rung.service)
        if not self._has_heard:
            # Nobody has said anything yet: who will hear it is what there is to tell.
            self.on_rung(rung.name)

    async def _replay(self, rung: SttRung, utterance: Utterance) -> None:
        """Give a rung what nobody has read yet, as if the caller said it now, all at once."""
        began, ended = self._speech_began, self._speech_ended
        if began is None:
            return
        begin = max(
            self._ring.begin, utterance.read_to if utterance.has_words else self._ring.begin
        )
        rung.origin = begin - rung.fed - round(_LEAD_IN_S * SAMPLE_RATE_HZ)
        await self._feed_pcm(rung, bytes(2 * round(_LEAD_IN_S * SAMPLE_RATE_HZ)))
        await self._feed_pcm(rung, self._ring.between(begin, utterance.noticed_at))
        await self._feed(rung, began)
        rest = self._ring.between(max(begin, utterance.noticed_at), self._ring.end)
        await self._feed_pcm(rung, rest)
        if utterance.speech_end is not None and ended is not None:
            await self._feed(rung, ended)
            self._watch_the_serving_rung()

    async def _feed_pcm(self, rung: SttRung, pcm: bytes) -> None:
        step = round(_CHUNK_S * SAMPLE_RATE_HZ) * 2
        for start in range(0, len(pcm), step):
            await self._feed(rung, self._audio(pcm[start : start + step]))

    def _audio(self, pcm: bytes) -> InputAudioRawFrame:
        if isinstance(self._last_audio, UserAudioRawFrame):
            return UserAudioRawFrame(
                audio=pcm,
                sample_rate=SAMPLE_RATE_HZ,
                num_channels=1,
                user_id=self._last_audio.user_id,
            )
        return InputAudioRawFrame(audio=pcm, sample_rate=SAMPLE_RATE_HZ, num_channels=1)

    # --- connections, and the way back ----------------------------------------------------------

    async def _connection_ended(self, rung: SttRung, end: ConnectionEnd) -> None:
        if not self._is_over:
            await self._failed(rung, end.reason, permanent=end.permanent)

    def _best(self) -> SttRung | None:
        return next((rung for rung in self._rungs if rung.is_ready), None)

    async def _return_to_a_better_rung(self) -> None:
        better = self._best()
        if self._is_over or self._utterance is not None or better is None:
            return
        if self._rungs.index(better) >= self._rungs.index(self._active):
            return
        if better.name in self._was_left:
            if self._clock() < self._may_return_at:
                return
            self._may_return_at = self._clock() + self._return_interval_s
            self._return_interval_s = min(2 * self._return_interval_s, MAX_RETURN_INTERVAL_S)
            logger.info("{} serves again", better.name)
        if not better.breaker.allow() and better.breaker.state is not BreakerState.HALF_OPEN:
            return
        await self._let_serve(better)
        # The caller may be beginning to speak; the voice detector gives notice a little later.
        begin = self._ring.begin
        better.origin = begin - better.fed
        await self._feed_pcm(better, self._ring.between(begin, self._ring.end))

    def _own(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work(), name=f"stt-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return task

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("The ladder's task {} failed: {}", task.get_name(), type(error).__name__)


async def _everything(_: Frame) -> bool:
    return True


async def _nothing(_: Frame) -> bool:
    return False


def _only(
    wanted: Callable[[Frame], Awaitable[bool]],
    direction: FrameDirection = FrameDirection.DOWNSTREAM,
) -> FunctionFilter:
    return FunctionFilter(
        filter=cast("Any", wanted),
        direction=direction,
        filter_system_frames=True,
        enable_direct_mode=True,
    )
