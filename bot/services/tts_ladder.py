"""The voice of the chain: several of them, one below the other, and every sentence is spoken.

The next voice is asked before the failure of the one above is certain (`bot.services.contest`).
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
from functools import partial
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
    TTSSpeakFrame,
)
from pipecat.metrics.metrics import TTSUsageMetricsData
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from bot.problems import OnProblem
from bot.services.contest import Contest
from bot.services.experience import Experience
from bot.services.hosting import RungFailedError
from bot.services.patience import PatiencePolicy
from bot.services.recordings import RecordedLines
from bot.services.spoken_sentence import LAST_RUNG_TIMEOUT_S, STALL_S, SpokenSentence
from bot.services.tts_rungs import HostedVoice, SpokenWord, Voice
from bot.services.turn_budget import TurnBudget
from bot.services.voice_choice import VoiceChoice
from processors.attempt import Attempt, attempt_of, tagged

OPENING_PATIENCE_S: Final = 1.2
"""The call's first words are waited for so long at least: the connection is still being made."""
CONTEXT_TIMEOUT_S: Final = LAST_RUNG_TIMEOUT_S + 2.0
"""A sentence's context outlives every wait for its sound: closed early, it would count as heard."""
PAUSES_S: Final = (0.2, 0.8)
"""When no voice is left, they are asked again after these."""
PROBE_LINE: Final = "One moment."
"""What a voice that is left alone has to say, heard by nobody."""
BYTES_PER_SAMPLE: Final = 2


