"""Redis, Postgres or both away for a while under calls: the calls go on, and nothing is lost.

A caller's turn is a plain function here: there is nothing in it that could wait for a store.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import pytest

from bot.storage.journal import journal_folder
from bot.storage.leases import Leases
from bot.storage.replay import replay_journals
from bot.storage.store import Store
from tests.integration.outage.conftest import Machine
from tests.integration.outage.scripted_call import ScriptedCall, held

pytestmark = pytest.mark.integration

MANY = 5
FEW = 1
TURNS_BEFORE = 3
TURNS_AWAY = 4
OVER_WHILE_AWAY = 2
"""So many of five calls come to their end during the outage."""


@asynccontextmanager
async def redis_paused(machine: Machine) -> AsyncIterator[None]:
    machine.valkey.pause()
    yield
    machine.valkey.resume()


@asynccontextmanager
async def postgres_paused(machine: Machine) -> AsyncIterator[None]:
    machine.postgres.pause()
    yield
    machine.postgres.resume()


@asynccontextmanager
async def both_paused(machine: Machine) -> AsyncIterator[None]:
    async with redis_paused(machine), postgres_paused(machine):
        yield


@asynccontextmanager
async def both_hanging(machine: Machine) -> AsyncIterator[None]:
    proxies = (machine.to_valkey, machine.to_postgres)
    for proxy in proxies:
        await proxy.hang()
    yield
    for proxy in proxies:
        await proxy.heal()


@asynccontextmanager
async def both_refused(machine: Machine) -> AsyncIterator[None]:
    proxies = (machine.to_valkey, machine.to_postgres)
    for proxy in proxies:
        await proxy.refuse()
    yield
    for proxy in proxies:
        await proxy.heal()


@asynccontextmanager
async def both_slow(machine: Machine) -> AsyncIterator[None]:
    proxies = (machine.to_valkey, machine.to_postgres)
    for proxy in proxies:
        await proxy.slow_down(0.3)
    yield
    for proxy in proxies:
        await proxy.heal()


@asynccontextmanager
async def both_killed_and_redis_empty_after(machine: Machine) -> AsyncIterator[None]:
    machine.valkey.kill()
    machine.postgres.kill()
    yield
    await asyncio.to_thread(machine.postgres.start)
    await asyncio.to_thread(machine.valkey.start)


@asynccontextmanager
async def both_read_only(machine: Machine) -> AsyncIterator[None]:
    await machine.read_only(yes=True)
    yield
    await machine.read_only(yes=False)


OUTAGES = {
    redis_paused: MANY,
    postgres_paused: FEW,
    both_paused: MANY,
    both_hanging: FEW,
    both_refused: FEW,
    both_slow: FEW,
    both_killed_and_redis_empty_after: MANY,
    both_read_only: FEW,
}
"""With how many calls each is tried: the mixture is in the calls, the kind in the outage."""


async def until(condition: Callable[[], object], timeout_s: float = 20) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a server.
            await asyncio.sleep(0.01)


async def is_saved_as_it_was(store: Store, call: ScriptedCall) -> None:
    saved = await store.call(call.call_id)
    assert [turn.text for turn in saved.turns] == call.said
    assert [turn.n for turn in saved.turns] == list(range(1, len(call.said) + 1))
    assert saved.end_reason == "completed"
    lead = await store.lead(call.record.lead_id)
    assert lead.fields == call.conversation.lead_document()
    assert {name: lead.fields[name]["value"] for name in call.sure} == call.sure


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.__name__)
async def test_calls_go_on_and_all_is_written_once_in_order_when_the_stores_are_back(
    outage: Callable[[Machine], AsyncIterator[None]], machine: Machine
) -> None:
    number = OUTAGES[outage]  # type: ignore[index]
    folder = journal_folder(machine.settings.data_dir)
    async with AsyncExitStack() as stack:
        store, live = await stack.enter_async_context(machine.process())
        _, others = await stack.enter_async_context(machine.process())
        await others.leases.expired()  # The watcher is up before.
        calls = [
            await stack.enter_async_context(
                held(machine.settings, store, live, call_id=uuid4().hex, holder=f"bot-{n}")
            )
            for n in range(number)
        ]
        for _ in range(TURNS_BEFORE):
            for call in calls:
                call.turn()
                await asyncio.sleep(0.02)  # The renewals' turn, as between two words.
        async with outage(machine):  # type: ignore[attr-defined]
            for _ in range(TURNS_AWAY):
                for call in calls:
                    call.turn()
                    await asyncio.sleep(0.02)
            over = calls[:OVER_WHILE_AWAY] if number == MANY else []
            going_on = calls[len(over) :]
            await asyncio.gather(*(call.end() for call in over))
            await no_call_is_taken(others.leases, going_on)
            # Longer than a lease lives.
            await asyncio.sleep(1.2 * live.leases.ttl_s)
            assert await others.leases.expired() == []
        for call in going_on:
            call.turn()
        watched = asyncio.create_task(named_as_lost(others.leases, seconds=2.5))
        await until(lambda: all(call.recorder.pending == 0 for call in going_on))  # type: ignore[union-attr]
        named = await watched
        assert not named & {call.call_id for call in going_on}
        assert not any(call.lease.lost.is_set() for call in calls)
        holders = [await others.leases.holder(call.call_id) for call in going_on]
        assert holders == [call.lease.holder for call in going_on]
        for call in going_on:
            while not call.conversation.done:
                call.turn()
                await asyncio.sleep(0.02)
        for call in going_on:
            await call.end()
    # What the calls that were over by then had left to the next process.
    async with machine.process() as (store, live):
        await replay_journals(store, folder)
        assert list(folder.glob("*")) == []
        for call in calls:
            await is_saved_as_it_was(store, call)
            assert await live.sessions.load(call.call_id) is None
        assert len(await store.leads()) == len(await store.calls()) == number
        assert (await replay_journals(store, folder)).written == 0


async def no_call_is_taken(leases: Leases, calls: list[ScriptedCall]) -> None:
    """Neither as a new call, by a repeated dispatch, nor with its session."""
    for call in calls:
        assert await leases.acquire(call.call_id, "thief", at_least=call.lease.token) is None


async def named_as_lost(leases: Leases, *, seconds: float) -> set[str]:
    """What a watch would dispatch again."""
    named: set[str] = set()
    try:
        async with asyncio.timeout(seconds):
            while True:
                named |= set(await leases.expired())
                await asyncio.sleep(0.05)
    except TimeoutError:
        return named
