"""The figures of a run: who survived, and how much silence was added."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Z_95: Final = 1.96


@dataclass(frozen=True)
class Spread:
    """A distribution, in seconds. `n` is how many values it stands on."""

    n: int
    p50: float | None
    p95: float | None
    max: float | None


def spread(values: Sequence[float]) -> Spread:
    """Median, 95th percentile (nearest rank) and the largest."""
    if not values:
        return Spread(0, None, None, None)
    ordered = sorted(values)

    def rank(share: float) -> float:
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    return Spread(len(ordered), rank(0.5), rank(0.95), ordered[-1])


def at_least(survived: int, total: int) -> float:
    """The lower end of the share's 95 % interval (Wilson): what so few trials can promise."""
    if not total:
        return 0.0
    share, z2 = survived / total, Z_95 * Z_95
    middle = share + z2 / (2 * total)
    margin = Z_95 * math.sqrt(share * (1 - share) / total + z2 / (4 * total * total))
    return max(0.0, (middle - margin) / (1 + z2 / total))
