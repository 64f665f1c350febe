"""The voice of the chain: several of them, one below the other, and every sentence is spoken.

The ladder is the TTS service: sentences, audio contexts, word clock and interruptions are its
own, and a rung only turns one text into sound. So a sentence that one voice began and another
ended is still one sentence, with one start, one end and one row of words. Why this is no
`ServiceSwitcher`: see `bot.services.hosting`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final

from loguru import logger
from pipecat.frames.frames import (
    BotStoppedSpeakingFrame,
    ErrorFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    StartFrame,
    TTSAudioRawFrame,
)
from pipecat.metrics.metrics import TTSUsageMetricsData
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from bot.services.experience import Experience
from bot.services.hosting import RungFailedError
from bot.services.patience import PatiencePolicy
from bot.services.speech_progress import SpeechProgress
from bot.services.tts_rungs import HostedVoice, Piece, SpokenWord, Voice
from processors.attempt import Attempt, attempt_of, tagged

STALL_S: Final = 0.7
"""Silence of a voice in the middle of a text after which it counts as broken off."""
RUNS_DRY_S: Final = 0.25
"""A voice that stalls is waited for as long as so much sound is left to play."""
LAST_RUNG_TIMEOUT_S: Final = 8.0
"""The last voice has nobody below it: it is only given up when it will never speak."""
CONTEXT_TIMEOUT_S: Final = LAST_RUNG_TIMEOUT_S + 2.0
"""A sentence's context outlives every wait for its sound: closed early, it would count as heard."""
BYTES_PER_SAMPLE: Final = 2


@dataclass(frozen=True)
class _Recording:
    """A line that is being recorded beside the call."""

    voice: Voice
    text: str
    task: asyncio.Task[None]


