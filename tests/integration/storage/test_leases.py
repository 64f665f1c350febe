"""One bot a call, on each table that keeps leases: memory, SQLite, Postgres and Valkey."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from bot.storage.engine import make_engine
from bot.storage.errors import StaleTokenError, StorageUnavailableError
from bot.storage.fencing import Fences
from bot.storage.lease_table import InMemoryLeaseTable, LeaseTable, LeaseTiming
from bot.storage.lease_table_redis import RedisLeaseTable
from bot.storage.lease_table_sql import SqlLeaseTable
from bot.storage.leases import GRACE_S, Lease, Leases
from bot.storage.store import Store
from tests.integration.storage.conftest import settings_for
from tests.servers.postgres import PostgresFactory
from tests.servers.valkey import ValkeyFactory, ValkeyServer
from tests.unit.storage.samples import call_of, lead_of, turn_of

# Leases live in real time; a machine that stands still for half a second lets one lapse.
pytestmark = [pytest.mark.integration, pytest.mark.flaky(reruns=1)]
QUICK = LeaseTiming(ttl_s=0.6, refresh_s=0.15)


class Clock:
    """Runs as the real one does, and can be put forward: a process that was stopped."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.ahead


@pytest.fixture
def call_id() -> str:
    return f"call-{uuid4().hex}"


@pytest.fixture(params=["memory", "sqlite", "postgres", "valkey"])
async def table(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LeaseTable]:
    if request.param == "memory":
        yield InMemoryLeaseTable(timing=QUICK)
    elif request.param == "valkey":
        server: ValkeyServer = request.getfixturevalue("valkey_server")
        redis = RedisLeaseTable(server.url, timing=QUICK)
        yield redis
        await redis.aclose()
    else:
        url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
        async with Store.opened(settings_for(tmp_path, url)) as store:
            yield SqlLeaseTable(store._engine, timing=QUICK)


@pytest.fixture
async def fences(tmp_path: Path) -> AsyncIterator[Fences]:
    async with Store.opened(settings_for(tmp_path / "fences")) as store:
        yield Fences(store._engine)


@pytest.fixture
async def leases(table: LeaseTable, fences: Fences) -> Leases:
    return Leases(table=table, fences=fences)


async def taken(leases: Leases, call_id: str, holder: str = "a") -> Lease:
    lease = await leases.acquire(call_id, holder)
    assert lease is not None
    return lease


def die(lease: Lease) -> None:
    """As by kill -9: nothing is given back."""
    lease._task.cancel()


