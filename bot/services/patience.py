"""How long a provider may take before the next one is asked: its own recent p99, within bounds."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

RECENT: Final = 128
"""Latencies remembered for each provider. The p99 of fewer than 100 is their maximum."""

ENOUGH: Final = 8
"""From so many on they say something about the provider; before, the starting value holds."""


@dataclass(frozen=True, kw_only=True)
class PatiencePolicy:
    """Bounds of a time-out, in seconds.

    Parameters:
        floor_s: never shorter, however quick the provider was lately.
        ceiling_s: never longer, however slow.
        factor: the time-out is the recent p99 times this.
        start_s: before enough is known. Default: the floor.
    """

    floor_s: float
    ceiling_s: float
    factor: float = 1.5
    start_s: float | None = None

    def __post_init__(self) -> None:
        """Raises ValueError if the bounds contradict each other."""
        if not 0 < self.floor_s <= self.ceiling_s:
            raise ValueError(f"floor_s {self.floor_s} must be in (0, ceiling_s {self.ceiling_s}]")


class Patience:
    """What one provider's answers took lately, and what follows for the next one."""

    def __init__(self, policy: PatiencePolicy) -> None:
        """Nothing is known yet."""
        self._policy = policy
        self._recent: deque[float] = deque(maxlen=RECENT)

    def took(self, seconds: float) -> None:
        """An answer came. Tell of late answers too, of attempts that were given up: only they
        show that the provider has become slower and not silent."""
        if math.isfinite(seconds) and seconds >= 0:
            self._recent.append(seconds)

    @property
    def p99_s(self) -> float | None:
        """The 99th percentile (nearest rank) of the recent answers; None if too few are known."""
        if len(self._recent) < ENOUGH:
            return None
        ordered = sorted(self._recent)
        return ordered[math.ceil(0.99 * len(ordered)) - 1]

    @property
    def timeout_s(self) -> float:
        """How long to wait for the next answer."""
        policy = self._policy
        p99_s = self.p99_s
        if p99_s is None:
            wanted_s = policy.floor_s if policy.start_s is None else policy.start_s
        else:
            wanted_s = p99_s * policy.factor
        return min(max(wanted_s, policy.floor_s), policy.ceiling_s)


class Patiences:
    """The patience with each provider, kept for the process's life."""

    def __init__(self) -> None:
        """None is known yet."""
        self._known: dict[str, Patience] = {}

    def of(self, name: str, policy: PatiencePolicy) -> Patience:
        """The patience with one provider, e.g. `stt:deepgram`; the first policy holds."""
        return self._known.setdefault(name, Patience(policy))
