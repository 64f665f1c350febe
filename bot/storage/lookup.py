"""Find a row by its id, or by the first letters of it, as people type them."""

from __future__ import annotations

from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from bot.storage.errors import AmbiguousIdError, ErasedError, UnknownIdError
from bot.storage.mapping import storable
from bot.storage.models import Call, Lead

Row = TypeVar("Row", Call, Lead)

_SHOWN = 3


async def the_one(
    session: AsyncSession, table: type[Row], key: InstrumentedAttribute[str], typed: str, noun: str
) -> Row:
    """The row with that id, or the only one whose id begins so.

    Args:
        session: of the transaction.
        table: `Call` or `Lead`.
        key: its id's column.
        typed: an id, or its beginning.
        noun: "call" or "lead", for the error.

    Raises:
        UnknownIdError: if there is none.
        AmbiguousIdError: if there are several.
        ErasedError: if its personal data was erased.
    """
    typed = storable(typed)
    row = await session.get(table, typed) or await _by_prefix(session, table, key, typed, noun)
    if row.erased_at is not None:
        raise ErasedError(
            f"the {noun} {getattr(row, key.key)} was erased on {row.erased_at:%Y-%m-%d}"
        )
    return row


async def _by_prefix(
    session: AsyncSession, table: type[Row], key: InstrumentedAttribute[str], typed: str, noun: str
) -> Row:
    query = select(table).where(key.startswith(typed, autoescape=True)).order_by(key)
    rows = list(await session.scalars(query.limit(_SHOWN + 1))) if typed else []
    if not rows:
        raise UnknownIdError(
            f"no {noun} has an id that begins with {typed!r}; `leadline {noun}s list` shows them"
        )
    if len(rows) > 1:
        shown = ", ".join(str(getattr(row, key.key)) for row in rows[:_SHOWN])
        more = ", ..." if len(rows) > _SHOWN else ""
        raise AmbiguousIdError(
            f"several {noun}s begin with {typed!r} ({shown}{more}): type more of the id"
        )
    return rows[0]
