"""What deliverers and operators ask of the outbox: claim, settle, list, retry.

A claim is a lease on a row. Any number of deliverers may ask at once, in any number of processes,
and each row is given to one of them: in Postgres by `FOR UPDATE SKIP LOCKED`, in SQLite because
its writers stand in line.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.delivery.target import Parcel
from bot.records import Record
from bot.storage import outbox as table
from bot.storage.errors import AmbiguousIdError, StorageError, UnknownIdError
from bot.storage.mapping import lead_record, storable
from bot.storage.models import Call, Lead
from bot.storage.outbox import DEAD, DELIVERED, PENDING, SUPERSEDED, Delivery
from bot.storage.store import Store

MISSED_AT_ONCE = 100
LONGEST_WAIT_S = 96_000.0
"""More than the greatest LEADLINE_DELIVERY_RETRY_LONGEST_S with its jitter."""
LONGEST_LEASE = timedelta(seconds=1800)
"""More than any target's time-out and the margin of its lease."""
_SHOWN = 3

Clock = Callable[[], datetime]


class DeliveryRecord(Record):
    """One row of the outbox, as `leadline deliveries list --json` prints it."""

    delivery_id: str
    lead_id: str
    revision: int
    target: str
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    finished_at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A parcel that is ours to deliver until the lease ends."""

    parcel: Parcel
    target: str
    holder: str = field(repr=False)
    attempts: int
    """This one included, without those that an operator has forgiven."""
    since: datetime
    """When the first of them was possible."""


class NotRetriableError(StorageError):
    """The delivery is not dead, or a later revision has taken its place."""


class Outbox:
    """The outbox in a store. Every method raises what the store's do."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock = lambda: datetime.now(UTC),
        longest_wait_s: float = LONGEST_WAIT_S,
    ) -> None:
        """`longest_wait_s`: more than there is between two attempts."""
        self._store = store
        self._clock = clock
        self._longest_wait = timedelta(seconds=longest_wait_s)

    # For deliverers

    async def has_work(self, targets: Sequence[str]) -> set[str]:
        """Those of the targets for which something can be claimed now. Only reads."""
        now = self._clock()

        async def work(session: AsyncSession) -> set[str]:
            query = select(Delivery.target).where(
                Delivery.target.in_(targets), self._is_due(now), _is_free(now)
            )
            return set(await session.scalars(query.distinct()))

        return await self._store.read(work)

    async def claim(self, target: str, *, at_most: int, lease_s: float) -> list[Claim]:
        """Take up to `at_most` parcels for `target`, the ones that have waited longest first.

        A row that a later revision has overtaken is settled as superseded on the way, and one
        whose lead has moved on without a row gives its place to a row of the newer revision.
        """
        now = self._clock()
        holder = uuid4().hex

        async def work(session: AsyncSession) -> list[Claim]:
            sibling = aliased(Delivery)
            being_sent = exists().where(
                sibling.lead_id == Delivery.lead_id,
                sibling.target == Delivery.target,
                sibling.delivery_id != Delivery.delivery_id,
                sibling.state == PENDING,
                sibling.leased_until.between(now, now + LONGEST_LEASE),
            )
            query = (
                select(Delivery)
                .where(Delivery.target == target, self._is_due(now), _is_free(now), ~being_sent)
                .order_by(Delivery.next_attempt_at, Delivery.delivery_id)
                .limit(at_most)
                .with_for_update(skip_locked=True)
            )
            claims: list[Claim] = []
            for row in list(await session.scalars(query)):
                claim = await self._lease(session, row, now, holder, lease_s)
                if claim is not None:
                    claims.append(claim)
            return claims

        return await self._store.write(work)

    async def delivered(self, claim: Claim, detail: str) -> None:
        """The target has it. True even if our lease has ended meanwhile."""
        now = self._clock()
        await self._settle(claim, {"state": DELIVERED, "finished_at": now, "detail": detail})

    async def retry_later(self, claim: Claim, detail: str, *, wait_s: float) -> None:
        """It failed; if no later revision is there, it is tried again after `wait_s`."""
        when = self._clock() + timedelta(seconds=wait_s)
        await self._settle_failure(claim, {"next_attempt_at": when, "detail": detail})

    async def dead(self, claim: Claim, detail: str) -> None:
        """It failed for good."""
        now = self._clock()
        await self._settle_failure(claim, {"state": DEAD, "finished_at": now, "detail": detail})

    async def enqueue_missed(
        self, targets: Sequence[str], *, quiet_s: float, ended_within_s: float, max_age_s: float
    ) -> int:
        """Find leads that nobody has put into the outbox, and put them in; returns how many.

        Such are: the lead of a call that never came to its end (its process was killed and nobody
        took it over), once nothing has changed for `quiet_s`; and the lead of a call that has
        ended within `ended_within_s`, written by a process that knew of no target.
        """
        now = self._clock()
        ago = {
            name: now - timedelta(seconds=seconds)
            for name, seconds in (
                ("quiet", quiet_s),
                ("ended", ended_within_s),
                ("age", max_age_s),
            )
        }

        async def missed(session: AsyncSession) -> list[tuple[str, int, tuple[str, ...]]]:
            query = (
                select(Lead.lead_id, Lead.revision, Lead.playbook)
                .join(Call, Call.call_id == Lead.call_id)
                .where(
                    Lead.erased_at.is_(None),
                    ~exists().where(Delivery.lead_id == Lead.lead_id),
                    or_(
                        Call.ended_at >= ago["ended"],
                        and_(
                            Call.ended_at.is_(None),
                            Lead.updated_at < ago["quiet"],
                            Lead.updated_at >= ago["age"],
                        ),
                    ),
                )
                .limit(MISSED_AT_ONCE)
            )
            return [
                (lead_id, revision, names)
                for lead_id, revision, playbook in await session.execute(query)
                if (names := await table.chosen(session, playbook, targets))
            ]

        found = await self._store.read(missed)

        async def enqueue(session: AsyncSession) -> None:
            for lead_id, revision, names in found:
                await table.enqueue(
                    session, lead_id=lead_id, revision=revision, targets=names, now=now
                )

        if found:
            await self._store.write(enqueue)
        return len(found)

    # For operators

    async def deliveries(
        self, *, limit: int = 50, states: Sequence[str] = (), lead_id: str | None = None
    ) -> list[DeliveryRecord]:
        """The rows, newest first."""

        async def work(session: AsyncSession) -> list[DeliveryRecord]:
            query = select(Delivery)
            if states:
                query = query.where(Delivery.state.in_(states))
            if lead_id is not None:
                query = query.where(Delivery.lead_id.startswith(storable(lead_id), autoescape=True))
            query = query.order_by(Delivery.created_at.desc(), Delivery.delivery_id).limit(limit)
            return [_record(row) for row in await session.scalars(query)]

        return await self._store.read(work)

    async def counts(self) -> dict[str, int]:
        """How many deliveries are in each state."""

        async def work(session: AsyncSession) -> dict[str, int]:
            query = select(Delivery.state, func.count()).group_by(Delivery.state)
            found = {row.state: row[1] for row in await session.execute(query)}
            return {state: found.get(state, 0) for state in table.STATES}

        return await self._store.read(work)

    async def retry(self, typed: str) -> DeliveryRecord:
        """Give a dead delivery all its attempts again; a waiting one is due now.

        Raises:
            UnknownIdError, AmbiguousIdError: by its id, or a unique prefix of it.
            NotRetriableError: it was delivered, or a later revision has taken its place.
        """
        now = self._clock()

        async def work(session: AsyncSession) -> DeliveryRecord:
            row = await _by_prefix(session, typed)
            newest = await table.newest_revision(session, row.lead_id, row.target)
            if row.state == SUPERSEDED or newest > row.revision:
                raise NotRetriableError(
                    f"{row.delivery_id} is superseded: revision {newest} of its lead is in the "
                    "outbox, too"
                )
            if row.state == DELIVERED:
                raise NotRetriableError(f"{row.delivery_id} was delivered already")
            _revive(row, now)
            return _record(row)

        return await self._store.write(work)

    async def retry_all_dead(self) -> int:
        """Give all dead deliveries their attempts again; returns how many."""
        now = self._clock()

        async def work(session: AsyncSession) -> int:
            rows = list(
                await session.scalars(
                    select(Delivery).where(Delivery.state == DEAD).with_for_update(skip_locked=True)
                )
            )
            for row in rows:
                _revive(row, now)
            return len(rows)

        return await self._store.write(work)

    # Inside a transaction

    def _is_due(self, now: datetime) -> ColumnElement[bool]:
        """Also what was dated by a clock that has been set back since, or by a machine's ahead."""
        return and_(
            Delivery.state == PENDING,
            or_(
                # Nobody has tried it since it was put there, so there is nothing to wait for.
                Delivery.attempts == Delivery.forgiven,
                Delivery.next_attempt_at <= now,
                Delivery.next_attempt_at > now + self._longest_wait,
            ),
        )

    async def _lease(
        self, session: AsyncSession, row: Delivery, now: datetime, holder: str, lease_s: float
    ) -> Claim | None:
        lead = await session.get(Lead, row.lead_id)
        if lead is None or lead.erased_at is not None:
            await session.delete(row)
            return None
        newest = await table.newest_revision(session, row.lead_id, row.target)
        if max(newest, lead.revision) > row.revision:
            row.state, row.finished_at = SUPERSEDED, now
            row.leased_until = row.leased_by = None
            if newest >= lead.revision:
                return None
            row = await self._row_of_now(session, lead, row.target, now)
        row.leased_until, row.leased_by = now + timedelta(seconds=lease_s), holder
        row.attempts += 1
        return Claim(
            parcel=Parcel(
                delivery_id=row.delivery_id, lead=lead_record(lead), attempt=row.attempts
            ),
            target=row.target,
            holder=holder,
            attempts=row.attempts - row.forgiven,
            since=row.counted_from,
        )

    async def _row_of_now(
        self, session: AsyncSession, lead: Lead, target: str, now: datetime
    ) -> Delivery:
        await session.flush()
        await table.enqueue(
            session, lead_id=lead.lead_id, revision=lead.revision, targets=[target], now=now
        )
        identifier = table.delivery_id_of(lead.lead_id, lead.revision, target)
        return await session.get_one(Delivery, identifier)

    async def _settle(self, claim: Claim, values: dict[str, object]) -> None:
        async def work(session: AsyncSession) -> None:
            await session.execute(
                update(Delivery)
                .where(Delivery.delivery_id == claim.parcel.delivery_id)
                .values(**values, leased_until=None, leased_by=None)
            )

        await self._store.write(work)

    async def _settle_failure(self, claim: Claim, values: dict[str, object]) -> None:
        now = self._clock()

        async def work(session: AsyncSession) -> None:
            row = await session.get(Delivery, claim.parcel.delivery_id, with_for_update=True)
            if row is None or row.state != PENDING or row.leased_by != claim.holder:
                return  # Erased, or another deliverer has it now: its word counts.
            row.leased_until = row.leased_by = None
            if await table.newest_revision(session, row.lead_id, row.target) > row.revision:
                row.state, row.finished_at = SUPERSEDED, now
                return
            for name, value in values.items():
                setattr(row, name, value)

        await self._store.write(work)


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(
        Delivery.leased_until.is_(None),
        Delivery.leased_until < now,
        # Nobody takes a lease that long: the clock was set back.
        Delivery.leased_until > now + LONGEST_LEASE,
    )


