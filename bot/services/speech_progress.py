"""How far one text has been spoken: whole words, by the sound that was passed on. Pure."""

from __future__ import annotations

from typing import Final

from processors.speech_ledger import SECONDS_PER_CHARACTER

QUICKEST_SECONDS_PER_CHARACTER: Final = 0.02
"""No voice speaks 50 characters a second: a text that is shorter was broken off."""

SLACK_S: Final = 0.05
"""Word times and sound of one message may differ by this much."""


class SpeechProgress:
    """Counts one voice's sound and words for one text."""

    def __init__(self, text: str) -> None:
        """Nothing of `text` was spoken yet."""
        self._tokens = text.split()
        self.text = text
        self._waiting: list[tuple[str, float]] = []
        self._words = 0
        self.sound_s = 0.0
        """Sound that was passed on."""

    @property
    def is_cut_short(self) -> bool:
        """Whether the sound is too short to be the whole text."""
        return self.sound_s < len(self.text.strip()) * QUICKEST_SECONDS_PER_CHARACTER

    @property
    def words_timed(self) -> int:
        """Words that the voice has told the time of."""
        return self._words + len(self._waiting)

    @property
    def is_whole(self) -> bool:
        """Whether every word was timed and its sound has come: only the end is missing."""
        if not self._tokens or self.words_timed < len(self._tokens):
            return False
        text, start_s = self._waiting[-1] if self._waiting else ("", 0.0)
        return start_s + len(text) * SECONDS_PER_CHARACTER <= self.sound_s + SLACK_S

    def sound(self, seconds: float) -> list[tuple[str, float]]:
        """More sound; returns the words that are whole now."""
        self.sound_s += seconds
        return self._whole_words()

    def word(self, text: str, start_s: float) -> list[tuple[str, float]]:
        """A word, and where it begins; returns the words that are whole now."""
        self._waiting.append((text, start_s))
        return self._whole_words()

    def ended(self) -> list[tuple[str, float]]:
        """The text was spoken to its end; returns the last words."""
        return self._take(len(self._waiting))

    @property
    def left(self) -> str:
        """The text that would be left if the voice fell silent now."""
        if not self.words_timed and self.sound_s:
            return " ".join(self._tokens[self._estimated_words() :])
        return " ".join(self._tokens[self._words + self._whole_by_now() :])

    def broken_off(self) -> tuple[list[tuple[str, float]], str]:
        """The voice fell silent; returns the last whole words and the text that is left.

        A word that was cut is a part of what is left: it is begun again. Where the voice gave no
        times they are taken from the length of the sound.
        """
        left = self.left
        if not self.words_timed and self.sound_s:
            return [], left
        return self._take(self._whole_by_now()), left

    def _whole_by_now(self) -> int:
        whole = [
            start_s + len(text) * SECONDS_PER_CHARACTER <= self.sound_s + SLACK_S
            for text, start_s in self._waiting
        ]
        return whole.index(False) if False in whole else len(whole)

    def _whole_words(self) -> list[tuple[str, float]]:
        """A word is whole when the next one has begun."""
        count = sum(start_s <= self.sound_s for _, start_s in self._waiting[1:])
        return self._take(count)

    def _take(self, count: int) -> list[tuple[str, float]]:
        words, self._waiting = self._waiting[:count], self._waiting[count:]
        self._words += count
        return words

    def _estimated_words(self) -> int:
        at_s, spoken = 0.0, 0
        for token in self._tokens:
            at_s += (len(token) + 1) * SECONDS_PER_CHARACTER
            if at_s > self.sound_s:
                break
            spoken += 1
        return spoken
