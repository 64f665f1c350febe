"""The Postgres and the Valkey that the tests start by themselves."""

from __future__ import annotations

import os
from pathlib import Path

import psycopg
import pytest
import redis

from tests.servers import postgres
from tests.servers.postgres import PostgresFactory, PostgresServer
from tests.servers.valkey import ValkeyFactory, ValkeyServer

pytestmark = pytest.mark.integration


def test_each_postgres_database_is_empty_and_the_tests_own(postgres_server: PostgresServer) -> None:
    first, second = postgres_server.new_database(), postgres_server.new_database()
    with psycopg.connect(first, autocommit=True) as connection:
        connection.execute("CREATE TABLE things (n integer)")
    with psycopg.connect(second, autocommit=True) as connection:
        connection.execute("CREATE TABLE things (n integer)")


def test_a_killed_postgres_comes_back_with_its_data(new_postgres_server: PostgresFactory) -> None:
    server = new_postgres_server()
    url = server.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE things AS SELECT 7 AS n")
    server.kill()
    server.start()
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT n FROM things").fetchone() == (7,)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders that nobody else can open")
def test_binaries_in_a_closed_folder_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_server: PostgresServer
) -> None:
    package = postgres._packaged_programs().parents[1]
    closed = tmp_path / "closed"
    closed.mkdir()
    for folder in (package, package.with_name(f"{package.name}.libs")):
        (closed / folder.name).symlink_to(folder)
    closed.chmod(0o700)
    monkeypatch.setattr(
        postgres, "_packaged_programs", lambda: closed / package.name / "pginstall" / "bin"
    )
    with PostgresServer() as server:
        assert str(server._programs).startswith(str(server.folder))
        psycopg.connect(server.new_database()).close()


def test_valkey_answers(valkey_server: ValkeyServer) -> None:
    with redis.Redis.from_url(valkey_server.url, socket_timeout=5) as client:
        assert client.incr("test_valkey_answers") == 1


@pytest.mark.parametrize(("persistent", "found"), [(True, b"7"), (False, None)])
def test_a_killed_valkey_comes_back_on_the_same_port(
    new_valkey_server: ValkeyFactory, persistent: bool, found: bytes | None
) -> None:
    server = new_valkey_server(persistent=persistent)
    with redis.Redis.from_url(server.url, socket_timeout=5) as client:
        client.set("n", 7)
    server.kill()
    server.start()
    with redis.Redis.from_url(server.url, socket_timeout=5) as client:
        assert client.get("n") == found
