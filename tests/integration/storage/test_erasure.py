"""An erasure leaves nothing about a person: not in a row, and not in the file."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.config import Settings
from bot.storage.store import Store
from tests.integration.storage.conftest import settings_for
from tests.unit.storage.samples import PERSONAL, call_of, latency_of, lead_of, turn_of

pytestmark = pytest.mark.integration


async def everything_in(connection: AsyncConnection) -> str:
    tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    rows: list[str] = []
    for table in tables:
        result = await connection.execute(text(f'SELECT * FROM "{table}"'))  # noqa: S608
        rows += [f"{table} {row}" for row in result]
    return "\n".join(rows)


async def test_no_row_keeps_anything_personal(store: Store, settings: Settings) -> None:
    await saved_call(store)
    async with store._engine.connect() as connection:
        before = await everything_in(connection)
    assert all(word in before for word in PERSONAL)
    await store.erase_lead("lead-1")
    async with store._engine.connect() as connection:
        after = await everything_in(connection)
    assert "call-1" in after
    assert not [word for word in PERSONAL if word in after]


async def test_no_byte_of_the_file_keeps_anything_personal(tmp_path: Path) -> None:
    async with Store.opened(settings_for(tmp_path)) as store:
        await saved_call(store)
        assert found_in(tmp_path) == set(PERSONAL)
        await store.erase_call("call-1")
        assert found_in(tmp_path) == set()
    assert found_in(tmp_path) == set()


async def saved_call(store: Store) -> None:
    await store.start_call(call_of(), lead_of())
    # Enough to fill several pages, so that pages become free.
    for n in range(1, 60):
        long_text = f"{PERSONAL[n % 3]} " * 20
        await store.save_turn("call-1", turn_of(n, text=long_text), lead_of(score=n), latency_of(n))


def found_in(folder: Path) -> set[str]:
    files = list(folder.glob("leadline.db*"))
    assert files
    content = b"".join(file.read_bytes() for file in files)
    return {word for word in PERSONAL if word.encode() in content}
