"""An erasure leaves nothing about a person: not in a row, and not in the file."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import pytest
from redis.asyncio import Redis
from sqlalchemy import inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.config import Settings
from bot.errors import LeadlineError
from bot.storage.backlog import StartWrite
from bot.storage.erasure import erase_call, erase_lead
from bot.storage.journal import Journal, journal_folder
from bot.storage.live import LiveState
from bot.storage.sessions_local import LocalSessions, local_sessions_folder
from bot.storage.store import Store
from tests.integration.storage.conftest import settings_for
from tests.servers.valkey import ValkeyServer
from tests.unit.fleet.rig import session_of
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


async def test_the_live_session_and_this_machines_files_go_too(
    tmp_path: Path, valkey_server: ValkeyServer
) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, redis_url=valkey_server.url)
    name = uuid4().hex
    session = session_of(f"call-{name}", token=1, n=3).model_copy(
        update={
            "room": f"room-{PERSONAL[2]}-{name}",
            "conversation": {"bot_text": f"Nice to meet you, {PERSONAL[0]}."},
        }
    )
    later = session.model_copy(update={"n": 4})
    async with (
        Store.opened(settings) as store,
        LiveState.opened(settings, store) as live,
    ):
        await store.start_call(call_of(name, room=session.room), lead_of(name))
        local = LocalSessions(local_sessions_folder(tmp_path))
        for each in (live.sessions, local):
            await each.save(session)
        journal = Journal(folder=journal_folder(tmp_path), call_id=f"call-{name}", token=1)
        journal.rewrite(
            journal.encoded([StartWrite(call=call_of(name), lead=lead_of(name, score=1))])
        )
        journal.close()
        assert await erase_lead(settings, store, f"lead-{name}") == f"lead-{name}"
        assert list(journal_folder(tmp_path).iterdir()) == []
        assert list(local_sessions_folder(tmp_path).iterdir()) == []
        # Its bot still runs, and saves.
        await live.sessions.save(later)
        assert await live.sessions.load(session.call_id) is None
        assert await live.sessions.find(session.room) is None
    async with Redis.from_url(valkey_server.url, decode_responses=True) as client:
        keys = [key async for key in client.scan_iter(f"*{name}*")]
    assert keys == [f"leadline:erased:call-{name}"]
    assert found_in(tmp_path) == set()


async def test_a_redis_that_is_away_is_said_and_the_database_is_done(tmp_path: Path) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path, redis_url="redis://127.0.0.1:1/0")
    async with Store.opened(settings) as store:
        await store.start_call(call_of(), lead_of())
        with pytest.raises(LeadlineError, match=r"erased in the database, but not .* Redis"):
            await erase_call(settings, store, "call-1")
        assert await store.calls() == []
