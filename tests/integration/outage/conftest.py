"""A Valkey and a Postgres that may be hurt, and a network in front of them that may be, too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from psycopg import sql
from redis.asyncio import Redis

from bot.config import Settings
from bot.playbooks import load_playbook
from bot.storage.live import LiveState
from bot.storage.store import Store
from flows.conversation import Conversation
from tests.integration.outage.scripted_call import ANSWERS
from tests.servers.postgres import PostgresServer, _started_or_skipped
from tests.servers.proxy import FaultyProxy
from tests.servers.valkey import ValkeyServer
from tests.servers.valkey import _started_or_skipped as _started_valkey

TRANSACTION_TIMEOUT_S = 0.5


@pytest.fixture(scope="module")
def own_valkey() -> Iterator[ValkeyServer]:
    """This module's own, that may be paused and killed; each test leaves it running."""
    server = _started_valkey()
    yield server
    server.close()


@pytest.fixture(scope="module")
def own_postgres() -> Iterator[PostgresServer]:
    """This module's own, that may be paused and killed; each test leaves it running."""
    server = _started_or_skipped()
    yield server
    server.close()


@dataclass
class Machine:
    """What the processes of one host share: settings, the stores and the ways to them."""

    settings: Settings
    valkey: ValkeyServer
    postgres: PostgresServer
    to_valkey: FaultyProxy
    to_postgres: FaultyProxy

    @asynccontextmanager
    async def process(self) -> AsyncIterator[tuple[Store, LiveState]]:
        """As each process opens its own."""
        async with (
            Store.opened(self.settings, patience_s=0.5) as store,
            LiveState.opened(self.settings, store) as live,
        ):
            store._timeout_s = TRANSACTION_TIMEOUT_S
            yield store, live

    async def read_only(self, *, yes: bool) -> None:
        """A Redis that has become a replica, a Postgres that has become a standby."""
        async with Redis.from_url(self.valkey.url) as admin:
            await (admin.replicaof("127.0.0.1", "1") if yes else admin.replicaof("NO", "ONE"))
        value = sql.SQL("on" if yes else "off")
        set_ = sql.SQL("ALTER SYSTEM SET default_transaction_read_only = {}").format(value)
        for statement in (set_, sql.SQL("SELECT pg_reload_conf()")):
            await asyncio.to_thread(self._admin, statement)

    def _admin(self, statement: sql.Composed | sql.SQL) -> None:
        self.postgres.execute(statement)


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """As a worker's processes are: the first call must not compile a thousand patterns."""
    playbook = load_playbook("b2b-software")
    conversation = Conversation(playbook=playbook, clock=lambda: datetime.now(UTC), recorded=False)
    text = conversation.greeting()
    for words in ANSWERS.values():
        conversation.bot_began()
        conversation.bot_heard(text, complete=True)
        conversation.caller_said(words)
        text = conversation.reply()


@pytest.fixture
async def machine(
    own_valkey: ValkeyServer, own_postgres: PostgresServer, tmp_path: Path
) -> AsyncIterator[Machine]:
    """An empty database, a Valkey, and a proxy in front of each."""
    async with AsyncExitStack() as stack:
        to_valkey = await stack.enter_async_context(FaultyProxy(own_valkey.port))
        to_postgres = await stack.enter_async_context(FaultyProxy(own_postgres.port))
        url = own_postgres.new_database()
        settings = Settings(
            _env_file=None,
            data_dir=tmp_path,
            database_url=url.replace(f":{own_postgres.port}/", f":{to_postgres.port}/"),
            redis_url=f"redis://127.0.0.1:{to_valkey.port}/0",
        )
        async with Store.opened(settings):
            pass  # Migrated.
        yield Machine(settings, own_valkey, own_postgres, to_valkey, to_postgres)
