"""One text as the voices' ladder speaks it: how far it got, and who may go on."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from typing import Final

from bot.services.experience import Experience
from bot.services.hosting import RungFailedError
from bot.services.patience import Patience, PatiencePolicy
from bot.services.recordings import RecordedLines
from bot.services.speech_progress import SpeechProgress
from bot.services.tts_rungs import HostedVoice, Piece, Voice, is_audible
from bot.services.turn_budget import TurnBudget
from bot.services.voice_choice import VoiceChoice, service_of

STALL_S: Final = 0.7
"""Silence of a voice in the middle of a text after which it counts as broken off."""
RUNS_DRY_S: Final = 0.25
"""A voice that stalls is waited for as long as so much sound is left to play."""
LEAST_STALL_S: Final = 0.25
"""The same of a voice whose sound drips: it has run dry again and again, but not for longer."""
LAST_RUNG_TIMEOUT_S: Final = 30.0
"""The last voice has nobody below it: as long as it may be at work it is not given up, however slow
the machine is. After so long it is asked again."""


class SpokenSentence:
    """The rules of the contest for one text. Times in seconds."""

    def __init__(
        self,
        text: str,
        *,
        choice: VoiceChoice,
        lines: RecordedLines,
        experience: Experience,
        patience: PatiencePolicy,
        least_patience_s: float,
        budget: TurnBudget,
        stall_s: float,
        sample_rate: int,
        left_to_play: Callable[[], float],
    ) -> None:
        """Speak `text`. `left_to_play`: seconds of sound that the caller has still to hear."""
        self.progress = SpeechProgress(text)
        self.speaker: Voice | None = None
        self.broken_words: list[tuple[str, float]] = []
        """The last whole words of a voice that broke off, until the ladder has taken them."""
        self.broken_sound_s = 0.0
        """Its sound, likewise."""
        self._choice = choice
        self._lines = lines
        self._experience = experience
        self._patience = patience
        self._least_patience_s = least_patience_s
        self._budget = budget
        self._stall_s = stall_s
        self._sample_rate = sample_rate
        self._left_to_play = left_to_play
        self._dry_s = 0.0

    def ran_dry(self, seconds: float) -> None:
        """The caller has heard silence in the middle of this text for so long."""
        self._dry_s += seconds

    async def ask(self, voice: Voice) -> AsyncGenerator[Piece, None]:
        """What is left of the text, in this voice."""
        rest = self.progress.left
        if not rest.strip():
            return
        if voice is self._choice.last:
            async for piece in self._lines.sound(voice, rest, self._sample_rate):
                yield piece
            return
        async with self._experience.bulkheads.of(service_of(voice)).place():
            sound = self._lines.sound(voice, rest, self._sample_rate)
            try:
                async for piece in sound:
                    yield piece
            finally:
                await sound.aclose()

    def may_be_held(self, voice: Voice) -> bool:
        """Each has work to do before it is heard, the local one too: unless others wait for it."""
        return not isinstance(voice, HostedVoice) or voice.may_work_ahead()

    def patience_s(self, voice: Voice, *, has_spoken: bool) -> float | None:
        """Nobody waits as long as the sound in front is still being played."""
        heard_meanwhile_s = self._left_to_play() - RUNS_DRY_S
        if voice is self._choice.last:
            return max(LAST_RUNG_TIMEOUT_S, heard_meanwhile_s)
        if has_spoken:
            stall_s = max(LEAST_STALL_S, self._stall_s - self._dry_s)
            return max(stall_s, heard_meanwhile_s)
        usual_s = max(self._patience_with(voice).timeout_s, self._least_patience_s)
        return max(self._budget.patience_s(usual_s), heard_meanwhile_s)

    def matters(self, item: Piece) -> bool:
        """Words are not heard, nor is silence that was sent as sound."""
        return isinstance(item, bytes) and is_audible(item)

    def objection(self, voice: Voice, *, has_spoken: bool) -> RungFailedError | None:
        """A text has its length; far too little sound is not all of it."""
        if not self.progress.left.strip():
            return None
        if not has_spoken:
            return RungFailedError("sent no sound")
        return RungFailedError("stopped midway") if self.progress.is_cut_short else None

    def is_complete(self) -> bool:
        """Every word was timed and sounded: only the end was not told."""
        return self.progress.is_whole

    def began(self, voice: Voice, after_s: float) -> None:
        """Learn how long it takes; a recording takes nothing."""
        text = self.progress.text
        if (
            self._lines.of(voice, text, self._sample_rate) is None
            and self._lines.beginning_of(voice, text, self._sample_rate) is None
        ):
            self._patience_with(voice).took(after_s)

    def answered(self, voice: Voice) -> None:
        """It speaks."""
        self._choice.breaker_of(voice).succeeded()

    def failed(self, voice: Voice, failure: RungFailedError) -> None:
        """Whoever goes on begins with the first word due."""
        if voice is self.speaker:
            self.broken_sound_s += self.progress.sound_s
            self.broken_words, rest = self.progress.broken_off()
            self.progress = SpeechProgress(rest)
            self._dry_s = 0.0
        self._choice.failed(voice, failure)

    def called_off(self, voice: Voice) -> None:
        """Nothing is known."""
        self._choice.breaker_of(voice).withdrawn()

    def _patience_with(self, voice: Voice) -> Patience:
        return self._experience.patiences.of(service_of(voice), self._patience)
