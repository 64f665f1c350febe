"""The ledger at the output: which of the bot's words the caller has really heard.

A word counts as heard once the audio of its middle has left the transport's queue. Positions
are samples of audio written, never the clock: a stalled voice or a full queue moves the clock,
but not what the caller has heard.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")

SECONDS_PER_CHARACTER = 0.06
"""Average duration of a spoken English character (about 16 a second at 170 words a minute)."""


@dataclass
class _Entry(Generic[Item]):
    item: Item
    speech_id: str | None
    offset_samples: int
    """Where the word's middle lies behind the start of its speech; unused for what follows."""
    is_word: bool


class SpeechLedger(Generic[Item]):
    """Words and what follows them, in order, until their audio has been heard.

    A *speech* is one stretch of synthesised audio with word times of its own (a TTS context).
    Items that are no words (the end of a reply) are released right after the words in front.
    """

    def __init__(self, *, sample_rate: int) -> None:
        """Start empty. `sample_rate` is the output's, in Hz."""
        self._sample_rate = sample_rate
        self._entries: deque[_Entry[Item]] = deque()
        self._speech_starts: dict[str, int] = {}
        self.written_samples = 0

    def __bool__(self) -> bool:
        """Whether anything waits to be heard."""
        return bool(self._entries)

    def audio_written(self, samples: int) -> None:
        """Count audio that was handed to the transport, heard or not."""
        self.written_samples += samples

    def speech_starts(self, speech_id: str) -> None:
        """The next audio written is the first of this speech."""
        self._speech_starts.setdefault(speech_id, self.written_samples)

    def add_word(self, item: Item, *, text: str, speech_id: str | None, offset_s: float) -> None:
        """Queue a word that begins `offset_s` seconds behind the start of its speech."""
        middle_s = offset_s + len(text) * SECONDS_PER_CHARACTER / 2
        offset = round(middle_s * self._sample_rate)
        self._entries.append(_Entry(item, speech_id, offset, is_word=True))

    def add_follower(self, item: Item) -> None:
        """Queue an item that is due as soon as every word in front of it has been heard."""
        self._entries.append(_Entry(item, None, 0, is_word=False))

    def speech_ended(self, speech_id: str) -> None:
        """All audio of this speech is written: words timed behind its end are due at its end."""
        for entry in self._entries:
            if entry.is_word and entry.speech_id == speech_id:
                start = self._speech_starts.get(speech_id, self.written_samples)
                entry.offset_samples = min(entry.offset_samples, self.written_samples - start)

    def take_heard(self, *, queued_samples: int) -> list[Item]:
        """Remove and return, in order, everything that has been heard.

        Args:
            queued_samples: audio that was written but has not left the transport's queue yet.
        """
        played = self.written_samples - queued_samples
        heard: list[Item] = []
        while self._entries and self._is_due(self._entries[0], played):
            heard.append(self._entries.popleft().item)
        if not self._entries:
            self._forget_old_speeches()
        return heard

    def cut(self) -> list[Item]:
        """Remove and return everything that will never be heard, after an interruption."""
        dropped = [entry.item for entry in self._entries]
        self._entries.clear()
        self._speech_starts.clear()
        return dropped

    def _is_due(self, entry: _Entry[Item], played: int) -> bool:
        if not entry.is_word:
            return True
        if entry.speech_id is None:
            return True
        start = self._speech_starts.get(entry.speech_id)
        return start is not None and played >= start + entry.offset_samples

    def _forget_old_speeches(self) -> None:
        while len(self._speech_starts) > 1:
            self._speech_starts.pop(next(iter(self._speech_starts)))
