"""Breakers of several processes meet in a real Valkey."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from bot.services.breaker import BreakerPolicy, Breakers, BreakerState
from bot.services.breaker_store import KEY_PREFIX, TIMEOUT_S, RedisBreakerStore
from tests.servers.valkey import ValkeyFactory, ValkeyServer

pytestmark = pytest.mark.integration
POLICY = BreakerPolicy(failures=1, cooldown_s=60, jitter=0)


@pytest.fixture
def provider() -> str:
    return f"stt:{uuid4().hex}"


@pytest.fixture
async def processes(
    valkey_server: ValkeyServer, provider: str
) -> AsyncIterator[tuple[Breakers, Breakers]]:
    stores = [RedisBreakerStore(valkey_server.url) for _ in range(2)]
    one, other = (Breakers(store, policy=POLICY) for store in stores)
    one.of(provider), other.of(provider)
    yield one, other
    for store in stores:
        await store.aclose()


async def test_an_opening_and_a_closing_reach_the_other_process(
    processes: tuple[Breakers, Breakers], provider: str
) -> None:
    one, other = processes
    one.of(provider).failed(reason="503")
    await one.sync()
    await other.sync()
    assert other.of(provider).state is BreakerState.OPEN
    assert other.of(provider).reason == "503"
    assert 50 < other.of(provider).retry_in_s <= 60
    one.of(provider).reset()
    await one.sync()
    await other.sync()
    assert other.of(provider).state is BreakerState.CLOSED


async def test_an_opening_is_forgotten_with_its_cool_down(
    processes: tuple[Breakers, Breakers], provider: str, valkey_server: ValkeyServer
) -> None:
    one, _ = processes
    one.of(provider).failed(reason="503")
    await one.sync()
    async with Redis.from_url(valkey_server.url) as client:
        assert 0 < await client.pttl(KEY_PREFIX + provider) <= 60_000


async def test_what_nobody_understands_is_ignored(
    processes: tuple[Breakers, Breakers], provider: str, valkey_server: ValkeyServer
) -> None:
    one, _ = processes
    async with Redis.from_url(valkey_server.url) as client:
        await client.set(KEY_PREFIX + provider, '{"version": 9}', px=10_000)
    await one.sync()
    assert one.of(provider).state is BreakerState.CLOSED


async def test_a_server_that_hangs_or_is_gone_costs_no_more_than_the_time_out(
    new_valkey_server: ValkeyFactory, provider: str
) -> None:
    server = new_valkey_server()
    store = RedisBreakerStore(server.url)
    breakers = Breakers(store, policy=POLICY)
    breakers.of(provider).failed(reason="503")
    server.pause()
    began = time.monotonic()
    await breakers.sync()
    assert time.monotonic() - began < 20 * TIMEOUT_S
    assert not breakers.of(provider).allow()
    server.resume()
    await breakers.sync()
    assert await store.latest([provider])
    server.kill()
    await breakers.sync()
    assert not breakers.of(provider).allow()
    await store.aclose()
