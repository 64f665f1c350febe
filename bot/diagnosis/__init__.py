"""Asks each dependency whether it is configured, reachable and usable, and knows the remedy."""

from __future__ import annotations

from bot.diagnosis.examination import examine
from bot.diagnosis.finding import Finding

__all__ = ["Finding", "examine"]
