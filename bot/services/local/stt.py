"""The local recogniser as a Pipecat STT service.

Pipecat's own Moonshine service is no base for it: it recognises a segment only when it is over
(no interim transcripts), converts the audio on the event loop, and marks every transcript as
final for the turn, even one that arrives when the caller already speaks again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterimTranscriptionFrame,
    StartFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import STTSettings
from pipecat.services.stt_service import STTService
from pipecat.transcriptions.language import Language
from pipecat.utils.time import time_now_iso8601
from pipecat.utils.tracing.service_decorators import traced_stt
from pipecat.utils.types import NOT_GIVEN, NotGiven

from bot.services.forget_speech import ForgetSpeechFrame
from bot.services.local.engine import EngineOverloadedError
from bot.services.local.recogniser import Utterance, preload_recogniser

TTFS_P99_SECS: Final = 0.6
"""From the end of speech to the final transcript: the VAD's 0.2 s and the model's up to 0.4 s.

Only a safety net: finals are marked as finalized, and a turn does not wait for this time.
"""

MAX_UTTERANCE_SECS: Final = 45.0
"""A VAD that never stops (noise, music) must not grow an utterance for ever."""

INTERIM_DUTY: Final = 3.0
"""Speech between two interims, in multiples of what the last one took: a machine that is late
gives its time to the finals."""

_QUIET_TAIL_SECS: Final = 0.1
_QUIET_RATIO: Final = 0.25


@dataclass
class LocalSTTSettings(STTSettings):
    """Settings of the local recogniser.

    Parameters:
        interim_interval_secs: Speech between two interim transcripts; 0 turns them off.
        pre_roll_secs: Audio kept from before the VAD's first notice of speech.
    """

    interim_interval_secs: float | NotGiven = field(default_factory=lambda: NOT_GIVEN)
    pre_roll_secs: float | NotGiven = field(default_factory=lambda: NOT_GIVEN)


class _Speech:
    """What the caller is saying, and how far it has been read."""

    def __init__(self, utterance: Utterance) -> None:
        self.utterance = utterance
        self.since_interim = bytearray()
        self.seconds = 0.0
        self.seconds_at_interim = 0.0
        self.interim: asyncio.Task[None] | None = None
        self.over = False


class LocalSTTService(STTService):
    """Recognises one utterance from VAD start to VAD stop, with interim transcripts on the way.

    Needs the frames of a `VADProcessor` in front of it. The final is marked as finalized, unless
    the caller speaks again already: then the turn has to wait for the next one.

    Event handlers:
        on_nothing_recognised: The caller spoke, by the VAD, but there is no text.
    """

    Settings = LocalSTTSettings
    _settings: LocalSTTSettings

    def __init__(self, *, settings: LocalSTTSettings | None = None, **kwargs: Any) -> None:
        """Make the service; the model is loaded when the pipeline starts, unless it is already.

        Args:
            settings: What differs from the defaults.
            **kwargs: Passed on to `STTService`.
        """
        complete = LocalSTTSettings(
            model="moonshine-tiny-en",
            language=Language.EN,
            interim_interval_secs=0.4,
            pre_roll_secs=0.4,
        )
        if settings is not None:
            complete.apply_update(settings)
        kwargs.setdefault("ttfs_p99_latency", TTFS_P99_SECS)
        super().__init__(settings=complete, **kwargs)
        self._register_event_handler("on_nothing_recognised")
        self._pre_roll = bytearray()
        self._start_secs = 0.0
        self._speech: _Speech | None = None
        self._interim_took_secs = 0.0
        self._finals = asyncio.Lock()  # fair, so finals come out in the order they were said
        self._final_tasks: set[asyncio.Task[None]] = set()
        self._loading: asyncio.Task[None] | None = None
        self._next_is_whole = False

    def can_generate_metrics(self) -> bool:
        """The service measures its latency."""
        return True

    async def start(self, frame: StartFrame) -> None:
        """Start, and load the model in the background if no one has."""
        await super().start(frame)
        self._loading = self.create_task(self._load(), name="load_recogniser")

    async def stop(self, frame: EndFrame) -> None:
        """Let the finals under way come out, then stop."""
        self._drop_speech()
        if self._final_tasks:
            await asyncio.wait(set(self._final_tasks), timeout=5.0)
        await self._cancel_tasks()
        await super().stop(frame)

    async def cancel(self, frame: CancelFrame) -> None:
        """Stop at once."""
        self._drop_speech()
        await self._cancel_tasks()
        await super().cancel(frame)

    async def cleanup(self) -> None:
        """Give everything back."""
        await super().cleanup()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
        self._drop_speech()
        await self._cancel_tasks()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """As every recogniser; and forget what nobody wants any more."""
        if isinstance(frame, ForgetSpeechFrame):
            await self._forget_speech()
            self._next_is_whole = frame.whole_follows
        await super().process_frame(frame, direction)

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame | None, None]:
        """Take in 16-bit mono PCM. Transcripts are pushed by tasks of their own."""
        speech = self._speech
        if speech is None:
            self._keep_pre_roll(audio)
        else:
            speech.utterance.hear(audio)
            speech.since_interim += audio
            speech.seconds += len(audio) / 2 / self.sample_rate
            if speech.seconds >= MAX_UTTERANCE_SECS:
                self._cut(speech)
            elif self._interim_is_due(speech):
                speech.seconds_at_interim = speech.seconds
                speech.since_interim.clear()
                speech.interim = self.create_task(self._push_interim(speech), name="interim")
        yield None

    # Utterances ---------------------------------------------------------------------------------

    async def _handle_vad_user_started_speaking(self, frame: VADUserStartedSpeakingFrame) -> None:
        await super()._handle_vad_user_started_speaking(frame)
        self._start_secs = frame.start_secs
        if self._speech is None:
            self._begin(bytes(self._pre_roll))
            self._pre_roll.clear()

    async def _handle_vad_user_stopped_speaking(self, frame: VADUserStoppedSpeakingFrame) -> None:
        await super()._handle_vad_user_stopped_speaking(frame)
        speech, self._speech = self._speech, None
        self._next_is_whole = False
        if speech is not None:
            self.request_finalize()  # type: ignore[no-untyped-call]
            self._finish(speech)

    def _begin(self, audio: bytes) -> None:
        self._speech = _Speech(Utterance(sample_rate=self.sample_rate))
        self._speech.utterance.hear(audio)

    def _cut(self, speech: _Speech) -> None:
        """End an utterance that is too long in the middle of speech; the next follows on."""
        self._finish(speech)
        self._begin(b"")

    def _finish(self, speech: _Speech) -> None:
        speech.over = True
        try:
            reading = speech.utterance.final()
        except EngineOverloadedError as error:
            logger.error(f"{self}: utterance dropped: {error}")
            return
        task = self.create_task(self._push_final(asyncio.wrap_future(reading)), name="final")
        self._final_tasks.add(task)
        task.add_done_callback(partial(self._final_is_over, speech))

    def _final_is_over(self, speech: _Speech, task: asyncio.Task[None]) -> None:
        self._final_tasks.discard(task)
        if task.cancelled():
            # The job may never have begun, and what it holds is given back by itself only.
            with suppress(EngineOverloadedError):
                speech.utterance.discard()

    async def _push_final(self, reading: asyncio.Future[str]) -> None:
        async with self._finals:
            try:
                text = await reading
            except Exception as error:
                await self.push_error(f"local recogniser failed: {error}", exception=error)
                return
            # A later utterance is being spoken or recognised: this is not the end of the turn.
            if self._speech is None and len(self._final_tasks) <= 1:
                self.confirm_finalize()  # type: ignore[no-untyped-call]
            await self.emit_stt_usage_metrics()  # type: ignore[no-untyped-call]
            if not text:
                self._finalize_pending = False
                await self._call_event_handler("on_nothing_recognised")
                return
            await self._handle_transcription(text, is_final=True, language=Language.EN)
            await self.push_frame(
                TranscriptionFrame(text, self._user_id, time_now_iso8601(), Language.EN)
            )

    @traced_stt
    async def _handle_transcription(
        self, transcript: str, is_final: bool, language: Language | None = None
    ) -> None:
        """A hook for tracing."""

    # Interim transcripts ------------------------------------------------------------------------

    def _interim_is_due(self, speech: _Speech) -> bool:
        interval = self._settings.interim_interval_secs
        if isinstance(interval, NotGiven) or interval <= 0 or self._next_is_whole:
            return False
        wait = max(interval, INTERIM_DUTY * self._interim_took_secs)
        if speech.seconds - speech.seconds_at_interim < wait:
            return False
        if speech.interim is not None and not speech.interim.done():
            return False
        return not self._seems_over(speech.since_interim)

    def _seems_over(self, recent: bytearray) -> bool:
        """A pause: the final may be wanted any moment, and must not wait for an interim."""
        samples = np.frombuffer(bytes(recent), dtype="<i2").astype(np.float32)
        tail = samples[-round(_QUIET_TAIL_SECS * self.sample_rate) :]
        return _level(tail) < _QUIET_RATIO * _level(samples)

    async def _push_interim(self, speech: _Speech) -> None:
        started = time.monotonic()
        try:
            text = await asyncio.wrap_future(speech.utterance.interim())
        except EngineOverloadedError:
            return  # the finals come first; what was heard is read with the next one
        except Exception as error:
            logger.warning(f"{self}: interim transcript failed: {error}")
            return
        self._interim_took_secs = time.monotonic() - started
        if text and not speech.over:
            await self.push_frame(
                InterimTranscriptionFrame(text, self._user_id, time_now_iso8601(), Language.EN)
            )

    # Housekeeping -------------------------------------------------------------------------------

    def _keep_pre_roll(self, audio: bytes) -> None:
        pre_roll = self._settings.pre_roll_secs
        kept_secs = self._start_secs + (0.0 if isinstance(pre_roll, NotGiven) else pre_roll)
        self._pre_roll += audio
        surplus = len(self._pre_roll) - 2 * round(kept_secs * self.sample_rate)
        if surplus > 0:
            del self._pre_roll[:surplus]

    async def _load(self) -> None:
        try:
            await asyncio.to_thread(preload_recogniser)
        except Exception as error:
            await self.push_error(
                f"local recogniser cannot be loaded: {error}",
                exception=error,
                force_treat_as_permanent=True,
            )

    async def _forget_speech(self) -> None:
        self._drop_speech()
        self._pre_roll.clear()
        # A job that has not begun is not begun any more; of one under way nobody hears.
        await self._cancel_finals()
        self._finalize_requested = self._finalize_pending = False

    def _drop_speech(self) -> None:
        speech, self._speech = self._speech, None
        if speech is not None:
            speech.over = True
            speech.utterance.discard()

    async def _cancel_tasks(self) -> None:
        loading, self._loading = self._loading, None
        if loading is not None and not loading.done():
            await self.cancel_task(loading)
        await self._cancel_finals()

    async def _cancel_finals(self) -> None:
        for task in list(self._final_tasks):
            if not task.done():
                await self.cancel_task(task)


def _level(samples: np.ndarray[Any, np.dtype[np.float32]]) -> float:
    return float(np.sqrt(np.mean(samples * samples))) if samples.size else 0.0