async def until(condition: Callable[[], object], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a server.
            await asyncio.sleep(0.01)


async def until_expired(leases: Leases, call_id: str) -> None:
    async with asyncio.timeout(10):
        while call_id not in await leases.expired():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_only_one_bot_gets_a_call(leases: Leases, call_id: str) -> None:
    wanted = await asyncio.gather(*(leases.acquire(call_id, f"bot-{n}") for n in range(8)))
    got = [lease for lease in wanted if lease is not None]
    assert len(got) == 1
    assert await leases.holder(call_id) == got[0].holder
    assert got[0].is_sure
    await got[0].release()
    assert await leases.holder(call_id) is None


async def test_a_lease_is_held_for_as_long_as_its_holder_lives(
    leases: Leases, call_id: str
) -> None:
    lease = await taken(leases, call_id)
    for _ in range(int(2.5 * QUICK.ttl_s / 0.1)):
        await asyncio.sleep(0.1)
        assert await leases.acquire(call_id, "b") is None
    assert call_id not in await leases.expired()
    assert not lease.lost.is_set()
    await lease.release()


async def test_a_dead_holders_call_is_named_and_taken_over_with_a_newer_token(
    leases: Leases, call_id: str
) -> None:
    first = await taken(leases, call_id)
    die(first)
    await until_expired(leases, call_id)
    second = await taken(leases, call_id, "b")
    assert second.token > first.token
    assert call_id not in await leases.expired()
    await second.release()


async def test_whose_death_is_known_is_replaced_at_once(leases: Leases, call_id: str) -> None:
    first = await taken(leases, call_id)
    die(first)
    assert not await leases.break_off(call_id, "somebody else")
    assert await leases.break_off(call_id, first.holder)
    second = await taken(leases, call_id, "b")
    assert second.token > first.token
    await second.release()


async def test_a_call_that_is_over_or_forgotten_is_not_named(leases: Leases, call_id: str) -> None:
    over, left, dead = call_id, f"{call_id}-left", f"{call_id}-dead"
    await (await taken(leases, over)).release()
    await (await taken(leases, left)).release(is_over=False)
    die(await taken(leases, dead))
    await until_expired(leases, dead)
    named = await leases.expired()
    assert over not in named
    assert left in named
    await leases.forget(dead)
    await leases.forget(left)
    assert not {left, dead} & set(await leases.expired())


async def test_a_lock_is_for_one_at_a_time_and_no_call(leases: Leases, call_id: str) -> None:
    first = await leases.lock(call_id, "a")
    assert first is not None
    assert await leases.lock(call_id, "b") is None
    await first.release()
    second = await leases.lock(call_id, "b")
    assert second is not None
    die(second)
    await asyncio.sleep(QUICK.ttl_s)
    assert f"lock:{call_id}" not in await leases.expired()
    third = await leases.lock(call_id, "c")
    assert third is not None
    await third.release()


async def test_who_slept_past_the_lease_is_unsure_at_once_and_goes_on_if_nobody_came(
    table: LeaseTable, fences: Fences, call_id: str
) -> None:
    clock = Clock()
    leases = Leases(table=table, fences=fences, clock=clock, wall_clock=lambda: 0.0)
    lease = await taken(leases, call_id)
    clock.ahead = 10
    assert not lease.is_sure
    await until(lambda: lease.is_sure)
    assert not lease.lost.is_set()
    await lease.release()


async def test_who_slept_past_the_lease_while_another_came_has_lost_it(
    table: LeaseTable, fences: Fences, call_id: str
) -> None:
    clock = Clock()
    leases = Leases(table=table, fences=fences, clock=clock, wall_clock=lambda: 0.0)
    sleeper = await taken(leases, call_id)
    die(sleeper)  # Stopped: renews nothing ...
    await asyncio.sleep(QUICK.ttl_s + 0.1)
    other = await taken(leases, call_id, "b")
    clock.ahead = 10
    await sleeper._renew_once()  # ... and goes on.
    assert sleeper.lost.is_set()
    assert not sleeper.is_sure
    await sleeper.release()
    assert await leases.holder(call_id) == "b"
    await other.release()
    # Also after the other's call is over.
    again = await leases._table.refresh(call_id, "a", sleeper.token, is_call=True)
    assert not again


async def test_a_wall_clock_that_jumps_costs_nobody_the_lease(
    table: LeaseTable, fences: Fences, call_id: str
) -> None:
    wall = Clock()
    leases = Leases(table=table, fences=fences, wall_clock=wall)
    lease = await taken(leases, call_id)
    for jump in (3600, -7200):
        wall.ahead = jump
        await until(lambda: lease.is_sure)
    assert not lease.lost.is_set()
    await lease.release()


# --- tokens ---------------------------------------------------------------------------------------


async def test_a_stale_bot_cannot_write(store: Store, call_id: str) -> None:
    fences = Fences(store._engine)
    old = await fences.raised("call-1")
    await store.start_call(call_of(), lead_of(score=1), token=old)
    new = await fences.raised("call-1")
    for write in (
        store.save_turn("call-1", turn_of(1), lead_of(score=2), token=old),
        store.start_call(call_of(), lead_of(score=2), token=old),
        store.finish_call(call_of(end_reason="completed"), lead_of(score=2), token=old),
    ):
        with pytest.raises(StaleTokenError, match="taken call call-1 over"):
            await write
    assert (await store.lead("lead-1")).score == 1
    assert (await store.call("call-1")).turns == []
    await store.save_turn("call-1", turn_of(1), lead_of(score=3), token=new)
    assert (await store.lead("lead-1")).score == 3


async def test_a_token_drawn_without_the_database_counts_when_it_is_back(store: Store) -> None:
    fences = Fences(store._engine)
    assert await fences.raised("call-1") == 1
    await store.start_call(call_of(), lead_of(), token=5)
    assert await fences.current("call-1") == 5
    with pytest.raises(StaleTokenError):
        await store.save_turn("call-1", turn_of(1), token=1)
    assert await fences.raised("call-1", floor=9) == 10


async def test_many_who_draw_at_once_get_a_token_each(store: Store, call_id: str) -> None:
    fences = Fences(store._engine, timeout_s=10)
    tokens = await asyncio.gather(*(fences.raised(call_id) for _ in range(20)))
    assert sorted(tokens) == list(range(1, 21))


# --- a Redis in trouble ---------------------------------------------------------------------------


async def test_a_restart_of_redis_lowers_no_token_and_kills_no_call(
    new_valkey_server: ValkeyFactory, fences: Fences, call_id: str
) -> None:
    server = new_valkey_server()
    leases = Leases(table=RedisLeaseTable(server.url, timing=QUICK), fences=fences)
    await leases.expired()
    lease = await taken(leases, call_id)
    await lease.release()
    lease = await taken(leases, call_id, "b")
    token = lease.token
    server.kill()
    await until(lambda: lease._is_away)
    assert await leases.expired() == []
    server.start()
    await until(lambda: not lease._is_away)
    # The server lost everything; its holder has written itself down again.
    assert await leases.holder(call_id) == "b"
    began = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - began < 2 * (QUICK.ttl_s + GRACE_S):
        assert call_id not in await leases.expired()
        await asyncio.sleep(0.1)
    assert not lease.lost.is_set()
    die(lease)
    await until_expired(leases, call_id)
    successor = await taken(leases, call_id, "c")
    assert successor.token > token
    await successor.release()
    await leases.aclose()


async def test_a_redis_that_hangs_kills_no_call_when_it_goes_on(
    new_valkey_server: ValkeyFactory, fences: Fences, call_id: str
) -> None:
    server = new_valkey_server()
    leases = Leases(table=RedisLeaseTable(server.url, timing=QUICK), fences=fences)
    watcher = Leases(table=RedisLeaseTable(server.url, timing=QUICK), fences=fences)
    await watcher.expired()
    lease = await taken(leases, call_id)
    server.pause()
    await until(lambda: lease._is_away)
    await asyncio.sleep(QUICK.ttl_s * 1.5)
    assert await watcher.expired() == []
    assert lease.is_sure
    server.resume()
    began = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - began < 2 * (QUICK.ttl_s + GRACE_S):
        assert call_id not in await watcher.expired()
        await asyncio.sleep(0.05)
    assert not lease.lost.is_set()
    await lease.release()
    for each in (leases, watcher):
        await each.aclose()


async def test_a_call_begins_without_redis_and_is_known_to_it_when_it_is_back(
    new_valkey_server: ValkeyFactory, fences: Fences, call_id: str
) -> None:
    server = new_valkey_server()
    server.kill()
    leases = Leases(table=RedisLeaseTable(server.url, timing=QUICK), fences=fences)
    lease = await taken(leases, call_id)
    assert lease.is_sure
    with pytest.raises(StorageUnavailableError):
        await leases.lock("watcher", "a")
    await until(lambda: lease._is_away)
    server.start()
    await until(lambda: not lease._is_away)
    assert await leases.holder(call_id) == "a"
    await lease.release()
    await leases.aclose()


async def test_nobody_takes_a_call_over_while_redis_is_away(
    new_valkey_server: ValkeyFactory, fences: Fences, call_id: str
) -> None:
    server = new_valkey_server()
    leases = Leases(table=RedisLeaseTable(server.url, timing=QUICK), fences=fences)
    first = await taken(leases, call_id, "a")
    server.kill()
    begun_without = await taken(leases, f"{call_id}-new", "a")
    for name in (call_id, f"{call_id}-new"):
        assert await leases.acquire(name, "b") is None
        assert await leases.acquire(name, "b", at_least=1) is None
    await until(lambda: first._is_away)
    assert first.is_sure
    assert await fences.current(call_id) == first.token
    for lease in (first, begun_without):
        await lease.release()
    await leases.aclose()


async def test_a_client_that_gave_up_takes_no_call_though_its_wish_is_read_later(
    valkey_server: ValkeyServer, fences: Fences, call_id: str
) -> None:
    """A Redis that hung reads what was sent meanwhile, also by clients that are gone."""
    leases = Leases(table=RedisLeaseTable(valkey_server.url, timing=QUICK), fences=fences)
    lease = await taken(leases, call_id, "a")
    assert await leases.break_off(call_id, "a")  # Its key had expired when Redis went on ...
    await leases._table.reserve(call_id, "gone")  # ... and this came before its renewal.
    await lease._renew_once()
    assert not lease.lost.is_set()
    async with asyncio.timeout(5):
        while await leases.holder(call_id) != "a":  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await lease.release()
    await leases.aclose()


async def test_a_clock_of_redis_or_the_database_that_is_set_back_leaves_no_lease_for_an_hour(
    table: LeaseTable, fences: Fences, call_id: str
) -> None:
    if isinstance(table, InMemoryLeaseTable):
        return  # It counts by a clock that nobody sets.
    leases = Leases(table=table, fences=fences)
    await leases.expired()
    die(await taken(leases, call_id))
    await set_back(table, call_id)
    assert await leases.holder(call_id) is None
    await until_expired(leases, call_id)
    successor = await taken(leases, call_id, "b")
    assert await leases.holder(call_id) == "b"
    await successor.release()


async def test_whose_lease_was_dated_by_another_clock_is_not_taken_for_dead(
    table: LeaseTable, fences: Fences, call_id: str
) -> None:
    if isinstance(table, InMemoryLeaseTable):
        return
    leases = Leases(table=table, fences=fences)
    lease = await taken(leases, call_id)
    began = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - began < QUICK.ttl_s + GRACE_S + 0.3:
        await leases.expired()
        await asyncio.sleep(0.05)
    await set_back(table, call_id)
    began = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - began < 4 * QUICK.refresh_s:
        assert call_id not in await leases.expired()
        await asyncio.sleep(0.02)
    assert not lease.lost.is_set()
    await lease.release()


async def set_back(table: LeaseTable, call_id: str) -> None:
    """As if the table's clock had been an hour ahead when the lease was written."""
    if isinstance(table, RedisLeaseTable):
        await table._redis.pexpire(f"leadline:lease:{call_id}", 3_600_000)
        return
    assert isinstance(table, SqlLeaseTable)
    async with table._writing_engine.begin() as connection:
        await connection.execute(
            text("UPDATE leases SET expires_at = expires_at + 3600 WHERE name = :name").bindparams(
                name=call_id
            )
        )


async def test_a_read_only_redis_is_as_good_as_none(
    new_valkey_server: ValkeyFactory, fences: Fences, call_id: str
) -> None:
    from redis.asyncio import Redis

    server = new_valkey_server()
    async with Redis.from_url(server.url) as admin:
        await admin.replicaof("127.0.0.1", "1")
        leases = Leases(table=RedisLeaseTable(server.url, timing=QUICK), fences=fences)
        lease = await taken(leases, call_id)
        await until(lambda: lease._is_away)
        await admin.replicaof("NO", "ONE")
        await until(lambda: not lease._is_away)
    assert await leases.holder(call_id) == "a"
    await lease.release()
    await leases.aclose()


async def test_a_database_that_is_away_costs_no_call_its_beginning(
    tmp_path: Path,
    new_postgres_server: PostgresFactory,
    valkey_server: ValkeyServer,
    call_id: str,
) -> None:
    server = new_postgres_server()
    settings = settings_for(tmp_path, server.new_database())
    async with Store.opened(settings):
        pass
    engine = make_engine(settings)
    leases = Leases(table=RedisLeaseTable(valkey_server.url, timing=QUICK), fences=Fences(engine))
    first = await taken(leases, call_id)
    server.pause()
    die(first)
    assert await leases.break_off(call_id, first.holder)
    second = await leases.acquire(call_id, "b", at_least=first.token)
    assert second is not None
    assert second.token > first.token
    server.resume()
    await second.release()
    await leases.aclose()
    await engine.dispose()
