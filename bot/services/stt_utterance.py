"""What the caller is saying, kept until someone has understood it. Pure: no clock, no I/O.

Positions are samples since the call began. An utterance lasts from the first notice of speech
until everything in it has been read: short pauses, in which the recogniser is still busy, do not
end it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

BYTES_PER_SAMPLE: Final = 2

MAX_KEPT_S: Final = 60.0
"""Two megabytes at 16 kHz. Who speaks longer without any final loses the oldest second, if the
recogniser fails at the end of it."""

UNREAD_ENOUGH_S: Final = 0.4
"""Voice of this length has words in it; less may be a cough, or the voice detector's margin."""

MAX_CHARS_PER_S: Final = 45.0
"""The fastest intelligible English is about 25 characters a second."""

ALWAYS_PLAUSIBLE_CHARS: Final = 200
"""A result may cover more audio than its position says."""

MAX_WORD_CHARS: Final = 60
_NOT_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffd\ufffe\uffff]")


class Reading(Enum):
    """What a result means for the utterance."""

    READ = auto()
    """All of it has been read."""
    UNREAD = auto()
    """More is to come."""
    EMPTY = auto()
    """The recogniser says that this is all, but there was voice without words."""


class AudioRing:
    """The last minute of what the caller's microphone gave: 16-bit mono PCM."""

    def __init__(self, *, sample_rate: int, kept_s: float = MAX_KEPT_S) -> None:
        """`kept_s`: how much is kept at most, in seconds."""
        self.sample_rate = sample_rate
        self._limit = round(kept_s * sample_rate) * BYTES_PER_SAMPLE
        self._pcm = bytearray()
        self._end = 0

    @property
    def end(self) -> int:
        """The position behind the newest sample."""
        return self._end

    @property
    def begin(self) -> int:
        """The position of the oldest sample that is kept."""
        return self._end - len(self._pcm) // BYTES_PER_SAMPLE

    def append(self, pcm: bytes) -> None:
        """Add audio; the oldest goes when there is too much."""
        self._pcm += pcm
        self._end += len(pcm) // BYTES_PER_SAMPLE
        if len(self._pcm) > self._limit:
            del self._pcm[: len(self._pcm) - self._limit]

    def forget_before(self, position: int) -> None:
        """Nobody will ask for what lies before a position."""
        surplus = min(position, self._end) - self.begin
        if surplus > 0:
            del self._pcm[: surplus * BYTES_PER_SAMPLE]

    def between(self, begin: int, end: int) -> bytes:
        """What is kept of a stretch of audio."""
        first = max(begin, self.begin) - self.begin
        last = max(end, self.begin) - self.begin
        return bytes(self._pcm[first * BYTES_PER_SAMPLE : last * BYTES_PER_SAMPLE])


@dataclass
class Utterance:
    """One utterance. All positions in samples.

    Parameters:
        noticed_at: where the voice detector gave notice of speech; speech began a little before.
        start_s: by how much, in seconds.
        read_to: up to here someone has understood it.
        speech_end: where speech ended; None while the caller speaks.
    """

    noticed_at: int
    start_s: float
    sample_rate: int
    read_to: int = 0
    speech_end: int | None = None
    has_words: bool = False

    def __post_init__(self) -> None:
        """Nothing from before the speech needs reading."""
        self.read_to = max(self.read_to, self.noticed_at - self._samples(self.start_s))

    @property
    def unread_s(self) -> float:
        """Seconds of voice that nobody has read; of an open utterance not known yet: infinite."""
        if self.speech_end is None:
            return float("inf")
        return max(0, self.speech_end - self.read_to) / self.sample_rate

    @property
    def spoken_s(self) -> float:
        """Seconds from its beginning to its end, pauses included; 0 while the caller speaks."""
        if self.speech_end is None:
            return 0.0
        began = self.noticed_at - self._samples(self.start_s)
        return max(0, self.speech_end - began) / self.sample_rate

    @property
    def is_covered(self) -> bool:
        """Whether there are words, and nothing after them that could be another."""
        return self.has_words and self.unread_s < UNREAD_ENOUGH_S

    def can_be_read_to(self, position: int, *, text: str, duration_s: float) -> bool:
        """Whether a result's own word for what it covers can be true: not a place from before the
        utterance, nor fewer seconds than the text takes to be said."""
        begin = self.noticed_at - self._samples(self.start_s)
        is_long_enough = len(text.strip()) <= MAX_CHARS_PER_S * duration_s
        return is_long_enough and (not text.strip() or position > begin)

    def speaks_again(self) -> None:
        """The pause was too short for the recogniser: it is the same utterance."""
        self.speech_end = None

    def stopped(self, *, at: int, stop_s: float) -> None:
        """The voice detector gives notice of silence, `stop_s` after speech has ended."""
        self.speech_end = max(at - self._samples(stop_s), 0)

    def result(self, text: str, *, read_to: int, is_last: bool) -> Reading:
        """A final result that covers everything up to a position.

        Args:
            text: what was said; empty if nothing was understood.
            read_to: where the audio ends that it covers.
            is_last: the recogniser was told that speech is over, and this is its last word.
        """
        if text.strip():
            self.has_words = True
            self.read_to = max(self.read_to, read_to)
        if self.speech_end is None:
            return Reading.UNREAD
        if is_last:
            # With words before it, an empty last result means that the rest was a breath.
            is_read = self.has_words or self.unread_s < UNREAD_ENOUGH_S
            return Reading.READ if is_read else Reading.EMPTY
        return Reading.READ if self.is_covered else Reading.UNREAD

    def _samples(self, seconds: float) -> int:
        return round(seconds * self.sample_rate)


def is_garbage(text: str, *, audio_s: float) -> bool:
    """Whether a transcript cannot be what someone said in that time.

    >>> is_garbage("My name is Jane Doe.", audio_s=1.5)
    False
    >>> is_garbage("\\ufffd\\ufffd", audio_s=1.5)
    True
    """
    stripped = text.strip()
    if not stripped:
        return False
    if _NOT_TEXT.search(stripped) or not any(c.isalnum() for c in stripped):
        return True
    if max(map(len, stripped.split())) > MAX_WORD_CHARS:
        return True
    return len(stripped) > ALWAYS_PLAUSIBLE_CHARS + MAX_CHARS_PER_S * audio_s
