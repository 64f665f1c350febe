"""`leadline doctor` says which providers the workers leave alone, until when and why."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.config import Settings
from bot.diagnosis.breakers import check_breakers
from bot.services.breaker import BreakerPolicy, Breakers
from bot.services.breaker_store import KEY_PREFIX, RedisBreakerStore
from tests.servers.valkey import ValkeyServer

pytestmark = pytest.mark.integration
MIDNIGHT = 1_790_000_000 // 86_400 * 86_400


@pytest.fixture
async def worker(valkey_server: ValkeyServer) -> AsyncIterator[Breakers]:
    async with Redis.from_url(valkey_server.url) as client:
        if keys := await client.keys(f"{KEY_PREFIX}*"):
            await client.delete(*keys)
    store = RedisBreakerStore(valkey_server.url)
    yield Breakers(store, policy=BreakerPolicy(failures=1, cooldown_s=60, jitter=0))
    await store.aclose()


async def test_nobody_is_left_alone(worker: Breakers, valkey_server: ValkeyServer) -> None:
    worker.of("llm:openai").failed(reason="said nothing for 1.2 s")
    worker.of("llm:openai").reset()
    await worker.sync()
    finding = await check_breakers(Settings(REDIS_URL=valkey_server.url))
    assert (finding.is_healthy, finding.detail) == (True, "no provider is left alone")


async def test_an_opening_is_said_with_its_end_and_its_reason(
    worker: Breakers, valkey_server: ValkeyServer
) -> None:
    worker.of("llm:openai").failed(reason="said nothing for 1.2 s")
    await worker.sync()
    finding = await check_breakers(Settings(REDIS_URL=valkey_server.url), clock=lambda: MIDNIGHT)
    assert finding.is_healthy
    assert finding.detail.startswith("llm:openai is left alone until 00:00:5")
    assert finding.detail.endswith("UTC (said nothing for 1.2 s)")


async def test_what_somebody_has_to_change_is_a_trouble(
    worker: Breakers, valkey_server: ValkeyServer
) -> None:
    worker.of("tts:azure").failed(permanent=True, reason="answered 401 (authentication)")
    await worker.sync()
    finding = await check_breakers(Settings(REDIS_URL=valkey_server.url))
    assert not finding.is_healthy
    assert "(answered 401 (authentication))" in finding.detail
    assert "of tts:azure, and restart the workers" in str(finding.remedy)


async def test_without_redis_there_is_nothing_to_ask() -> None:
    assert not (await check_breakers(Settings())).configured
