"""What the bot has said since the caller last spoke, by the RTVI messages that go with its sound.

Only words that have been spoken count: Pipecat reports each segment as it is played
(``bot-output`` with ``spoken_progress``).
"""

from __future__ import annotations

from typing import Any


class BotWords:
    """Collects the spoken segments of the bot's current turn."""

    def __init__(self) -> None:
        self._spoken: dict[int, str] = {}
        self._rest: dict[int, str] = {}
        self._forgotten: set[int] = set()
        self.speaking = False

    def take(self, message: dict[str, Any]) -> None:
        """Take one RTVI message."""
        kind, data = message.get("type"), message.get("data") or {}
        if kind == "bot-started-speaking":
            self.speaking = True
        elif kind == "bot-stopped-speaking":
            self.speaking = False
        elif kind == "bot-interrupted":
            self._rest.clear()
        elif kind == "bot-output" and data.get("will_be_spoken", True):
            segment = int(data.get("segment_id") or 0)
            if segment in self._forgotten:
                return
            progress = data.get("spoken_progress")
            text = data.get("text", "")
            self._spoken[segment] = progress["accumulated_text"] if progress else text
            self._rest[segment] = progress["remaining_text"] if progress else ""

    @property
    def text(self) -> str:
        """The words that have been spoken, in order."""
        return " ".join(part.strip() for part in self._spoken.values() if part.strip())

    @property
    def unfinished(self) -> bool:
        """Whether the bot has words that it has not spoken yet, or speaks right now."""
        return self.speaking or any(rest.strip() for rest in self._rest.values())

    def forget(self) -> str:
        """Begin a new turn; returns the words of the one that is over."""
        text = self.text
        self._forgotten.update(self._spoken)
        self._spoken.clear()
        self._rest.clear()
        return text
