"""Leases in SQL: for a single machine, or a small fleet without Redis. Time is the database's."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Table, and_, literal_column, not_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.storage.engine import WRITES, guarded
from bot.storage.lease_table import LeaseTiming, Reservation, RunningCall, Survey
from bot.storage.live_models import LeaseRow

SQL_LEASE_TIMING = LeaseTiming(ttl_s=3.0, refresh_s=0.75)
"""Each renewal is a transaction with its fsync: fewer of them, and a lost host is noticed later."""
LEASE_TIMEOUT_S = 0.7
"""Less than a renewal's interval."""

_TABLE: Table = LeaseRow.__table__  # type: ignore[assignment]
_NOW = {
    "postgresql": "extract(epoch from clock_timestamp())",
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
}


def database_now(engine: AsyncEngine) -> ColumnElement[float]:
    """The database's clock in Unix seconds, also in the middle of a transaction."""
    return literal_column(_NOW[engine.dialect.name])


class SqlLeaseTable:
    """Leases of all processes that share one database."""

    def __init__(self, engine: AsyncEngine, *, timing: LeaseTiming = SQL_LEASE_TIMING) -> None:
        self.timing = timing
        self._engine = engine
        self._writing_engine = engine.execution_options(**WRITES)
        self._now: ColumnElement[float] = database_now(engine)

    async def reserve(self, name: str, holder: str) -> Reservation:
        """Keep the name for `holder`, unless another one has it."""
        mine = or_(not_(self._is_held), _TABLE.c.holder == holder)
        row = await self._upsert(name, holder, None, mine, is_call=False)
        return Reservation(is_ours=row is not None, newest_token=row or 0)

    async def confirm(self, name: str, holder: str, token: int, *, is_call: bool) -> bool:
        """Turn the reservation into a lease."""
        mine = (_TABLE.c.holder == holder) & (_TABLE.c.token <= token)
        return await self._upsert(name, holder, token, mine, is_call=is_call) is not None

    async def refresh(self, name: str, holder: str, token: int, *, is_call: bool) -> bool:
        """Live on."""
        return await self.confirm(name, holder, token, is_call=is_call)

    async def release(self, name: str, holder: str, token: int, *, is_over: bool) -> None:
        """Give it back."""
        mine = (_TABLE.c.name == name) & (_TABLE.c.holder == holder) & (_TABLE.c.token == token)
        # The row stays with its token: a stale holder who wakes up later must not find it free.
        values: dict[str, Any] = {"expires_at": self._now} | ({"is_call": False} if is_over else {})
        await self._change(update(_TABLE).where(mine).values(values))

    async def break_off(self, name: str, holder: str) -> bool:
        """End the lease of a holder who is known to be dead."""
        its = (_TABLE.c.name == name) & (_TABLE.c.holder == holder) & self._is_held
        return await self._change(update(_TABLE).where(its).values(expires_at=self._now)) > 0

    async def forget(self, name: str) -> None:
        """The call is no longer to be looked after."""
        await self._change(update(_TABLE).where(_TABLE.c.name == name).values(is_call=False))

    async def holder(self, name: str) -> str | None:
        """Who has it now."""

        async def work() -> str | None:
            async with self._engine.connect() as connection:
                query = select(_TABLE.c.holder).where((_TABLE.c.name == name) & self._is_held)
                return await connection.scalar(query)

        return await guarded(self._engine, work(), LEASE_TIMEOUT_S)

    async def survey(self) -> Survey:
        """All running calls."""

        async def work() -> tuple[RunningCall, ...]:
            async with self._engine.connect() as connection:
                query = select(_TABLE, self._is_held.label("is_held"))
                rows = await connection.execute(query.where(_TABLE.c.is_call))
                return tuple(
                    RunningCall(
                        call_id=row.name,
                        holder=row.holder,
                        token=row.token,
                        is_held=bool(row.is_held),
                    )
                    for row in rows
                )

        calls = await guarded(self._engine, work(), LEASE_TIMEOUT_S)
        return Survey(incarnation="sql", calls=calls)

    async def aclose(self) -> None:
        """The engine is the store's."""

    @property
    def _is_held(self) -> ColumnElement[bool]:
        """A lease further ahead than any can be was written before the clock was set back."""
        until = _TABLE.c.expires_at
        return and_(until > self._now, until <= self._now + 2 * self.timing.ttl_s)

    async def _upsert(
        self,
        name: str,
        holder: str,
        token: int | None,
        mine: ColumnElement[bool],
        *,
        is_call: bool,
    ) -> int | None:
        """The row's token if the row is ours now, else None. `token` None: leave it as it is."""
        until = self._now + self.timing.ttl_s
        kind = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        insert = kind.insert(_TABLE).values(
            name=name, holder=holder, token=token or 0, is_call=is_call, expires_at=until
        )
        change: dict[str, Any] = {"holder": holder, "expires_at": until}
        if token is not None:
            change |= {"token": token, "is_call": is_call}
        statement = insert.on_conflict_do_update(
            index_elements=[_TABLE.c.name], set_=change, where=mine
        ).returning(_TABLE.c.token)

        async def work() -> int | None:
            async with self._writing_engine.begin() as connection:
                return (await connection.execute(statement)).scalar()

        return await guarded(self._engine, work(), LEASE_TIMEOUT_S)

    async def _change(self, statement: Any) -> int:
        async def work() -> int:
            async with self._writing_engine.begin() as connection:
                return int((await connection.execute(statement)).rowcount)

        return await guarded(self._engine, work(), LEASE_TIMEOUT_S)
