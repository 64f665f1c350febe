"""What the dialogue is compared with: each value taken as heard, read back whole, and a yes."""

from __future__ import annotations

from typing import Any

from bot.bench.capture.caller import Reply
from bot.bench.capture.personas import NOW
from flows import speakable
from flows.capture import Answer
from flows.playbook import Playbook
from flows.single import capture_once

ATTEMPTS = 3


class NaiveFiller:
    """Asks field after field; a value that got a no is asked for again, three times at most."""

    def __init__(self, playbook: Playbook) -> None:
        self._playbook = playbook
        self._keys = list(playbook.keys)
        self._at = 0
        self._attempts = 0
        self._pending: Any = None
        self.values: dict[str, tuple[Any, str]] = {}

    @property
    def done(self) -> bool:
        return self._at >= len(self._keys)

    def reply(self) -> Reply:
        """What it says now."""
        key = self._keys[self._at]
        if self._pending is not None:
            spoken = speakable.say(self._playbook.field(key).kind, self._pending)
            return Reply(f"I have {spoken}. Is that right?", key, {key: self._pending}, {})
        return Reply(self._playbook.field(key).questions[0], key, {}, {})

    def hears(self, text: str) -> None:
        """One caller turn."""
        key = self._keys[self._at]
        confirming = key if self._pending is not None else None
        found, answer = capture_once(
            text, playbook=self._playbook, now=NOW, asked=None if confirming else key,
            confirming=confirming,
        )  # fmt: skip
        if answer is Answer.REFUSAL:
            self._next(key, None, "refused")
        elif confirming and answer is Answer.YES:
            self._next(key, self._pending, "confirmed")
        elif confirming:
            self._pending = None
            self._try_again(key)
        elif key in found:
            self._pending = found[key]
        else:
            self._try_again(key)

    def _try_again(self, key: str) -> None:
        self._attempts += 1
        if self._attempts >= ATTEMPTS:
            self._next(key, None, "unknown")

    def _next(self, key: str, value: Any, status: str) -> None:
        self.values[key] = (value, status)
        self._pending, self._attempts = None, 0
        self._at += 1
