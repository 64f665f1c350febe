"""While a deployment rolls, workers of earlier versions go on writing to the upgraded database."""

from __future__ import annotations

from functools import partial

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine.interfaces import ReflectedColumn

from bot.config import Settings
from bot.storage import schema
from bot.storage.engine import make_engine
from bot.storage.store import Store
from tests.integration.storage.test_schema import _A_CALL_OF_REVISION_0001, alembic_config

pytestmark = pytest.mark.integration

REVISIONS = [s.revision for s in ScriptDirectory(schema._LOCATION).walk_revisions()][::-1]


def upgraded(revision: str, connection: Connection) -> None:
    command.upgrade(alembic_config(connection), revision)


def columns(connection: Connection) -> dict[str, dict[str, ReflectedColumn]]:
    inspector = inspect(connection)
    return {
        table: {column["name"]: column for column in inspector.get_columns(table)}
        for table in inspector.get_table_names()
    }


async def test_each_revision_only_adds_what_the_code_that_may_still_run_does_not_miss(
    settings: Settings,
) -> None:
    """`schema_compat` promises so: the tables that older code knows keep what it reads and writes,
    and no column is new in them that it would have to fill."""
    engine = make_engine(settings)
    known: dict[str, dict[str, ReflectedColumn]] = {}
    for revision in REVISIONS:
        async with engine.begin() as connection:
            await connection.run_sync(partial(upgraded, revision))
            now = await connection.run_sync(columns)
            oldest = None
            if "schema_compat" in now:
                oldest = await connection.scalar(text("SELECT oldest_code FROM schema_compat"))
        if oldest is None or oldest < revision:
            for table in known.keys() - {"alembic_version"}:
                assert known[table].keys() <= now[table].keys(), f"{revision} takes from {table}"
                for name in now[table].keys() - known[table].keys():
                    new = now[table][name]
                    assert new["nullable"] or new["default"], f"{revision}: {table}.{name}"
        known = now
    await engine.dispose()


async def test_a_worker_of_the_first_revision_writes_and_ours_reads_it(settings: Settings) -> None:
    async with Store.opened(settings):
        pass
    engine = make_engine(settings)
    async with engine.begin() as connection:
        for statement in _A_CALL_OF_REVISION_0001:
            await connection.execute(text(statement))
    await engine.dispose()
    async with Store.opened(settings) as store:
        assert (await store.call("old")).turns[0].text == "hello"
        assert (await store.lead("old-lead")).fields["name"]["value"] == "Jane"


async def test_an_old_worker_writes_before_and_after_the_upgrade_on_its_connection(
    settings: Settings,
) -> None:
    engine = make_engine(settings)
    async with engine.begin() as connection:
        await connection.run_sync(partial(upgraded, "0002"))
    old = make_engine(settings)
    async with old.begin() as writing:
        for statement in _A_CALL_OF_REVISION_0001:
            await writing.execute(text(statement))
    assert await schema.upgrade(engine) == "0002"
    async with old.begin() as writing:  # On its connection of before.
        await writing.execute(text("UPDATE leads SET score = 6 WHERE lead_id = 'old-lead'"))
    for each in (engine, old):
        await each.dispose()
    async with Store.opened(settings) as store:
        assert (await store.lead("old-lead")).score == 6