class TTSLadder(TTSService):
    """Speaks every sentence, whoever of its voices fails.

    When the voice changes, and when it changes back, is the `VoiceChoice`'s to say.
    """

    def __init__(
        self,
        *,
        voices: Sequence[Voice],
        experience: Experience,
        patience: PatiencePolicy,
        bridge_text: str | None = None,
        opening_line: str | None = None,
        beginnings: Sequence[str] = (),
        budget: TurnBudget | None = None,
        on_problem: OnProblem = lambda _service, _failure: None,
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
            beginnings: lines with which a bot that goes on begins, to be ready in the present
                voice: for this process and the next.
            budget: what the turn has lost already.
            on_problem: told of each failure.
            stall_s: the longest silence in the middle of a text, in seconds.
            clock: seconds, that of the loop's timers.
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
        self._budget = budget or TurnBudget(clock=clock)
        self._choice = VoiceChoice(
            voices, experience=experience, on_problem=on_problem, clock=clock
        )
        self._beginnings = tuple(beginnings)
        self._lines = RecordedLines(experience.recordings, beginnings=beginnings)
        self._has_spoken = False
        self._played_until = 0.0
        self._under_way = 0
        self._spoken_s: dict[str, float] = {}
        self._attempts: dict[str, Attempt] = {}
        self._attempt: Attempt | None = None
        self._usage: set[asyncio.Task[None]] = set()
        for voice in self._hosted:
            voice.on_usage = self._pass_on_usage
            # Refused before it had anything to say: nobody need wait for it.
            voice.on_idle_failure = partial(self._choice.failed, voice)

    # --- what the call asks ---------------------------------------------------------------------

    @property
    def rung_name(self) -> str:
        """The present voice's name."""
        return self._choice.voice.name

    @property
    def is_at_work(self) -> bool:
        """Whether it has been given a text that is not spoken to its end yet."""
        return self._under_way > 0

    def name_of(self, processor: str) -> str:
        """The voice's name behind a service that reports usage."""
        hosted = (voice for voice in self._hosted if voice.host.service.name == processor)
        return next((voice.name for voice in hosted), self.rung_name)

    def bridge(self) -> bytes | None:
        """The phrase that bridges a silence, in the present voice; None if it is not ready.

        A voice that has taken over in this very turn has no phrase yet: then it is the one's that
        the caller has heard before.
        """
        for voice in (self._choice.voice, *self._voices):
            recorded = self._lines.of(voice, self._bridge_text or "", self.sample_rate)
            sound = b"".join(piece for piece in recorded or () if isinstance(piece, bytes))
            if sound:
                return sound
        return None

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
            if isinstance(frame, LLMFullResponseStartFrame):
                self._choice.between_turns()
            await self._follow(attempt)
            await super().process_frame(frame, direction)
            if isinstance(frame, LLMFullResponseStartFrame):
                self._tag_turn(attempt)
            return
        if isinstance(frame, TTSSpeakFrame) and (line := attempt_of(frame)) and line.is_dead:
            return
        if isinstance(frame, StartFrame):
            for voice in self._hosted:
                voice.host.open(self.processor_setup, frame)
            if self._opening_line and len(self._voices) > 1:
                self._lines.record(self._choice.last, self._opening_line, self.sample_rate)
            self._choice.nobody_speaks(self._bridge_text or PROBE_LINE)
        elif isinstance(frame, InterruptionFrame):
            self._played_until = 0.0
        elif isinstance(frame, BotStoppedSpeakingFrame):
            if self._bridge_text:
                self._lines.record(self._choice.voice, self._bridge_text, self.sample_rate)
            for beginning in self._beginnings:
                self._lines.record(self._choice.voice, beginning, self.sample_rate, keep=True)
            self._choice.nobody_speaks(self._bridge_text or PROBE_LINE)
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
        await self._lines.stop()
        await self._choice.close()
        for task in self._usage:
            task.cancel()
        await asyncio.gather(*(voice.host.close() for voice in self._hosted))

    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak `text`; whoever fails is followed by the next voice, at the first word due.

        When all have failed they are asked once more: a text that nobody speaks is a silence that
        only the caller could end.
        """
        sentence = self._sentence(text)
        self._under_way += 1
        try:
            for pause_s in (*PAUSES_S, None):
                try:
                    async with aclosing(self._speak(sentence, context_id)) as sound:
                        async for frame in sound:
                            yield frame
                    break
                except RungFailedError as failure:
                    await self._settle(sentence, context_id)
                    logger.error("No voice is left: {}", failure.reason)
                    if pause_s is None:
                        yield ErrorFrame(error=f"no voice is left: {failure.reason}")
                        return
                    await asyncio.sleep(pause_s)
                    self._choice.may_all_try()
        finally:
            self._under_way -= 1
        await self._settle(sentence, context_id)
        await self._add_words(sentence.progress.ended(), context_id)
        self._spoken_s[context_id] = self._spoken(context_id) + sentence.progress.sound_s

    async def _speak(
        self, sentence: SpokenSentence, context_id: str
    ) -> AsyncGenerator[Frame, None]:
        """What is left of a text, by whoever speaks it.

        Raises:
            RungFailedError: all have failed.
        """
        voices = self._choice.candidates()
        contest = Contest(voices, sentence, admit=self._choice.admits, clock=self._clock)
        async with aclosing(contest.items()) as pieces:
            async for voice, piece in pieces:
                await self._settle(sentence, context_id)
                if voice is not sentence.speaker:
                    sentence.speaker = voice
                    self._choice.speaks(voice)
                if isinstance(piece, SpokenWord):
                    words = sentence.progress.word(piece.text, piece.start_s)
                else:
                    if sentence.progress.sound_s:
                        sentence.ran_dry(max(0.0, self._clock() - self._played_until))
                    words = sentence.progress.sound(self._will_play(piece))
                    yield TTSAudioRawFrame(piece, self.sample_rate, 1, context_id=context_id)
                await self._add_words(words, context_id)

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Forget how far a context had got."""
        self._forget(context_id)
        await super().on_audio_context_interrupted(context_id)

    async def on_audio_context_completed(self, context_id: str) -> None:
        """Forget how far a context had got."""
        self._forget(context_id)
        await super().on_audio_context_completed(context_id)

    # --- one sentence ---------------------------------------------------------------------------

    def _sentence(self, text: str) -> SpokenSentence:
        is_opening = self._opening_line is not None and not self._has_spoken
        self._has_spoken = True
        return SpokenSentence(
            text,
            choice=self._choice,
            lines=self._lines,
            experience=self._experience,
            patience=self._patience_policy,
            least_patience_s=OPENING_PATIENCE_S if is_opening else 0.0,
            budget=self._budget,
            stall_s=self._stall_s,
            sample_rate=self.sample_rate,
            left_to_play=self._left_to_play,
        )

    async def _settle(self, sentence: SpokenSentence, context_id: str) -> None:
        """What a voice that broke off has left behind: its last words, and its sound's length."""
        words, sentence.broken_words = sentence.broken_words, []
        await self._add_words(words, context_id)
        if sentence.broken_sound_s:
            self._spoken_s[context_id] = self._spoken(context_id) + sentence.broken_sound_s
            sentence.broken_sound_s = 0.0

    def _will_play(self, sound: bytes) -> float:
        seconds = len(sound) / BYTES_PER_SAMPLE / self.sample_rate
        self._played_until = max(self._played_until, self._clock()) + seconds
        return seconds

    def _left_to_play(self) -> float:
        return max(0.0, self._played_until - self._clock())

    async def _add_words(self, words: Sequence[tuple[str, float]], context_id: str) -> None:
        """Words in the order of the sound, counted from the start of the whole context."""
        if words:
            offset_s = self._spoken(context_id)
            await self.add_word_timestamps(
                [(text, offset_s + start_s) for text, start_s in words], context_id
            )

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

    # --- usage ----------------------------------------------------------------------------------

    def _pass_on_usage(self, frame: MetricsFrame) -> None:
        """Characters are paid for, whatever became of them; the time is the ladder's own."""
        used = [data for data in frame.data if isinstance(data, TTSUsageMetricsData)]
        if used:
            task = asyncio.create_task(
                self.push_frame(MetricsFrame(data=[*used])), name="tts-usage"
            )
            self._usage.add(task)
            task.add_done_callback(self._usage.discard)