def _revive(row: Delivery, now: datetime) -> None:
    row.state, row.next_attempt_at, row.finished_at = PENDING, now, None
    # Otherwise it would be dead again after one attempt.
    row.forgiven, row.counted_from = row.attempts, now


async def _by_prefix(session: AsyncSession, typed: str) -> Delivery:
    typed = storable(typed)
    query = select(Delivery).where(Delivery.delivery_id.startswith(typed, autoescape=True))
    query = query.order_by(Delivery.delivery_id).limit(_SHOWN + 1).with_for_update()
    rows = list(await session.scalars(query)) if typed else []
    if not rows:
        raise UnknownIdError(
            f"no delivery has an id that begins with {typed!r}; `leadline deliveries list` shows "
            "them"
        )
    if len(rows) > 1:
        shown = ", ".join(row.delivery_id for row in rows[:_SHOWN])
        raise AmbiguousIdError(
            f"several deliveries begin with {typed!r} ({shown}): type more of the id"
        )
    return rows[0]


def _record(row: Delivery) -> DeliveryRecord:
    return DeliveryRecord(
        delivery_id=row.delivery_id,
        lead_id=row.lead_id,
        revision=row.revision,
        target=row.target,
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at if row.state == PENDING else None,
        finished_at=row.finished_at,
        detail=row.detail,
    )
