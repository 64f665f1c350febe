"""The outbox: a row for each revision of a lead and each target, written with the lead itself.

A row holds nothing about a person. What is delivered is read from the lead when it is sent, so
that an erased lead can reach nobody any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import ForeignKey, Index, String, Table, and_, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.models import Base, Lead

PENDING = "pending"
DELIVERED = "delivered"
SUPERSEDED = "superseded"
DEAD = "dead"
STATES = (PENDING, DELIVERED, SUPERSEDED, DEAD)


class Delivery(Base):
    """One revision of a lead for one target.

    `leased_until` and `leased_by`: who is delivering it now. `attempts` counts them as they begin,
    so that one which kills its process counts, too. An operator's retry forgives those before it,
    and lets the age count from then.
    """

    __tablename__ = "deliveries"

    delivery_id: Mapped[str] = mapped_column(String, primary_key=True)
    lead_id: Mapped[str] = mapped_column(ForeignKey(Lead.lead_id))
    target: Mapped[str] = mapped_column(String)
    revision: Mapped[int]
    state: Mapped[str] = mapped_column(String)
    attempts: Mapped[int]
    forgiven: Mapped[int]
    created_at: Mapped[datetime]
    counted_from: Mapped[datetime]
    next_attempt_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[str | None] = mapped_column(String)
    finished_at: Mapped[datetime | None]
    detail: Mapped[str]

    __table_args__ = (
        Index(None, "lead_id", "target", "revision", unique=True),
        Index(None, "state", "next_attempt_at"),
    )


class DeliveryRoute(Base):
    """Which targets a playbook has chosen; without a row its leads go to all.

    Here, and not in the settings, since whoever delivers may never have seen the playbook.
    """

    __tablename__ = "delivery_routes"

    playbook: Mapped[str] = mapped_column(String, primary_key=True)
    targets: Mapped[list[Any]]


def delivery_id_of(lead_id: str, revision: int, target: str) -> str:
    """The delivery's id, which receivers know it by: the same wherever and whenever it is made."""
    return uuid5(NAMESPACE_URL, f"leadline:delivery:{target}:{lead_id}:{revision}").hex


async def route(session: AsyncSession, playbook: str, targets: Sequence[str] | None) -> None:
    """Keep the playbook's choice; None is all."""
    row = await session.get(DeliveryRoute, playbook)
    if targets is None:
        if row is not None:
            await session.delete(row)
    elif row is None or row.targets != list(targets):
        await session.merge(DeliveryRoute(playbook=playbook, targets=list(targets)))


async def chosen(session: AsyncSession, playbook: str, targets: Sequence[str]) -> tuple[str, ...]:
    """Those of the targets that the playbook's leads go to."""
    row = await session.get(DeliveryRoute, playbook)
    return tuple(name for name in targets if row is None or name in row.targets)


async def enqueue(
    session: AsyncSession, *, lead_id: str, revision: int, targets: Sequence[str], now: datetime
) -> None:
    """Put a revision into the outbox; one that is there already stays as it is.

    Earlier revisions that nobody has got, and that nobody is sending now, are superseded.
    """
    if not targets:
        return
    on_postgres = session.get_bind().dialect.name == "postgresql"
    table = cast(Table, Delivery.__table__)
    insert = postgresql.insert(table) if on_postgres else sqlite.insert(table)
    rows = [
        {
            "delivery_id": delivery_id_of(lead_id, revision, target),
            "lead_id": lead_id,
            "target": target,
            "revision": revision,
            "state": PENDING,
            "attempts": 0,
            "forgiven": 0,
            "created_at": now,
            "counted_from": now,
            "next_attempt_at": now,
            "leased_until": None,
            "leased_by": None,
            "finished_at": None,
            "detail": "",
        }
        for target in targets
    ]
    await session.execute(
        update(Delivery)
        .where(
            Delivery.lead_id == lead_id,
            Delivery.target.in_(targets),
            Delivery.revision < revision,
            or_(
                Delivery.state == DEAD,
                and_(
                    Delivery.state == PENDING,
                    or_(Delivery.leased_until.is_(None), Delivery.leased_until < now),
                ),
            ),
        )
        .values(state=SUPERSEDED, finished_at=now, leased_until=None, leased_by=None)
        .execution_options(synchronize_session=False)
    )
    await session.execute(insert.on_conflict_do_nothing(), rows)


async def forget(session: AsyncSession, lead_id: str) -> None:
    """The lead is erased: nothing more of it goes out. Who got it before stays on record."""
    await session.execute(
        delete(Delivery).where(Delivery.lead_id == lead_id, Delivery.state != DELIVERED)
    )


async def newest_revision(session: AsyncSession, lead_id: str, target: str) -> int:
    """The newest revision of the lead that is in the outbox for that target; 0 if none is."""
    query = (
        select(Delivery.revision)
        .where(Delivery.lead_id == lead_id, Delivery.target == target)
        .order_by(Delivery.revision.desc())
        .limit(1)
    )
    return await session.scalar(query) or 0
