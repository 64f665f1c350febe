"""The store: every write is one transaction of one call; every wait has an end.

A write locks the call's row first. Writers of the same call therefore stand in line, and there a
writer that carries a fencing token is asked whether it still owns the call.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import aiosqlite
from loguru import logger
from sqlalchemy import ColumnElement, Select, delete, select, text, tuple_
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bot.config import Settings
from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord
from bot.storage import mapping, schema
from bot.storage.engine import TRANSACTION_TIMEOUT_S, WRITES, bounded, guarded, make_engine
from bot.storage.errors import (
    StorageError,
    StorageUnavailableError,
    UnknownIdError,
    place,
)
from bot.storage.fencing import check_fence
from bot.storage.live_models import LeadRevision, SessionRow
from bot.storage.lookup import the_one
from bot.storage.models import Call, Lead, LeadField, Turn, TurnTiming
from bot.storage.upsert import upsert

T = TypeVar("T")

_PAGE = 200


class Store:
    """Calls, turns and leads in SQLite or Postgres. Open it with `Store.open`.

    Every method raises `StorageUnavailableError` when the database is away or too slow (trying
    again may help) and `StorageError` when it refuses (trying again is vain).
    """

    def __init__(self, *, engine: AsyncEngine, timeout_s: float = TRANSACTION_TIMEOUT_S) -> None:
        self._engine = engine
        self._writing_engine = engine.execution_options(**WRITES)
        self._timeout_s = timeout_s
        self._is_prepared = True

    @classmethod
    async def open(
        cls, settings: Settings, *, writable: bool = True, patience_s: float | None = None
    ) -> Store:
        """Open the settings' database; an empty or older one is migrated first.

        Args:
            settings: where it is.
            writable: find out now, not in the middle of a call, whether it can be written.
            patience_s: a call must begin though the database is away: after that long it is
                opened with its first use. None: it must answer now.

        Raises:
            StorageError: one line that says what is wrong and what to do.
        """
        store = cls(engine=make_engine(settings))
        try:
            await store._prepare(writable=writable, timeout_s=patience_s)
        except StorageUnavailableError as error:
            if patience_s is None:
                await store.close()
                raise
            logger.warning("The call begins without the database: {}", error)
        except BaseException:
            await store.close()
            raise
        return store

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, settings: Settings, *, writable: bool = True, patience_s: float | None = None
    ) -> AsyncIterator[Store]:
        """`open` and `close` in one `async with`."""
        store = await cls.open(settings, writable=writable, patience_s=patience_s)
        try:
            yield store
        finally:
            await store.close()

    @property
    def engine(self) -> AsyncEngine:
        """For what lives in the same database: fences, leases, sessions."""
        return self._engine

    async def close(self) -> None:
        """Close all connections; a database that hangs does not keep us."""
        try:
            await bounded(self._engine.dispose(), self._timeout_s)
        except (TimeoutError, SQLAlchemyError, OSError):
            self._engine.sync_engine.dispose(close=False)

    # Writing

    # `token`: the lease's fencing token, from then on the oldest that may write to the call; a
    # writer without one (a chat, an import) is not asked. All three raise `StaleTokenError`.

    async def start_call(
        self, call: CallRecord, lead: LeadRecord, *, token: int | None = None
    ) -> None:
        """Write a call's beginning (or its resumption) and its lead. Repeating it is harmless."""

        async def work(session: AsyncSession) -> None:
            await self._save_call(session, call, lead, token)

        await self._write(work)

    async def save_turn(
        self,
        call_id: str,
        turn: TurnRecord,
        lead: LeadRecord | None = None,
        latency: TurnLatency | None = None,
        *,
        token: int | None = None,
    ) -> None:
        """Write a turn, or write it again, with the lead as it is after it and its latency.

        The lead's revision counts up only if its content changed. A call that was erased in the
        meantime stays erased: nothing is written.

        Raises:
            UnknownIdError: if the call was never started.
        """

        async def work(session: AsyncSession) -> None:
            call = await session.get(Call, call_id, with_for_update=True)
            if call is None:
                raise UnknownIdError(f"no call {call_id}: a turn needs its call to be started")
            if token is not None:
                await check_fence(session, call_id, token)
            if call.erased_at is not None:
                return
            await upsert(session, Turn, [mapping.turn_values(call_id, turn)])
            if latency is not None:
                await upsert(session, TurnTiming, [mapping.timing_values(call_id, latency)])
            if lead is not None:
                await self._save_lead(session, lead)

        await self._write(work)

    async def finish_call(
        self, call: CallRecord, lead: LeadRecord, *, token: int | None = None
    ) -> None:
        """Write a call's end: the call, all turns and latencies that it carries, and its lead."""

        async def work(session: AsyncSession) -> None:
            await self._save_call(session, call, lead, token)

        await self._write(work)

    async def erase_lead(self, lead_id: str) -> str:
        """Remove the personal data of a lead and of its call for good; returns the lead's id.

        What stays says when there was a call, how long it took, what it cost and how it was
        scored: nothing about a person. Backups, and the dead rows of Postgres until its next
        VACUUM, are the operator's to deal with.

        Raises:
            UnknownIdError, AmbiguousIdError, ErasedError: by its id, or a unique prefix of it.
        """

        async def work(session: AsyncSession) -> str:
            lead = await the_one(session, Lead, Lead.lead_id, lead_id, "lead")
            await self._erase(session, lead.call_id)
            return lead.lead_id

        return await self._erased(work)

    async def erase_call(self, call_id: str) -> str:
        """Remove the personal data of a call and of its lead for good; returns the call's id.

        Raises:
            UnknownIdError, AmbiguousIdError, ErasedError: by its id, or a unique prefix of it.
        """

        async def work(session: AsyncSession) -> str:
            call = await the_one(session, Call, Call.call_id, call_id, "call")
            await self._erase(session, call.call_id)
            return call.call_id

        return await self._erased(work)

    # Reading

    async def calls(self, limit: int = 50, since: datetime | None = None) -> list[CallRecord]:
        """Calls without their turns, newest first; the erased ones are left out."""

        async def work(session: AsyncSession) -> list[CallRecord]:
            query = select(Call).where(Call.erased_at.is_(None))
            if since is not None:
                query = query.where(Call.started_at >= since)
            query = query.order_by(Call.started_at.desc(), Call.call_id.desc()).limit(limit)
            rows = (await session.scalars(query)).all()
            timings = await _timings_of(session, [r.call_id for r in rows if r.ended_at is None])
            return [mapping.call_record(row, [], timings.get(row.call_id)) for row in rows]

        return await self._read(work)

    async def call(self, call_id: str) -> CallRecord:
        """A call with its turns, by its id or a unique prefix of it.

        Raises:
            UnknownIdError, AmbiguousIdError, ErasedError: if it is not that clear.
        """

        async def work(session: AsyncSession) -> CallRecord:
            row = await the_one(session, Call, Call.call_id, call_id, "call")
            turns = select(Turn).where(Turn.call_id == row.call_id).order_by(Turn.n)
            timings = await _timings_of(session, [row.call_id])
            return mapping.call_record(
                row, list(await session.scalars(turns)), timings.get(row.call_id)
            )

        return await self._read(work)

    async def leads(
        self,
        limit: int = 50,
        since: datetime | None = None,
        before: tuple[datetime, str] | None = None,
    ) -> list[LeadRecord]:
        """Leads, newest first; the erased ones are left out.

        `before`: only those behind the lead with this `created_at` and `lead_id`.
        """

        async def work(session: AsyncSession) -> list[LeadRecord]:
            query = _newest_leads(since)
            if before is not None:
                query = query.where(tuple_(Lead.created_at, Lead.lead_id) < before)
            rows = await session.scalars(query.limit(limit))
            return [mapping.lead_record(row) for row in rows]

        return await self._read(work)

    async def all_leads(self, since: datetime | None = None) -> AsyncIterator[LeadRecord]:
        """All leads, newest first, a page at a time: no transaction is open while one reads."""
        query = _newest_leads(since).limit(_PAGE)
        after: ColumnElement[bool] | None = None
        while True:

            async def work(
                session: AsyncSession, after: ColumnElement[bool] | None = after
            ) -> list[LeadRecord]:
                page = query if after is None else query.where(after)
                return [mapping.lead_record(row) for row in await session.scalars(page)]

            leads = await self._read(work)
            for lead in leads:
                yield lead
            if len(leads) < _PAGE:
                return
            last = leads[-1]
            after = tuple_(Lead.created_at, Lead.lead_id) < (last.created_at, last.lead_id)

    async def field_shapes(self, since: datetime | None = None) -> dict[str, list[str]]:
        """Every field of the leads, in the playbook's order, with the keys of structured values.

        For example ``{"email": [], "budget": ["min", "max", "currency", "period"]}``.
        """
        shapes: dict[str, dict[str, None]] = {}
        async for lead in self.all_leads(since):
            for name, state in lead.fields.items():
                keys = shapes.setdefault(name, {})
                if isinstance(value := state.get("value"), dict):
                    keys.update(dict.fromkeys(value))
        return {name: list(keys) for name, keys in shapes.items()}

    async def lead(self, lead_id: str) -> LeadRecord:
        """A lead, by its id or a unique prefix of it.

        Raises:
            UnknownIdError, AmbiguousIdError, ErasedError: if it is not that clear.
        """

        async def work(session: AsyncSession) -> LeadRecord:
            return mapping.lead_record(await the_one(session, Lead, Lead.lead_id, lead_id, "lead"))

        return await self._read(work)

    # Inside a transaction

    async def _save_call(
        self, session: AsyncSession, call: CallRecord, lead: LeadRecord, token: int | None
    ) -> None:
        row = await session.get(Call, call.call_id, with_for_update=True)
        if token is not None:
            await check_fence(session, call.call_id, token)
        if row is not None and row.erased_at is not None:
            return
        if row is None:
            row = Call(call_id=call.call_id)
            session.add(row)
        mapping.write_call(row, call)
        await session.flush()
        turns = [mapping.turn_values(call.call_id, turn) for turn in call.turns]
        await upsert(session, Turn, turns)
        timings = [mapping.timing_values(call.call_id, timing) for timing in call.latency.turns]
        await upsert(session, TurnTiming, timings)
        await self._save_lead(session, lead)

    async def _save_lead(self, session: AsyncSession, lead: LeadRecord) -> None:
        row = await session.get(Lead, lead.lead_id)
        is_new = row is None
        if row is None:
            row = Lead(lead_id=lead.lead_id)
            session.add(row)
        if not mapping.write_lead(row, lead, is_new=is_new):
            return
        await session.flush()
        if not is_new:
            await session.execute(delete(LeadField).where(LeadField.lead_id == row.lead_id))
        session.add_all(mapping.field_rows(row))
        await upsert(session, LeadRevision, [mapping.revision_values(row)])

    async def _erase(self, session: AsyncSession, call_id: str) -> None:
        now = datetime.now(UTC)
        call = await session.get_one(Call, call_id, with_for_update=True)
        mapping.wipe_call(call, now)
        await session.execute(delete(Turn).where(Turn.call_id == call_id))
        for lead in await session.scalars(select(Lead).where(Lead.call_id == call_id)):
            mapping.wipe_lead(lead, now)
            for table in (LeadField, LeadRevision):
                await session.execute(delete(table).where(table.lead_id == lead.lead_id))
        await session.execute(delete(SessionRow).where(SessionRow.call_id == call_id))

    async def _erased(self, work: Callable[[AsyncSession], Awaitable[str]]) -> str:
        erased = await self._write(work)
        if self._engine.dialect.name == "sqlite":
            await self._bounded(self._empty_the_wal(), self._timeout_s)
        return erased

    async def _empty_the_wal(self) -> None:
        """Old pages live on in the write-ahead log until it is emptied."""
        async with self._engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = cast(aiosqlite.Connection, raw.driver_connection)
            async with driver.execute("PRAGMA wal_checkpoint(TRUNCATE)") as cursor:
                row = await cursor.fetchone()
        if row is not None and row[0]:
            logger.warning(
                "What was erased stays in the database's -wal file until the process that reads "
                "it now is done"
            )

    # Around a transaction

    async def _prepare(self, *, writable: bool, timeout_s: float | None = None) -> None:
        self._is_prepared = False
        timeout_s = timeout_s or self._timeout_s
        revision = await self._bounded(schema.current_revision(self._engine), timeout_s)
        if revision != schema.HEAD_REVISION:
            await self._bounded(schema.upgrade(self._engine), schema.UPGRADE_TIMEOUT_S)
        if writable:
            await self._bounded(self._try_to_write(), timeout_s)
        self._is_prepared = True

    async def _try_to_write(self) -> None:
        async with self._writing_engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                # Writes a page, so that a full disk or a read-only file shows now.
                await connection.execute(text("PRAGMA user_version = 1"))
            elif await connection.scalar(text("SHOW transaction_read_only")) == "on":
                raise StorageError(
                    f"{place(self._engine.url)} is read-only (a standby?); point DATABASE_URL to "
                    "the primary"
                )

    async def _write(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        return await self._transaction(self._writing_engine, work)

    async def _read(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        return await self._transaction(self._engine, work)

    async def _transaction(
        self, engine: AsyncEngine, work: Callable[[AsyncSession], Awaitable[T]]
    ) -> T:
        if not self._is_prepared:
            await self._prepare(writable=False)

        async def transaction() -> T:
            async with AsyncSession(engine, expire_on_commit=False) as session, session.begin():
                return await work(session)

        return await self._bounded(transaction(), self._timeout_s)

    async def _bounded(self, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
        return await guarded(self._engine, work, timeout_s)


async def _timings_of(session: AsyncSession, call_ids: list[str]) -> dict[str, list[TurnTiming]]:
    if not call_ids:
        return {}
    query = select(TurnTiming).where(TurnTiming.call_id.in_(call_ids)).order_by(TurnTiming.n)
    found: dict[str, list[TurnTiming]] = {}
    for row in await session.scalars(query):
        found.setdefault(row.call_id, []).append(row)
    return found


def _newest_leads(since: datetime | None) -> Select[Lead]:
    query = select(Lead).where(Lead.erased_at.is_(None))
    if since is not None:
        query = query.where(Lead.created_at >= since)
    return query.order_by(Lead.created_at.desc(), Lead.lead_id.desc())
