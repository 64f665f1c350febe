"""Fencing: who took a call over last is the only one who may write.

The counter lives in SQL beside what it protects, so that no restart of another server lowers it,
and a write is checked in its own transaction.
"""

from __future__ import annotations

from sqlalchemy import Table, case, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from bot.storage.engine import WRITES, guarded
from bot.storage.errors import StaleTokenError
from bot.storage.live_models import Fence

FENCE_TIMEOUT_S = 0.6
"""A replacement must be audible within 1.5 s; a token is not worth more of it (see `Leases`)."""

_TABLE: Table = Fence.__table__  # type: ignore[assignment]


class Fences:
    """The counters of all calls."""

    def __init__(self, engine: AsyncEngine, *, timeout_s: float = FENCE_TIMEOUT_S) -> None:
        self._engine = engine
        self._writing_engine = engine.execution_options(**WRITES)
        self._timeout_s = timeout_s

    async def raised(self, call_id: str, *, floor: int = 0) -> int:
        """Count up, past `floor`, too: who held the call before can write no more.

        Raises:
            StorageUnavailableError: if the database is away or too slow.
            StorageError: if it refuses.
        """

        async def work() -> int:
            async with self._writing_engine.begin() as connection:
                return await _count_up(connection, call_id, floor)

        return await guarded(self._engine, work(), self._timeout_s)

    async def first(self, call_id: str) -> int | None:
        """The first token of a call; None: it was begun before. Raises as `raised` does."""
        insert = _insert(self._engine.dialect.name).values(call_id=call_id, token=1)
        statement = insert.on_conflict_do_nothing().returning(_TABLE.c.token)

        async def work() -> int | None:
            async with self._writing_engine.begin() as connection:
                token: int | None = (await connection.execute(statement)).scalar()
                return token

        return await guarded(self._engine, work(), self._timeout_s)

    async def current(self, call_id: str) -> int:
        """The newest token of a call, 0 if there is none. Raises as `raised` does."""

        async def work() -> int:
            async with self._engine.connect() as connection:
                query = select(_TABLE.c.token).where(_TABLE.c.call_id == call_id)
                return int(await connection.scalar(query) or 0)

        return await guarded(self._engine, work(), self._timeout_s)


async def check_fence(session: AsyncSession, call_id: str, token: int) -> None:
    """Hold the call's fence until the transaction is over, if `token` is still the newest.

    A token that is newer than the counter was given out while the database was away: it counts.

    Raises:
        StaleTokenError: if a newer one was given out.
    """
    insert = _insert(session.get_bind().dialect.name).values(call_id=call_id, token=token)
    statement = insert.on_conflict_do_update(
        index_elements=[_TABLE.c.call_id],
        set_={"token": insert.excluded.token},
        where=_TABLE.c.token <= insert.excluded.token,
    ).returning(_TABLE.c.token)
    if (await session.execute(statement)).first() is None:
        raise StaleTokenError(f"another bot has taken call {call_id} over: nothing is written")


async def _count_up(connection: AsyncConnection, call_id: str, floor: int) -> int:
    insert = _insert(connection.dialect.name).values(call_id=call_id, token=floor + 1)
    statement = insert.on_conflict_do_update(
        index_elements=[_TABLE.c.call_id],
        set_={"token": case((_TABLE.c.token > floor, _TABLE.c.token), else_=floor) + 1},
    ).returning(_TABLE.c.token)
    return int((await connection.execute(statement)).scalar_one())


def _insert(dialect: str) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(_TABLE) if dialect == "postgresql" else sqlite.insert(_TABLE)
