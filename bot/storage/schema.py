"""The schema's revision: an older database is upgraded, a newer one refused before it is read,
unless it says that it only added what this version does not miss (`schema_compat`): then workers
of two versions may write to it while a deployment rolls.

Both happen in one transaction under a lock, so that any number of processes can start at once on
an empty database, and a killed upgrade leaves the old schema.
"""

from __future__ import annotations

import asyncio
import importlib
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.storage.engine import WRITES
from bot.storage.errors import NewerDatabaseError, place

# Kept as a constant so that a start does not import Alembic; a test compares it with the scripts.
HEAD_REVISION = "0005"
# An upgrade may copy tables.
UPGRADE_TIMEOUT_S = 600.0
_LOCATION = Path(__file__).with_name("migrations")
_ADVISORY_LOCK = 0x1EAD11E  # Any number that is ours alone: "leadline".


async def current_revision(engine: AsyncEngine) -> str | None:
    """The database's revision; None if it is empty. It may be a newer one that we can live with.

    Raises:
        NewerDatabaseError: if this version does not know the revision, and must not write to it.
    """
    async with engine.connect() as connection:
        revision = await connection.run_sync(_revision_of)
        if revision is None or revision == HEAD_REVISION or revision in _known():
            return revision
        compatible = await connection.run_sync(_may_be_written_by_us)
    if not compatible:
        raise NewerDatabaseError(
            f"{place(engine.url)} has revision {revision}, but this Leadline knows only up to "
            f"{HEAD_REVISION}: it was made by a newer version; upgrade Leadline, or use another "
            "database"
        )
    return revision


async def upgrade(engine: AsyncEngine) -> str | None:
    """Bring the schema to `HEAD_REVISION`; returns the revision it had before.

    A newer one that this version may write to is left as it is.

    Raises:
        NewerDatabaseError: if this version does not know the database's revision.
    """
    before = await current_revision(engine)
    if before == HEAD_REVISION or (before is not None and before not in _known()):
        return before
    # Importing Alembic takes seconds on a busy machine: not while others wait for the lock.
    await asyncio.to_thread(importlib.import_module, "alembic.command")
    async with engine.execution_options(**WRITES).begin() as connection:
        await _one_at_a_time(connection)
        await connection.run_sync(_run_migrations)
    return before


async def _one_at_a_time(connection: AsyncConnection) -> None:
    """SQLite's write lock is held already; Postgres has locks with a name."""
    if connection.dialect.name == "postgresql":
        await connection.execute(
            text("SELECT pg_advisory_xact_lock(:key)").bindparams(key=_ADVISORY_LOCK)
        )


def _revision_of(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revisions = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    return "+".join(sorted(revisions)) or None


def _may_be_written_by_us(connection: Connection) -> bool:
    if not inspect(connection).has_table("schema_compat"):
        return False
    oldest = connection.execute(text("SELECT oldest_code FROM schema_compat")).scalar()
    # Revisions are numbers of four digits: their order is that of the strings.
    return isinstance(oldest, str) and oldest <= HEAD_REVISION


def _known() -> set[str]:
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory(_LOCATION).walk_revisions()}


def _run_migrations(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_LOCATION).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
