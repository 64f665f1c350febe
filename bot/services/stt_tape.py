"""The tape of what the caller says, and how a recogniser is given it: live, or played again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    TranscriptionFrame,
    UserAudioRawFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from bot.services.forget_speech import ForgetSpeechFrame
from bot.services.stt_rung import SttRung
from bot.services.stt_utterance import AudioRing, Utterance

SAMPLE_RATE_HZ: Final = 16_000
_LEAD_IN_S: Final = 1.0
"""Silence before replayed audio: it flushes what a rung may have kept from when it last served."""
_CHUNK_S: Final = 0.1


@dataclass(frozen=True)
class Coverage:
    """How far a final result reaches, and whether it is the last of the utterance."""

    read_to: int
    is_last: bool


class SpeechTape:
    """The recent audio, the voice detector's last notices, and the rungs' positions in it."""

    def __init__(self, *, pre_roll_s: float) -> None:
        """`pre_roll_s`: audio kept while nobody speaks, in seconds."""
        self.ring = AudioRing(sample_rate=SAMPLE_RATE_HZ)
        self.stopped_at = 0
        """The position of the last notice of silence."""
        self._pre_roll = round(pre_roll_s * SAMPLE_RATE_HZ)
        self._last_audio: InputAudioRawFrame | None = None
        self._began: VADUserStartedSpeakingFrame | None = None
        self._ended: VADUserStoppedSpeakingFrame | None = None

    @property
    def seconds(self) -> float:
        """How much is kept."""
        return (self.ring.end - self.ring.begin) / SAMPLE_RATE_HZ

    def hears(self, frame: InputAudioRawFrame, *, utterance: Utterance | None) -> None:
        """Keep audio; while nobody speaks, only the newest."""
        self._last_audio = frame
        self.ring.append(frame.audio)
        if utterance is None:
            self.ring.forget_before(self.ring.end - self._pre_roll)

    def speech_begins(self, frame: VADUserStartedSpeakingFrame) -> Utterance:
        """Keep the notice; the utterance that would begin with it."""
        self._began, self._ended = frame, None
        return Utterance(
            noticed_at=self.ring.end,
            start_s=frame.start_secs,
            sample_rate=SAMPLE_RATE_HZ,
            read_to=self.ring.begin,
        )

    def speech_ends(self, frame: VADUserStoppedSpeakingFrame) -> None:
        """Keep the notice."""
        self._ended = frame
        self.stopped_at = self.ring.end

    def is_read(self) -> None:
        """What came after the caller's last word may be the beginning of the next one."""
        self.ring.forget_before(self.stopped_at)

    def coverage(self, rung: SttRung, frame: TranscriptionFrame, of: Utterance) -> Coverage:
        """What a rung's final result covers of an utterance."""
        start, duration = (getattr(frame.result, name, None) for name in ("start", "duration"))
        if isinstance(start, int | float) and isinstance(duration, int | float):
            # Deepgram's results say which part of the stream they cover.
            read_to = rung.origin + round((start + duration) * SAMPLE_RATE_HZ)
            is_last = bool(getattr(frame.result, "from_finalize", False))
            if of.can_be_read_to(read_to, text=frame.text, duration_s=duration):
                return Coverage(min(read_to, self.ring.end), is_last)
        if self.stopped_at > of.noticed_at:
            return Coverage(self.stopped_at, is_last=True)
        return Coverage(self.ring.end, is_last=True)

    async def feed(self, rung: SttRung, frame: Frame) -> None:
        """Hand a frame to a rung. Its queue has no bound, so this never waits and a replay is not
        interleaved with what comes live; a rung that does not empty its queue is left."""
        if isinstance(frame, InputAudioRawFrame):
            rung.fed += frame.num_frames
        await rung.service.queue_frame(frame, FrameDirection.DOWNSTREAM)

    async def begin_anew(self, rung: SttRung, *, whole_follows: bool = False) -> None:
        """What the rung has heard so far, and not answered yet, is nobody's concern any more."""
        frame = ForgetSpeechFrame(whole_follows=whole_follows)
        rung.forgets(frame.id)
        await self.feed(rung, frame)

    async def replay(self, rung: SttRung, utterance: Utterance) -> None:
        """Give a rung what nobody has read yet, as if the caller said it now, all at once."""
        is_over = utterance.speech_end is not None
        await self.begin_anew(rung, whole_follows=is_over)
        if self._began is None:
            return
        ring = self.ring
        begin = max(ring.begin, utterance.read_to if utterance.has_words else ring.begin)
        rung.origin = begin - rung.fed - round(_LEAD_IN_S * SAMPLE_RATE_HZ)
        await self._feed_pcm(rung, bytes(2 * round(_LEAD_IN_S * SAMPLE_RATE_HZ)))
        await self._feed_pcm(rung, ring.between(begin, utterance.noticed_at))
        await self.feed(rung, self._began)
        await self._feed_pcm(rung, ring.between(max(begin, utterance.noticed_at), ring.end))
        if is_over and self._ended is not None:
            await self.feed(rung, self._ended)

    async def catch_up(self, rung: SttRung) -> None:
        """Give a rung that begins to serve what the voice detector may be late to notice."""
        await self.begin_anew(rung)
        begin = self.ring.begin
        rung.origin = begin - rung.fed
        await self._feed_pcm(rung, self.ring.between(begin, self.ring.end))

    async def go_on(self, rung: SttRung, *, from_: int) -> None:
        """Give a rung that was given an utterance what has come since, to a position."""
        await self._feed_pcm(rung, self.ring.between(from_, self.ring.end))

    async def _feed_pcm(self, rung: SttRung, pcm: bytes) -> None:
        step = round(_CHUNK_S * SAMPLE_RATE_HZ) * 2
        for start in range(0, len(pcm), step):
            await self.feed(rung, self._audio(pcm[start : start + step]))

    def _audio(self, pcm: bytes) -> InputAudioRawFrame:
        if isinstance(self._last_audio, UserAudioRawFrame):
            return UserAudioRawFrame(
                audio=pcm,
                sample_rate=SAMPLE_RATE_HZ,
                num_channels=1,
                user_id=self._last_audio.user_id,
            )
        return InputAudioRawFrame(audio=pcm, sample_rate=SAMPLE_RATE_HZ, num_channels=1)
