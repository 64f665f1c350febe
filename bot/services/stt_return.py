"""When a rung that was left may serve again. Pure: no clock, no I/O."""

from __future__ import annotations

from typing import Final

RETURN_INTERVAL_S: Final = 60.0
"""At most one return to a better rung in this time; doubled while returns fail."""

MAX_RETURN_INTERVAL_S: Final = 480.0


class WayBack:
    """At once the first time; then not again and again, and ever more rarely while it fails."""

    def __init__(self) -> None:
        """Nobody has been left yet."""
        self._left: set[str] = set()
        self._not_before = float("-inf")
        self._interval_s = RETURN_INTERVAL_S

    def left(self, name: str) -> None:
        """A rung failed, and another one serves."""
        self._left.add(name)

    def forgiven(self, name: str) -> None:
        """It was not its fault."""
        self._left.discard(name)

    def is_return(self, name: str) -> bool:
        """Whether a rung has been left before in this call."""
        return name in self._left

    def take(self, name: str, *, now: float) -> bool:
        """Whether a rung may serve now; if it has been left before, this is its return."""
        if name not in self._left:
            return True
        if now < self._not_before:
            return False
        self._not_before = now + self._interval_s
        self._interval_s = min(2 * self._interval_s, MAX_RETURN_INTERVAL_S)
        return True

    def best_serves_well(self) -> None:
        """The best rung has given words: what was before is forgiven."""
        self._interval_s = RETURN_INTERVAL_S
