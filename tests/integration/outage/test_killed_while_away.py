"""kill -9 of a bot while Redis and Postgres are away: the next one goes on, and all is written."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from bot.storage.journal import journal_folder
from bot.storage.replay import replay_journals
from tests.integration.outage.conftest import Machine
from tests.integration.outage.scripted_call import held
from tests.integration.outage.test_outages import (
    both_hanging,
    both_killed_and_redis_empty_after,
    is_saved_as_it_was,
)
from tests.integration.storage.conftest import environment_of

pytestmark = pytest.mark.integration

CALLS = 3


@pytest.mark.parametrize(
    "outage", [both_killed_and_redis_empty_after, both_hanging], ids=lambda outage: outage.__name__
)
async def test_the_next_process_knows_what_was_said_in_the_outage(
    outage: Any, machine: Machine
) -> None:
    calls = [uuid4().hex for _ in range(CALLS)]
    folder = journal_folder(machine.settings.data_dir)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.integration.outage.bot_process", *calls),
        env=environment_of(machine.settings) | {"REDIS_URL": machine.settings.redis_url or ""},
        cwd=Path(__file__).parents[3],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )

    async def turn(number: int) -> dict[str, dict[str, Any]]:
        assert process.stdin is not None
        assert process.stdout is not None
        sure: dict[str, dict[str, Any]] = {}
        for _ in range(number):
            process.stdin.write(b"turn\n")
            sure = json.loads(await process.stdout.readline())
        return sure

    assert process.stdout is not None
    await process.stdout.readline()
    before = await turn(3)
    async with outage(machine):
        sure = await turn(4)
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert all(len(sure[call_id]) > len(before[call_id]) for call_id in calls)
    assert sorted(path.name.split("-")[0] for path in folder.glob("*.journal")) == sorted(calls)
    async with AsyncExitStack() as stack:
        store, live = await stack.enter_async_context(machine.process())
        bots = []
        for call_id in calls:
            await live.leases.break_off(call_id, f"first-{call_id}")
            bots.append(
                await stack.enter_async_context(
                    held(machine.settings, store, live, call_id=call_id, holder=f"next-{call_id}")
                )
            )
        # Nothing that was sure is asked again.
        assert {bot.call_id: bot.sure for bot in bots} == sure
        assert all(bot.record.resumed == 1 for bot in bots)
        await replay_journals(store, folder)
        for bot in bots:
            while not bot.conversation.done:
                bot.turn()
            await bot.end()
    async with machine.process() as (store, _):
        await replay_journals(store, folder)
        for bot in bots:
            await is_saved_as_it_was(store, bot)
        assert len(await store.leads()) == len(await store.calls()) == CALLS
    assert list(folder.glob("*.journal")) == []


async def test_a_call_that_ended_while_redis_was_away_is_not_called_back(machine: Machine) -> None:
    from bot.fleet.undertaker import StoredUndertaker

    async with machine.process() as (store, live):
        async with held(
            machine.settings, store, live, call_id=(call_id := uuid4().hex), holder="a"
        ) as call:
            call.turn()
            assert await call.tenure._checkpoints.flush()  # type: ignore[union-attr]
            stale = await live.sessions.load(call_id)
            assert stale is not None
            machine.valkey.pause()
            while not call.conversation.done:
                call.turn()
            await call.end()
        machine.valkey.resume()
        assert await live.sessions.load(call_id) is None  # Whom a watch would call back.
        # Also a watch that knew the old session does not end the call a second time.
        undertaker = StoredUndertaker(
            settings=machine.settings, store=store, sessions=live.sessions
        )
        await undertaker.bury(stale.model_copy(update={"token": stale.token + 1}))
        await is_saved_as_it_was(store, call)
