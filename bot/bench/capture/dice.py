"""Chance that is the same each time."""

from __future__ import annotations

from random import Random


def dice(seed: str) -> Random:
    """A generator for what a seed decides; nothing secret is drawn from it."""
    return Random(seed)  # noqa: S311
