"""The store: every write is one transaction of one call; every wait has an end.

A write locks the call's row first. Writers of the same call therefore stand in line, and there a
writer that carries a fencing token is asked whether it still owns the call.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import aiosqlite
from loguru import logger
from sqlalchemy import ColumnElement, Select, delete, select, text, tuple_
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from bot.config import Settings
from bot.errors import UsageError
from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord
from bot.storage import consents, mapping, outbox, schema
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
from bot.storage.models import Call, ConsentEntry, Lead, LeadField, Turn, TurnTiming
from bot.storage.salvage import Remains, Salvage, merged
from bot.storage.upsert import upsert

T = TypeVar("T")

_PAGE = 200


class Store:
    """Calls, turns and leads in SQLite or Postgres. Open it with `Store.open`.

    Every method raises `StorageUnavailableError` when the database is away or too slow (trying
    again may help) and `StorageError` when it refuses (trying again is vain).
    """

    def __init__(
        self,
        *,
        engine: AsyncEngine,
        timeout_s: float = TRANSACTION_TIMEOUT_S,
        subjects: consents.Subjects | None = None,
        deliver_to: Sequence[str] = (),
    ) -> None:
        """Make a store; `open` is the usual way.

        Args:
            engine: of the database.
            timeout_s: of one transaction.
            subjects: hashes whom a consent is from; by default with a key that nobody keeps.
            deliver_to: the targets that get every lead of a call that is over.
        """
        self._engine = engine
        self._subjects = subjects or consents.Subjects(key=lambda: secrets.token_bytes(32))
        self._deliver_to = tuple(deliver_to)
        self._routes: dict[str, tuple[str, ...] | None] = {}
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
        store = cls(
            engine=make_engine(settings),
            subjects=consents.Subjects.of(settings),
            deliver_to=settings.delivery_targets,
        )
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
                await self._save_lead(session, lead, call)

        await self._write(work)

    async def finish_call(
        self, call: CallRecord, lead: LeadRecord, *, token: int | None = None
    ) -> None:
        """Write a call's end: the call, all turns and latencies that it carries, and its lead."""

        async def work(session: AsyncSession) -> None:
            await self._save_call(session, call, lead, token)

        await self._write(work)

    async def salvage(self, remains: Remains) -> Salvage:
        """Save what only a journal knows whose bot has lost the call since."""

        async def work(session: AsyncSession) -> Salvage:
            return await self._salvage(session, remains)

        return await self._write(work)

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

    async def consents(self, lead_id: str) -> list[ConsentEntry]:
        """The consent ledger's entries of a lead, oldest first; also of an erased one.

        `lead_id` is the whole id: an erased lead is found by nothing else.
        """

        async def work(session: AsyncSession) -> list[ConsentEntry]:
            return list(await consents.of_lead(session, lead_id))

        return await self._read(work)

    async def contact_forbidden(
        self, *, email: str | None = None, phone: str | None = None
    ) -> bool:
        """Whether the owner of the address or of the number (E.164) has said not to be contacted.

        The newest word counts, of whichever call; a lead that was erased counts as well.
        """

        async def work(session: AsyncSession) -> bool:
            return await consents.forbids_contact(session, self._subjects, email=email, phone=phone)

        return await self._read(work)

    def route(self, playbook: str, targets: Sequence[str] | None) -> None:
        """A playbook's leads go to these targets only (None: to all); kept with its next call.

        Raises:
            UsageError: the settings have no target of that name.
        """
        for name in targets or ():
            if name not in self._deliver_to:
                there = ", ".join(self._deliver_to) or "none is set"
                raise UsageError(
                    f"deliver_to: the playbook {playbook} names the target {name!r}, but the "
                    f"settings have no such one ({there}); see docs/delivery.md"
                )
        self._routes[playbook] = tuple(targets) if targets is not None else None

    # For what lives in the same database beside the calls

    async def read(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run `work` in one transaction that only reads."""
        return await self._read(work)

    async def write(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """Run `work` in one transaction that writes."""
        return await self._write(work)

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
        if call.playbook in self._routes:
            await outbox.route(session, call.playbook, self._routes[call.playbook])
        turns = [mapping.turn_values(call.call_id, turn) for turn in call.turns]
        await upsert(session, Turn, turns)
        timings = [mapping.timing_values(call.call_id, timing) for timing in call.latency.turns]
        await upsert(session, TurnTiming, timings)
        await self._save_lead(session, lead, row)

    async def _save_lead(self, session: AsyncSession, lead: LeadRecord, call: Call) -> None:
        await consents.write(session, lead, self._subjects)
        row = await self._changed_lead(session, lead)
        if call.ended_at is not None and row.erased_at is None:
            await outbox.enqueue(
                session,
                lead_id=row.lead_id,
                revision=row.revision,
                targets=await outbox.chosen(session, row.playbook, self._deliver_to),
                now=datetime.now(UTC),
            )

    async def _changed_lead(self, session: AsyncSession, lead: LeadRecord) -> Lead:
        row = await session.get(Lead, lead.lead_id)
        is_new = row is None
        if row is None:
            row = Lead(lead_id=lead.lead_id)
            session.add(row)
        if not mapping.write_lead(row, lead, is_new=is_new):
            return row
        await session.flush()
        if not is_new:
            await session.execute(delete(LeadField).where(LeadField.lead_id == row.lead_id))
        session.add_all(mapping.field_rows(row))
        await upsert(session, LeadRevision, [mapping.revision_values(row)])
        return row

    async def _salvage(self, session: AsyncSession, remains: Remains) -> Salvage:
        row = await session.get(Call, remains.call_id, with_for_update=True)
        if row is not None and row.erased_at is not None:
            return Salvage.NOTHING_NEW
        call, lead = remains.call, remains.lead
        if call is not None and lead is not None:
            is_last_bots = row is None or row.resumed <= call.resumed
            if is_last_bots and (row is None or remains.has_ended) and _is_same(row, call):
                # Nobody has talked to the caller since: the call was only declared over.
                await self._save_call(session, call, lead, None)
                await upsert(session, Turn, _turn_rows(remains))
                return Salvage.SAVED
        if row is None:
            return Salvage.NOTHING_NEW
        if row.ended_at is None and remains.is_worth_waiting(row.started_at):
            return Salvage.LATER
        # No turns: the other bot has numbered its own, and what was said is in the lead's evidence.
        if lead is not None and await self._salvage_lead(session, lead, row):
            return Salvage.SAVED
        return Salvage.NOTHING_NEW

    async def _salvage_lead(self, session: AsyncSession, lead: LeadRecord, call: Call) -> bool:
        known = await consents.known(session, call.call_id)
        missing = [each for each in lead.consents if (each.turn, each.matter) not in known]
        row = await session.get(Lead, lead.lead_id)
        # A bot that began anew has made a lead of its own: ours is another one then.
        best = lead if row is None else merged(lead, mapping.lead_record(row))
        if best is None:
            await consents.write(
                session, lead.model_copy(update={"consents": missing}), self._subjects
            )
            return bool(missing)
        await self._save_lead(session, best.model_copy(update={"consents": missing}), call)
        return True

    async def _erase(self, session: AsyncSession, call_id: str) -> None:
        now = datetime.now(UTC)
        call = await session.get_one(Call, call_id, with_for_update=True)
        mapping.wipe_call(call, now)
        await consents.keep_the_minimum(session, call_id, now)
        await session.execute(delete(Turn).where(Turn.call_id == call_id))
        for lead in await session.scalars(select(Lead).where(Lead.call_id == call_id)):
            mapping.wipe_lead(lead, now)
            for table in (LeadField, LeadRevision):
                await session.execute(delete(table).where(table.lead_id == lead.lead_id))
            await outbox.forget(session, lead.lead_id)
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


def _is_same(row: Call | None, call: CallRecord) -> bool:
    return row is None or row.lead_id == call.lead_id


def _turn_rows(remains: Remains) -> list[dict[str, Any]]:
    return [mapping.turn_values(remains.call_id, turn) for turn in remains.turns.values()]


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
