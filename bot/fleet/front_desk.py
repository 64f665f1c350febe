"""How the command and the HTTP API ask the fleet: confirmed where the fleet's state is shared."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self

from loguru import logger

from bot.config import Settings
from bot.errors import LeadlineError
from bot.fleet.confirmed import ConfirmedDispatcher
from bot.fleet.dispatch import Dispatcher, LiveKitDispatcher
from bot.fleet.rooms import LiveKitRooms
from bot.storage.live import LiveState
from bot.storage.store import Store

STORE_PATIENCE_S = 1.0
"""A database that is away keeps nobody from being answered; then one dispatch must do."""


class FrontDesk:
    """A `Dispatcher` by the settings.

    With `REDIS_URL` or `DATABASE_URL` every dispatch is confirmed by the call's lease, and a caller
    who dropped out and is back in the room gets the old call again. Without them the workers may
    be anywhere and nobody can be asked: the dispatch is made once, and not confirmed.
    """

    def __init__(self, settings: Settings) -> None:
        """Connects with the first use.

        Raises:
            SettingsError: LiveKit is not configured.
        """
        self._settings = settings
        self._plain = LiveKitDispatcher.of(settings)
        self._stack = AsyncExitStack()
        self._stack.push_async_callback(self._plain.aclose)
        self._opening = asyncio.Lock()
        self._confirmed: ConfirmedDispatcher | None = None
        self._live: LiveState | None = None
        self._rooms: LiveKitRooms | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._stack.aclose()

    async def dispatch(
        self,
        room: str,
        playbook: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        call_id: str | None = None,
        until: float | None = None,
    ) -> str:
        """See `Dispatcher`.

        Raises:
            FleetBusyError: nobody took the call.
        """
        dispatcher = await self._dispatcher()
        wanted = call_id or await self._dropped_call(room)
        return await dispatcher.dispatch(room, playbook, metadata, call_id=wanted, until=until)

    async def _dispatcher(self) -> Dispatcher:
        if not (self._settings.redis_url or self._settings.database_url):
            return self._plain
        async with self._opening:
            if self._confirmed is None:
                await self._open()
        return self._confirmed or self._plain

    async def _open(self) -> None:
        settings, enter = self._settings, self._stack.enter_async_context
        # Redis alone can say who has a call; the database is opened only where there is none.
        store = (
            None
            if settings.redis_url
            else await enter(Store.opened(settings, writable=False, patience_s=STORE_PATIENCE_S))
        )
        self._live = await enter(LiveState.opened(settings, store))
        self._rooms = await enter(LiveKitRooms(settings))
        self._confirmed = ConfirmedDispatcher(inner=self._plain, leases=self._live.leases)

    async def _dropped_call(self, room: str) -> str | None:
        """The unfinished call of somebody who is in the room again: the same person, not a name."""
        if self._live is None or self._rooms is None:
            return None
        try:
            session = await self._live.sessions.find(room)
            if session is None or session.ended is None or session.caller_id is None:
                return None
            is_back = session.caller_id in await self._rooms.callers(room)
        except LeadlineError as error:
            logger.warning("Nobody can say whether {!r} had a call before: {}", room, error)
            return None
        return session.call_id if is_back else None
