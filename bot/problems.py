"""What went wrong with the providers in one call, for its record."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from bot.records import ProblemRecord
from bot.services.hosting import RungFailedError

AT_MOST: Final = 100
"""In one call: from then on it says nothing new."""

OnProblem = Callable[[str, RungFailedError], None]
"""Told of each failure: the service, e.g. `llm:openai`, and how it failed."""


class Problems:
    """The failures of one call, in their order."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """The call begins now."""
        self._clock = clock
        self._began_at = clock()
        self._records: list[ProblemRecord] = []

    @property
    def records(self) -> list[ProblemRecord]:
        """What was noted so far."""
        return list(self._records)

    def add(self, service: str, failure: RungFailedError) -> None:
        """Note a failure; a permanent one only once."""
        again = failure.permanent and any(
            known.permanent and known.service == service for known in self._records
        )
        if again or len(self._records) >= AT_MOST:
            return
        self._records.append(
            ProblemRecord(
                service=service,
                what=failure.what,
                at_s=round(self._clock() - self._began_at, 3),
                permanent=failure.permanent,
            )
        )
