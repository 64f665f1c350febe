"""A database that cannot be used gets one line that says what and what to do, without a secret."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.storage.engine import make_engine
from bot.storage.errors import StorageError, StorageUnavailableError
from bot.storage.recorder import Recorder
from bot.storage.store import Store
from tests.integration.storage.conftest import settings_for
from tests.servers.postgres import PASSWORD, PostgresFactory, PostgresServer
from tests.servers.process import free_port
from tests.unit.storage.samples import call_of, lead_of, turn_of

pytestmark = pytest.mark.integration

_LARGEST_FILE = 400_000
_FILL = """
import asyncio, resource, sys
from bot.config import load_settings
from bot.errors import LeadlineError
from bot.storage.store import Store
from tests.unit.storage.samples import call_of, lead_of, turn_of

async def main():
    async with Store.opened(load_settings()) as store:
        # From here on, all imports being done, no file may grow over the limit.
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
        await store.start_call(call_of(), lead_of())
        for n in range(1, 1000):
            await store.save_turn("call-1", turn_of(n, text="x" * 5000))

try:
    asyncio.run(main())
except LeadlineError as error:
    print(type(error).__name__, error)
"""


async def error_of(data_dir: Path, url: str | None = None) -> str:
    with pytest.raises(StorageError) as failure:
        await Store.open(settings_for(data_dir, url))
    message = str(failure.value)
    assert "\n" not in message
    assert PASSWORD not in message
    return message


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = await error_of(tmp_path / "file" / "data")
    assert message.startswith(f"LEADLINE_DATA_DIR: {tmp_path / 'file' / 'data'}")
    assert "another directory" in message


async def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "leadline.db").mkdir()
    assert "LEADLINE_DATA_DIR" in await error_of(tmp_path)


async def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "leadline.db"
    file.write_text("my notes, not a database\n" * 100)
    assert "is not a SQLite database" in await error_of(tmp_path)
    assert file.read_text().startswith("my notes")


def test_a_full_disk_is_named_and_what_was_saved_stays(tmp_path: Path) -> None:
    filled = subprocess.run(
        [sys.executable, "-c", _FILL, str(_LARGEST_FILE)],
        env=os.environ | {"LEADLINE_DATA_DIR": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert filled.stderr == ""
    assert filled.stdout.startswith(("StorageUnavailableError the database", "StorageError"))
    assert "LEADLINE_DATA_DIR" in filled.stdout or "free space" in filled.stdout

    async def turns() -> int:
        async with Store.opened(settings_for(tmp_path)) as store:
            return len((await store.call("call-1")).turns)

    assert asyncio.run(turns()) > 5


async def test_a_locked_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.storage.engine.SQLITE_BUSY_TIMEOUT_MS", 50)
    settings = settings_for(tmp_path)
    async with Store.opened(settings) as store, Store.opened(settings) as other:
        await store.start_call(call_of(), lead_of())
        async with other._writing_engine.begin():
            with pytest.raises(StorageUnavailableError, match="locked by another process"):
                await store.save_turn("call-1", turn_of(1))
        await store.save_turn("call-1", turn_of(1))


async def test_a_postgres_that_does_not_run_is_named(tmp_path: Path) -> None:
    port = free_port()
    message = await error_of(tmp_path, f"postgresql://me:{PASSWORD}@127.0.0.1:{port}/sales")
    assert f"sales on 127.0.0.1:{port} refuses connections" in message
    assert "DATABASE_URL" in message


async def test_a_socket_that_is_not_there_is_named(tmp_path: Path) -> None:
    message = await error_of(tmp_path, f"postgres://me@/sales?host={tmp_path}")
    assert f"sales on {tmp_path} is not there" in message


async def test_a_wrong_password_is_named_and_not_shown(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    url = postgres_server.url().replace(PASSWORD, "wr0ng-secret")
    message = await error_of(tmp_path, url)
    assert "refused the password; correct DATABASE_URL" in message
    assert "wr0ng-secret" not in message


async def test_a_database_that_does_not_exist_is_named(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    message = await error_of(tmp_path, postgres_server.url("nowhere"))
    assert "create it" in message


async def test_a_host_that_cannot_be_found_is_named(tmp_path: Path) -> None:
    message = await error_of(tmp_path, "postgresql://me:x@no-such-host.invalid/sales")
    assert "cannot be found; check the host in DATABASE_URL" in message


async def test_a_postgres_that_only_reads_is_refused_by_a_bot_not_by_a_reader(
    tmp_path: Path, postgres_url: str
) -> None:
    async with Store.opened(settings_for(tmp_path, postgres_url)):
        pass
    read_only = f"{postgres_url}?options=-c%20default_transaction_read_only%3Don"
    assert "is read-only" in await error_of(tmp_path, read_only)
    async with Store.opened(settings_for(tmp_path, read_only), writable=False) as reader:
        assert await reader.calls() == []


async def test_a_socket_directory_works_as_an_address(
    tmp_path: Path, postgres_server: PostgresServer
) -> None:
    name = make_url(postgres_server.new_database()).database
    assert name is not None
    async with Store.opened(settings_for(tmp_path, postgres_server.socket_url(name))) as store:
        await store.start_call(call_of(), lead_of())
        assert len(await store.leads()) == 1


async def test_a_postgres_that_hangs_is_given_up_and_serves_again_when_it_goes_on(
    tmp_path: Path, new_postgres_server: PostgresFactory
) -> None:
    server = new_postgres_server()
    settings = settings_for(tmp_path, server.new_database())
    async with Store.opened(settings) as store:
        await store.start_call(call_of(), lead_of())
        impatient = Store(engine=make_engine(settings), timeout_s=0.3)
        await impatient.save_turn("call-1", turn_of(1))
        server.pause()
        with pytest.raises(StorageUnavailableError, match=r"did not answer within 0\.3 s"):
            await impatient.save_turn("call-1", turn_of(2))
        server.resume()
        await store.save_turn("call-1", turn_of(2))
        assert [turn.n for turn in (await store.call("call-1")).turns] == [1, 2]
        await impatient.close()


async def test_a_postgres_that_hangs_at_the_start_is_named(
    tmp_path: Path, new_postgres_server: PostgresFactory
) -> None:
    server = new_postgres_server()
    server.pause()
    message = await error_of(tmp_path, server.url())
    assert "not answer" in message


async def test_a_call_may_begin_while_postgres_hangs_and_is_written_when_it_goes_on(
    tmp_path: Path, new_postgres_server: PostgresFactory
) -> None:
    server = new_postgres_server()
    settings = settings_for(tmp_path, server.new_database())  # Empty: not migrated yet.
    server.pause()
    async with (
        Store.opened(settings, patience_s=0.2) as store,
        Recorder(store=store, flush_timeout_s=30, retry_longest_s=0.2) as recorder,
    ):
        recorder.start(call_of(), lead_of())
        recorder.turn(turn_of(1))
        server.resume()
        assert await recorder.flush()
        assert len((await store.call("call-1")).turns) == 1


async def test_a_database_url_of_sqlite_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    message = await error_of(tmp_path, f"sqlite:///{tmp_path}/file/leads.db")
    assert message.startswith(f"DATABASE_URL: {tmp_path / 'file'}")
