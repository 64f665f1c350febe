"""What is live, by the settings: sessions and leases in Redis, else in SQL, else in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.config import Settings
from bot.storage.fencing import Fences
from bot.storage.lease_table import InMemoryLeaseTable, LeaseTable
from bot.storage.lease_table_redis import RedisLeaseTable
from bot.storage.lease_table_sql import SqlLeaseTable
from bot.storage.leases import Leases
from bot.storage.sessions import InMemorySessions, LayeredSessions, SessionStore
from bot.storage.sessions_local import LocalSessions, local_sessions_folder
from bot.storage.sessions_redis import RedisSessions
from bot.storage.sessions_sql import SqlSessions
from bot.storage.store import Store


@dataclass(frozen=True, slots=True)
class LiveState:
    """Who has which call, and what the next bot of it must know."""

    sessions: SessionStore
    leases: Leases

    @classmethod
    @asynccontextmanager
    async def opened(cls, settings: Settings, store: Store | None) -> AsyncIterator[LiveState]:
        """Connects with the first use: nothing is away yet, and nothing is waited for.

        Args:
            settings: REDIS_URL.
            store: where fencing tokens are counted, and sessions are kept while Redis is away;
                close it after this.
        """
        state = cls(sessions=_sessions(settings, store), leases=_leases(settings, store))
        try:
            yield state
        finally:
            await state.sessions.aclose()
            await state.leases.aclose()


def _sessions(settings: Settings, store: Store | None) -> SessionStore:
    stores: list[SessionStore] = []
    if settings.redis_url is not None:
        stores.append(RedisSessions(settings.redis_url))
    if store is not None:
        stores.append(SqlSessions(store.engine))
    if not stores:
        return InMemorySessions()
    return LayeredSessions(stores, spill=LocalSessions(local_sessions_folder(settings.data_dir)))


def _leases(settings: Settings, store: Store | None) -> Leases:
    table: LeaseTable
    if settings.redis_url is not None:
        table = RedisLeaseTable(settings.redis_url)
    elif store is not None:
        table = SqlLeaseTable(store.engine)
    else:
        table = InMemoryLeaseTable()
    return Leases(table=table, fences=Fences(store.engine) if store is not None else None)
