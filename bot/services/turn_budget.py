"""How much silence a turn has had already: who comes late in the chain waits less for its own."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

LEAST_PATIENCE_S: Final = 0.4
"""Less than this would give up providers that are only as quick as they usually are."""


class TurnBudget:
    """The time that one turn has lost to providers that did not answer.

    One for a call: the LLM's ladder begins each turn and tells what was lost, and the voice's
    ladder is less patient for as much. So a turn in which both are silent is not twice as long.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing is lost yet."""
        self._clock = clock
        self._began_at = clock()
        self._lost_s = 0.0

    @property
    def lost_s(self) -> float:
        """What failing over has cost this turn so far, in seconds."""
        return self._lost_s

    @property
    def elapsed_s(self) -> float:
        """Seconds since the turn's answer was asked for."""
        return self._clock() - self._began_at

    def begin(self) -> None:
        """A turn's answer is asked for."""
        self._began_at = self._clock()
        self._lost_s = 0.0

    def fell_over(self) -> None:
        """Somebody failed before anything was said: all the turn's time so far was lost."""
        self._lost_s = max(self._lost_s, self.elapsed_s)

    def patience_s(self, usual_s: float) -> float:
        """The part of the usual patience that is left in this turn."""
        return min(usual_s, max(LEAST_PATIENCE_S, usual_s - self._lost_s))
