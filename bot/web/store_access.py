"""The store of a server that starts, and goes on, while the database is away."""

from __future__ import annotations

import asyncio
from typing import Final

from bot.config import Settings
from bot.storage.store import Store

CLOSE_TIMEOUT_S: Final = 5.0


class StoreAccess:
    """Opens the store with the first request that needs it; after a failure the next one tries."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is connected yet."""
        self._settings = settings
        self._opening: asyncio.Task[Store] | None = None

    async def get(self) -> Store:
        """The open store.

        Raises:
            StorageError: the database is away or refuses.
        """
        opening = self._opening
        if opening is None or (opening.done() and (opening.cancelled() or opening.exception())):
            opening = asyncio.create_task(Store.open(self._settings, writable=False))
            self._opening = opening
        # Who waits may give up; what was begun (perhaps a migration) goes on for the next one.
        return await asyncio.shield(opening)

    async def aclose(self) -> None:
        """Close it, if it is open."""
        opening, self._opening = self._opening, None
        if opening is None:
            return
        await asyncio.wait({opening}, timeout=CLOSE_TIMEOUT_S)
        if not opening.done():
            opening.cancel()
        elif not opening.cancelled() and opening.exception() is None:
            await opening.result().close()
