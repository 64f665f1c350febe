"""What a worker does beside its calls: watch, find lonely callers, deliver, replay journals."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from bot.config import Settings
from bot.delivery.deliverer import Deliverer
from bot.fleet.dispatch import LiveKitDispatcher
from bot.fleet.lonely import LonelyCallers
from bot.fleet.rooms import LiveKitRooms
from bot.fleet.undertaker import StoredUndertaker
from bot.fleet.watch import Watch
from bot.storage.journal import journal_folder
from bot.storage.live import LiveState
from bot.storage.replay import keep_replaying
from bot.storage.store import Store

STORE_PATIENCE_S = 5.0


@asynccontextmanager
async def background(settings: Settings) -> AsyncIterator[Watch]:
    """Deliver leads and replay journals while the context lasts; gives the watch, to be run.

    Raises:
        LeadlineError: the database refuses us, or LiveKit is not configured.
    """
    async with (
        # Who restarts during an outage answers calls all the same; journals take what is written.
        Store.opened(settings, patience_s=STORE_PATIENCE_S) as store,
        LiveState.opened(settings, store) as live,
        LiveKitDispatcher.of(settings) as dispatcher,
        LiveKitRooms(settings) as rooms,
        Deliverer(settings, store).running(),
    ):
        holder = f"{platform.node()}:{os.getpid()}:{uuid4().hex[:8]}"
        lonely = LonelyCallers(
            rooms=rooms,
            leases=live.leases,
            sessions=live.sessions,
            store=store,
            dispatcher=dispatcher,
            holder=holder,
        )
        beside = [
            asyncio.create_task(
                keep_replaying(store, journal_folder(settings.data_dir)), name="replay-journals"
            ),
            asyncio.create_task(lonely.run(), name="lonely-callers"),
        ]
        try:
            yield Watch(
                leases=live.leases,
                sessions=live.sessions,
                dispatcher=dispatcher,
                rooms=rooms,
                undertaker=StoredUndertaker(settings=settings, store=store, sessions=live.sessions),
                holder=holder,
                rejoin_grace_s=settings.rejoin_grace_s,
            )
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
