"""How many calls are taken: the same answers from memory and from a real Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from bot import call_limits
from bot.call_limits import CallLimits, Limit
from tests.servers.valkey import ValkeyFactory, ValkeyServer

PHONE = "+14155550132"


@pytest.fixture(params=["memory", "valkey"])
def redis_url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "memory":
        return None
    server: ValkeyServer = request.getfixturevalue("valkey_server")
    return server.url


@asynccontextmanager
async def limited(
    redis_url: str | None,
    *,
    per_minute: int = 100,
    concurrent: int = 100,
    per_minute_by_phone: int = 100,
    concurrent_by_phone: int = 100,
    existing: set[str] | None = None,
) -> AsyncIterator[CallLimits]:
    async def existing_rooms(rooms: Collection[str]) -> set[str]:
        return set(rooms) & (existing or set())

    limits = CallLimits(
        per_minute_by_key=per_minute,
        concurrent_by_key=concurrent,
        per_minute_by_phone=per_minute_by_phone,
        concurrent_by_phone=concurrent_by_phone,
        lifetime_s=600,
        redis_url=redis_url,
        existing_rooms=existing_rooms if existing is not None else None,
    )
    try:
        yield limits
    finally:
        await limits.aclose()


def fresh(name: str) -> str:
    return f"{name}-{uuid4().hex[:8]}"


async def test_calls_over_the_rate_are_told_when_to_ask_again(redis_url: str | None) -> None:
    key = fresh("website")
    async with limited(redis_url, per_minute=2) as limits:
        assert await limits.admit(fresh("a"), key=key) is None
        assert await limits.admit(fresh("b"), key=key) is None
        refusal = await limits.admit(fresh("c"), key=key)
        assert refusal is not None
        assert refusal.limit is Limit.KEY_RATE
        assert 55 <= refusal.retry_after_s <= 61
        assert await limits.admit(fresh("d"), key=fresh("another")) is None


async def test_calls_at_a_time_count_until_they_are_over(redis_url: str | None) -> None:
    key, first = fresh("website"), fresh("a")
    async with limited(redis_url, concurrent=1) as limits:
        assert await limits.admit(first, key=key) is None
        assert await limits.admit(first, key=key) is None, "one room is one call"
        refusal = await limits.admit(fresh("b"), key=key)
        assert refusal is not None
        assert refusal.limit is Limit.KEY_CONCURRENT
        await limits.release(first)
        assert await limits.admit(fresh("b"), key=key) is None


async def test_a_telephone_number_has_limits_of_its_own(redis_url: str | None) -> None:
    phone = f"{PHONE}{uuid4().int % 1000}"
    async with limited(redis_url, concurrent_by_phone=1) as limits:
        assert await limits.admit(fresh("a"), key=fresh("k"), phone=phone) is None
        refusal = await limits.admit(fresh("b"), key=fresh("k"), phone=phone)
        assert refusal is not None
        assert refusal.limit is Limit.PHONE_CONCURRENT
        assert phone not in str(refusal)


async def test_a_refused_call_takes_no_place_of_the_other_limit(redis_url: str | None) -> None:
    key, phone = fresh("k"), f"{PHONE}{uuid4().int % 1000}"
    async with limited(redis_url, concurrent=2, concurrent_by_phone=1) as limits:
        assert await limits.admit(fresh("a"), key=key, phone=phone) is None
        assert await limits.admit(fresh("b"), key=key, phone=phone) is not None
        assert await limits.admit(fresh("c"), key=key) is None


async def test_a_call_whose_room_is_gone_counts_no_more(
    redis_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = fresh("website")
    async with limited(redis_url, concurrent=1, existing=set()) as limits:
        assert await limits.admit(fresh("a"), key=key) is None
        assert await limits.admit(fresh("b"), key=key) is not None, "it may be still beginning"
        monkeypatch.setattr(call_limits, "YOUNG_CALL_S", 0)
        assert await limits.admit(fresh("c"), key=key) is None


async def test_a_call_whose_room_is_there_goes_on_counting(
    redis_url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, room = fresh("website"), fresh("a")
    monkeypatch.setattr(call_limits, "YOUNG_CALL_S", 0)
    async with limited(redis_url, concurrent=1, existing={room}) as limits:
        assert await limits.admit(room, key=key) is None
        assert await limits.admit(fresh("b"), key=key) is not None


async def test_all_processes_count_together(valkey_server: ValkeyServer) -> None:
    key = fresh("website")
    async with (
        limited(valkey_server.url, concurrent=3) as one,
        limited(valkey_server.url, concurrent=3) as other,
    ):
        answers = await asyncio.gather(
            *((one if n % 2 else other).admit(fresh(f"r{n}"), key=key) for n in range(8))
        )
        assert sum(answer is None for answer in answers) == 3


@pytest.mark.parametrize("fault", ["stop", "pause"])
async def test_a_store_that_is_away_blocks_no_call(
    new_valkey_server: ValkeyFactory, fault: str
) -> None:
    server = new_valkey_server()
    key = fresh("website")
    async with limited(server.url, per_minute=3) as limits:
        assert await limits.admit(fresh("a"), key=key) is None
        getattr(server, fault)()
        async with asyncio.timeout(2):
            assert await limits.admit(fresh("b"), key=key) is None
        # This process goes on counting by itself.
        answers = [await limits.admit(fresh("c"), key=key) for _ in range(3)]
        assert [answer is None for answer in answers] == [True, True, False]
        if fault == "pause":
            server.resume()