class TTSLadder(TTSService):
    """Speaks every sentence, whoever of its voices fails.

    A voice that has failed is not heard again in this call: a conversation whose voice changes
    back and forth is worse than one in the second-best voice. The next call begins at the top.
    """

    def __init__(
        self,
        *,
        voices: Sequence[Voice],
        experience: Experience,
        patience: PatiencePolicy,
        bridge_text: str | None = None,
        opening_line: str | None = None,
        stall_s: float = STALL_S,
        clock: Callable[[], float] = time.monotonic,
        **kwargs: Any,
    ) -> None:
        """Stand on `voices`, the best first, the one that cannot be refused last.

        Args:
            voices: who speaks, in this order.
            experience: what the process knows of its providers.
            patience: bounds of the wait for the first sound, in seconds.
            bridge_text: a phrase to have ready in the present voice.
            opening_line: the call's first line, to have ready in the last voice: who joins waits
                for the first one's time-out, but not for the last one's work as well.
            stall_s: the longest silence in the middle of a text, in seconds.
            clock: seconds, for the time to the first sound and the end of playback.
            kwargs: passed to Pipecat's TTSService.
        """
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            push_text_frames=False,
            stop_frame_timeout_s=CONTEXT_TIMEOUT_S,
            settings=TTSSettings(model="ladder", voice=None, language=None),
            **kwargs,
        )
        self._voices = list(voices)
        self._experience = experience
        self._patience_policy = patience
        self._bridge_text = bridge_text
        self._opening_line = opening_line
        self._stall_s = stall_s
        self._clock = clock
        self._at = 0
        self._chosen = False
        self._played_until = 0.0
        self._spoken_s: dict[str, float] = {}
        self._attempts: dict[str, Attempt] = {}
        self._attempt: Attempt | None = None
        self._recording: _Recording | None = None
        self._usage: set[asyncio.Task[None]] = set()
        for voice in self._hosted:
            voice.on_usage = self._pass_on_usage
            voice.on_idle_failure = self._idle_failure_of(voice)

    # --- what the call asks ---------------------------------------------------------------------

    @property
    def rung_name(self) -> str:
        """The present voice's name."""
        return self._voices[self._at].name

    def name_of(self, processor: str) -> str:
        """The voice's name behind a service that reports usage."""
        hosted = (voice for voice in self._hosted if voice.host.service.name == processor)
        return next((voice.name for voice in hosted), self.rung_name)

    def bridge(self) -> bytes | None:
        """The phrase that bridges a silence, in the present voice; None if it is not ready."""
        if self._bridge_text is None:
            return None
        recorded = self._recorded(self._voices[self._at], self._bridge_text)
        sound = [piece for piece in recorded or () if isinstance(piece, bytes)]
        return b"".join(sound) or None

    def can_generate_metrics(self) -> bool:
        """Time to first sound is that of the sentence, whoever spoke it in the end."""
        return True

    # --- the chain ------------------------------------------------------------------------------

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Keep to the attempt that is chosen; the rest is any TTS service's."""
        if direction is FrameDirection.DOWNSTREAM and isinstance(
            frame, LLMFullResponseStartFrame | LLMTextFrame | LLMFullResponseEndFrame
        ):
            attempt = attempt_of(frame)
            if attempt is not None and attempt.is_dead:
                return
            await self._follow(attempt)
            await super().process_frame(frame, direction)
            if isinstance(frame, LLMFullResponseStartFrame):
                self._tag_turn(attempt)
            return
        if isinstance(frame, StartFrame):
            for voice in self._hosted:
                voice.host.open(self.processor_setup, frame)
            if self._opening_line and len(self._voices) > 1:
                self._record(self._voices[-1], self._opening_line)
        elif isinstance(frame, InterruptionFrame):
            self._played_until = 0.0
        elif isinstance(frame, BotStoppedSpeakingFrame) and self._bridge_text:
            self._record(self._voices[self._at], self._bridge_text)
        await super().process_frame(frame, direction)

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        """Tag what belongs to an attempt, for the gate behind."""
        attempt = self._attempts.get(getattr(frame, "context_id", None) or "")
        if attempt is not None and direction is FrameDirection.DOWNSTREAM:
            tagged(frame, attempt)
        await super().push_frame(frame, direction)

    async def cleanup(self) -> None:
        """Release the voices too."""
        await super().cleanup()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
        await self._stop_recording()
        for task in self._usage:
            task.cancel()
        await asyncio.gather(*(voice.host.close() for voice in self._hosted))

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak `text`; whoever fails is followed by the next voice, at the first word due."""
        self._choose_once()
        rest = text
        while rest.strip():
            voice, progress = self._voices[self._at], SpeechProgress(rest)
            try:
                async with aclosing(self._speak(voice, rest, progress, context_id)) as frames:
                    async for frame in frames:
                        yield frame
            except RungFailedError as failure:
                words, rest = progress.broken_off()
                await self._add_words(words, context_id)
                self._spoken_s[context_id] = self._spoken(context_id) + progress.sound_s
                if not self._fall_back(failure):
                    yield ErrorFrame(error=f"no voice is left: {failure.reason}")
                    return
            else:
                self._spoken_s[context_id] = self._spoken(context_id) + progress.sound_s
                return

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Forget how far a context had got."""
        self._forget(context_id)
        await super().on_audio_context_interrupted(context_id)

    async def on_audio_context_completed(self, context_id: str) -> None:
        """Forget how far a context had got."""
        self._forget(context_id)
        await super().on_audio_context_completed(context_id)

    # --- one sentence in one voice --------------------------------------------------------------

    async def _speak(
        self, voice: Voice, text: str, progress: SpeechProgress, context_id: str
    ) -> AsyncGenerator[Frame, None]:
        pieces = self._in_time(self._sound_of(voice, text), voice, progress)
        try:
            async for piece in pieces:
                if isinstance(piece, SpokenWord):
                    await self._add_words(progress.word(piece.text, piece.start_s), context_id)
                    continue
                seconds = len(piece) / BYTES_PER_SAMPLE / self.sample_rate
                self._played_until = max(self._played_until, self._clock()) + seconds
                words = progress.sound(seconds)
                yield TTSAudioRawFrame(piece, self.sample_rate, 1, context_id=context_id)
                await self._add_words(words, context_id)
            if progress.is_cut_short:
                raise RungFailedError("stopped midway" if progress.sound_s else "sent no sound")
        finally:
            await pieces.aclose()
        await self._add_words(progress.ended(), context_id)
        self._breaker(voice).succeeded()

    async def _in_time(
        self, pieces: AsyncGenerator[Piece, None], voice: Voice, progress: SpeechProgress
    ) -> AsyncGenerator[Piece, None]:
        """The same pieces, or a failure when they do not come in time."""
        patience = self._experience.patiences.of(f"tts:{voice.name}", self._patience_policy)
        asked_at = self._clock()
        first_s = self._first_sound_within(voice, patience.timeout_s)
        try:
            while True:
                begun = progress.sound_s > 0
                if begun:
                    limit_s = max(self._stall_s, self._left_to_play() - RUNS_DRY_S)
                else:
                    limit_s = asked_at + first_s - self._clock()
                try:
                    async with asyncio.timeout(max(limit_s, 0.0)):
                        piece = await anext(pieces)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    if progress.is_whole:
                        return  # Only the end was not told.
                    what = "stopped midway" if begun else f"was silent for {first_s:.1f} s"
                    raise RungFailedError(what) from None
                if not begun and isinstance(piece, bytes):
                    patience.took(self._clock() - asked_at)
                yield piece
        finally:
            await pieces.aclose()

    def _first_sound_within(self, voice: Voice, patient_s: float) -> float:
        if voice is self._voices[-1]:
            return LAST_RUNG_TIMEOUT_S
        # Nobody waits as long as the sentence in front is still being played.
        return max(patient_s, self._left_to_play() - RUNS_DRY_S)

    def _left_to_play(self) -> float:
        return max(0.0, self._played_until - self._clock())

    async def _add_words(self, words: Sequence[tuple[str, float]], context_id: str) -> None:
        """Words in the order of the sound, counted from the start of the whole context."""
        if words:
            offset_s = self._spoken(context_id)
            await self.add_word_timestamps(
                [(text, offset_s + start_s) for text, start_s in words], context_id
            )

    # --- the ladder -----------------------------------------------------------------------------

    def _choose_once(self) -> None:
        """The call's voice is chosen with its first words, and only ever falls after that."""
        if not self._chosen:
            self._chosen = True
            self._skip_open_breakers()

    def _skip_open_breakers(self) -> None:
        while self._at < len(self._voices) - 1:
            breaker = self._breaker(self._voices[self._at])
            if breaker.allow():
                return
            logger.info("{} is left alone ({})", self.rung_name, breaker.reason)
            self._at += 1

    def _fall_back(self, failure: RungFailedError) -> bool:
        voice = self._voices[self._at]
        self._breaker(voice).failed(permanent=failure.permanent, reason=failure.reason)
        if self._at == len(self._voices) - 1:
            logger.error("{} {}, and no voice is left", voice.name, failure.reason)
            return False
        self._at += 1
        self._skip_open_breakers()
        logger.warning("{} {}; {} goes on", voice.name, failure.reason, self.rung_name)
        return True

    def _breaker(self, voice: Voice) -> Any:
        return self._experience.breakers.of(f"tts:{voice.name}")

    def _idle_failure_of(self, voice: HostedVoice) -> Callable[[RungFailedError], None]:
        def failed(failure: RungFailedError) -> None:
            """It was refused before it had anything to say: nobody need wait for it."""
            self._breaker(voice).failed(permanent=failure.permanent, reason=failure.reason)
            if (
                self._chosen
                and voice is self._voices[self._at]
                and self._at + 1 < len(self._voices)
            ):
                self._at += 1
                self._skip_open_breakers()

        return failed

    @property
    def _hosted(self) -> list[HostedVoice]:
        return [voice for voice in self._voices if isinstance(voice, HostedVoice)]

    # --- attempts -------------------------------------------------------------------------------

    async def _follow(self, attempt: Attempt | None) -> None:
        """Another attempt at the same answer: the sentence that the last one began is dropped."""
        if attempt is not self._attempt:
            if self._attempt is not None and self._turn_context_id:
                await self._text_aggregator.handle_interruption()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
            self._attempt = attempt
            self._tag_turn(attempt)

    def _tag_turn(self, attempt: Attempt | None) -> None:
        """The sound of the present answer belongs to the newest attempt at it."""
        context_id = self._turn_context_id
        if context_id and attempt is not None:
            open_contexts = {*self.get_audio_contexts(), context_id}
            self._attempts = {k: v for k, v in self._attempts.items() if k in open_contexts}
            self._attempts[context_id] = attempt

    def _spoken(self, context_id: str) -> float:
        return self._spoken_s.get(context_id, 0.0)

    def _forget(self, context_id: str) -> None:
        self._spoken_s.pop(context_id, None)
        self._attempts.pop(context_id, None)

    # --- usage and the bridge -------------------------------------------------------------------

    def _pass_on_usage(self, frame: MetricsFrame) -> None:
        """Characters are paid for, whatever became of them; the time is the ladder's own."""
        used = [data for data in frame.data if isinstance(data, TTSUsageMetricsData)]
        if used:
            task = asyncio.create_task(
                self.push_frame(MetricsFrame(data=[*used])), name="tts-usage"
            )
            self._usage.add(task)
            task.add_done_callback(self._usage.discard)

    def _recorded(self, voice: Voice, text: str) -> list[Piece] | None:
        return self._experience.recordings.get((voice.name, text, self.sample_rate))

    async def _sound_of(self, voice: Voice, text: str) -> AsyncGenerator[Piece, None]:
        """The recording, if there is one or it is just being made; else the voice itself."""
        recording = self._recording
        if recording and recording.voice is voice:
            if recording.text == text:
                await asyncio.wait({recording.task})
            else:
                await self._stop_recording()
        recorded = self._recorded(voice, text)
        if recorded is not None:
            for piece in recorded:
                yield piece
            return
        sound = voice.speak(text)
        try:
            async for piece in sound:
                yield piece
        finally:
            await sound.aclose()

    def _record(self, voice: Voice, text: str) -> None:
        """While that voice has nothing else to say: have a line ready in it."""
        if self._recording is None and self._recorded(voice, text) is None:
            task = asyncio.create_task(self._make_recording(voice, text), name="recording")
            self._recording = _Recording(voice, text, task)

    async def _make_recording(self, voice: Voice, text: str) -> None:
        try:
            async with asyncio.timeout(LAST_RUNG_TIMEOUT_S):
                pieces = [piece async for piece in voice.speak(text)]
            if any(isinstance(piece, bytes) for piece in pieces):
                self._experience.recordings[voice.name, text, self.sample_rate] = pieces
        except (RungFailedError, TimeoutError) as error:
            logger.debug("{} recorded nothing: {}", voice.name, error)
        finally:
            self._recording = None

    async def _stop_recording(self) -> None:
        if self._recording:
            self._recording.task.cancel()
            await asyncio.gather(self._recording.task, return_exceptions=True)
