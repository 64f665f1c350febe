"""Insert rows, or overwrite those with the same key: one statement, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.storage.models import Base


async def upsert(session: AsyncSession, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    """Write `rows` (all columns of `model`) by their primary key."""
    if not rows:
        return
    table = cast(Table, model.__table__)
    on_postgres = session.get_bind().dialect.name == "postgresql"
    insert = postgresql.insert(table) if on_postgres else sqlite.insert(table)
    statement = insert.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={c.name: insert.excluded[c.name] for c in table.columns if not c.primary_key},
    )
    await session.execute(statement, rows)
