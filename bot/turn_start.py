"""When a caller's voice cuts the bot off: not before a bot that goes on has been heard at all.

Whoever is in the middle of a sentence when their bot dies talks on, and would cut off the first
words of the next one: then nobody would be heard until they are done. Their words are taken all the
same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipecat.turns.user_start import (
    BaseUserTurnStartStrategy,
    TranscriptionUserTurnStartStrategy,
    VADUserTurnStartStrategy,
)


class _Polite(BaseUserTurnStartStrategy):  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
    """Asks at each turn's beginning whether it interrupts the bot."""

    def __init__(self, *, may_interrupt: Callable[[], bool], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._may_interrupt = may_interrupt

    async def trigger_user_turn_started(self, **kwargs: Any) -> None:
        """Decide, then begin the turn."""
        await super().trigger_user_turn_started(
            **{"enable_interruptions": self._may_interrupt(), **kwargs}
        )


class PoliteVADStart(_Polite, VADUserTurnStartStrategy):  # type: ignore[no-untyped-call]  # as above
    """The caller's voice begins a turn."""


class PoliteTranscriptionStart(  # type: ignore[no-untyped-call]  # as above
    _Polite, TranscriptionUserTurnStartStrategy
):
    """So do words that the voice detector has missed."""


def turn_starts(may_interrupt: Callable[[], bool]) -> list[BaseUserTurnStartStrategy]:
    """Pipecat's defaults; `may_interrupt` says whether the bot may be cut off now."""
    return [
        PoliteVADStart(may_interrupt=may_interrupt),
        PoliteTranscriptionStart(may_interrupt=may_interrupt),
    ]
