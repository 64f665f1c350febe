"""Sessions in SQL: without Redis, and while it is away. Time is the database's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Table, and_, case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.storage.engine import WRITES, guarded
from bot.storage.lease_table_sql import database_now
from bot.storage.live_models import SessionRow
from bot.storage.models import Call
from bot.storage.session import (
    PROGRESS_TTL_S,
    SESSION_TTL_S,
    Progress,
    Session,
    dump_progress,
    dump_session,
)
from bot.storage.sessions import read

T = TypeVar("T")

SQL_SESSION_TIMEOUT_S = 1.0

_TABLE: Table = SessionRow.__table__  # type: ignore[assignment]


class SqlSessions:
    """Sessions of all processes that share one database."""

    def __init__(self, engine: AsyncEngine, *, timeout_s: float = SQL_SESSION_TIMEOUT_S) -> None:
        self._engine = engine
        self._writing_engine = engine.execution_options(**WRITES)
        self._timeout_s = timeout_s
        self._now: ColumnElement[float] = database_now(engine)

    async def save(self, session: Session) -> bool:
        """Replace the call's session; sessions that are over for long are removed."""
        values = {
            "call_id": session.call_id,
            "room": session.room,
            "token": session.token,
            "n": session.n,
            "document": dump_session(session),
            "expires_at": self._now + SESSION_TTL_S,
        }
        kind = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        insert = kind.insert(_TABLE).values(values)
        new = insert.excluded
        is_newer = or_(
            _TABLE.c.token < new.token,
            and_(_TABLE.c.token == new.token, _TABLE.c.n <= new.n),
        )
        statement = insert.on_conflict_do_update(
            index_elements=[_TABLE.c.call_id],
            set_={name: new[name] for name in values if name != "call_id"},
            where=is_newer,
        ).returning(_TABLE.c.n)

        is_erased = select(Call.erased_at).where(
            Call.call_id == session.call_id, Call.erased_at.is_not(None)
        )

        async def work(connection: AsyncConnection) -> bool:
            await connection.execute(delete(_TABLE).where(_TABLE.c.expires_at < self._now))
            if await connection.scalar(is_erased):
                return True
            return (await connection.execute(statement)).first() is not None

        return await self._write(work)

    async def save_progress(self, progress: Progress) -> None:
        """Replace the words of the turn in progress."""
        statement = (
            update(_TABLE)
            .where(_TABLE.c.call_id == progress.call_id, _TABLE.c.token <= progress.token)
            .values(
                progress=dump_progress(progress), progress_expires_at=self._now + PROGRESS_TTL_S
            )
        )

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(statement)

        await self._write(work)

    async def load(self, call_id: str) -> Session | None:
        """The newest session."""
        return await self._read(_TABLE.c.call_id == call_id)

    async def find(self, room: str) -> Session | None:
        """The newest session of a room."""
        return await self._read(_TABLE.c.room == room)

    async def holds(self, session: Session) -> bool:
        """A database keeps what it has taken."""
        return True

    async def delete(self, call_id: str) -> None:
        """Forget the call."""

        async def work(connection: AsyncConnection) -> None:
            await connection.execute(delete(_TABLE).where(_TABLE.c.call_id == call_id))

        await self._write(work)

    async def erase(self, call_id: str, room: str) -> None:
        """Forget the call; once its row in `calls` says that it is erased, nothing is kept."""
        await self.delete(call_id)

    async def aclose(self) -> None:
        """The engine is the store's."""

    async def _read(self, which: ColumnElement[bool]) -> Session | None:
        progress = case((_TABLE.c.progress_expires_at > self._now, _TABLE.c.progress))
        query = (
            select(_TABLE.c.document, progress.label("progress"))
            .where(which, _TABLE.c.expires_at > self._now)
            .order_by(_TABLE.c.expires_at.desc())
            .limit(1)
        )

        async def work() -> Any:
            async with self._engine.connect() as connection:
                return (await connection.execute(query)).first()

        row = await guarded(self._engine, work(), self._timeout_s)
        return read(row.document, row.progress) if row is not None else None

    async def _write(self, work: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        async def transaction() -> T:
            async with self._writing_engine.begin() as connection:
                return await work(connection)

        return await guarded(self._engine, transaction(), self._timeout_s)
