"""A bound on the requests that one process has under way at one provider.

What is over the bound queues for a moment only: it is the caller who waits, the time counts
against the turn's time-out, and the next rung is there. A provider that is not asked because we
are busy has done nothing wrong, so its breaker hears nothing of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bot.services.hosting import RungFailedError

QUEUE_S: Final = 0.3
"""How long a request may queue: longer, and the caller would hear it."""
AT_MOST: Final = 32
"""Requests under way at one provider, unless a setting says otherwise."""


class Bulkhead:
    """The places at one provider."""

    def __init__(self, at_most: int) -> None:
        """`at_most` requests at a time."""
        self.at_most = at_most
        self._places = asyncio.Semaphore(at_most)
        self.under_way = 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Hold a place inside the block.

        Raises:
            RungFailedError: none got free in time.
        """
        try:
            async with asyncio.timeout(QUEUE_S):
                await self._places.acquire()
        except TimeoutError:
            raise RungFailedError(
                f"has {self.at_most} requests under way already", is_to_blame=False
            ) from None
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1
            self._places.release()


class Bulkheads:
    """The bulkheads of one process, by provider."""

    def __init__(self, at_most: int = AT_MOST) -> None:
        """`at_most` requests at a time at each provider."""
        self._at_most = at_most
        self._known: dict[str, Bulkhead] = {}

    def of(self, name: str) -> Bulkhead:
        """The places at one provider, e.g. `llm:openai`."""
        if name not in self._known:
            self._known[name] = Bulkhead(self._at_most)
        return self._known[name]
