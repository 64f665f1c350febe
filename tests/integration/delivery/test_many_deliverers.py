"""Any number of deliverers: each row once; a killed one costs nothing but a second request."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bot.config import Settings
from bot.delivery.deliverer import Deliverer
from bot.delivery.outbox import Outbox
from bot.storage.store import Store
from tests.emulators.receiver import Receiver, hang, status
from tests.integration.delivery.conftest import (
    SECRET,
    MakeSettings,
    VirtualClock,
    deliver,
    finished_call,
    outbox,
    states,
)
from tests.integration.storage.conftest import environment_of

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


async def test_two_deliverers_at_once_deliver_each_row_once(
    settings: Settings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    for n in range(20):
        await finished_call(store, str(n))
    async with Store.opened(settings) as second:
        await asyncio.gather(deliver(settings, store, clock), deliver(settings, second, clock))
    counts = Counter(request.headers["webhook-id"] for request in receiver.requests)
    assert len(counts) == 20
    assert set(counts.values()) == {1}
    assert await states(store) == ["delivered"] * 20


async def test_a_claimed_row_is_nobody_elses_until_its_lease_ends(
    store: Store, clock: VirtualClock
) -> None:
    await finished_call(store)
    outbox_ = Outbox(store=store, clock=clock)
    [claim] = await outbox_.claim("webhook", at_most=5, lease_s=40)
    assert await outbox_.claim("webhook", at_most=5, lease_s=40) == []
    assert await outbox_.has_work(["webhook"]) == set()
    clock.move(41)
    [again] = await outbox_.claim("webhook", at_most=5, lease_s=40)
    assert again.parcel.delivery_id == claim.parcel.delivery_id
    assert again.parcel.attempt == 2
    # The first one wakes up: its failure changes nothing for the second.
    await outbox_.dead(claim, "late")
    assert await states(store) == ["pending"]
    await outbox_.delivered(again, "answered 200")
    assert await states(store) == ["delivered"]


async def test_while_an_earlier_revision_is_being_sent_the_later_one_waits(
    store: Store, clock: VirtualClock
) -> None:
    await finished_call(store)
    outbox_ = Outbox(store=store, clock=clock)
    [first] = await outbox_.claim("webhook", at_most=5, lease_s=1000)
    await finished_call(store, score=50)
    assert await outbox_.claim("webhook", at_most=5, lease_s=1000) == []
    await outbox_.retry_later(first, "answered 500", wait_s=1)
    assert await states(store) == ["superseded", "pending"]
    [second] = await outbox_.claim("webhook", at_most=5, lease_s=1000)
    assert second.parcel.revision == 2


async def test_an_abandoned_earlier_revision_is_not_sent_after_a_later_one(
    settings: Settings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    await finished_call(store)
    outbox_ = Outbox(store=store, clock=clock)
    assert await outbox_.claim("webhook", at_most=5, lease_s=300)
    await finished_call(store, score=50)
    clock.move(301)
    await deliver(settings, store, clock)
    await deliver(settings, store, clock)
    assert [request.lead["score"] for request in receiver.requests] == [50]
    assert await states(store) == ["superseded", "delivered"]


async def test_a_target_that_hangs_holds_up_no_other(
    make_settings: MakeSettings, receiver: Receiver, clock: VirtualClock
) -> None:
    async with Receiver(otherwise=hang) as hanging:
        settings = make_settings(
            webhook_url=f"hanging={hanging.url},{receiver.url}", webhook_timeout_s=20
        )
        async with Store.opened(settings) as store:
            for n in range(12):
                await finished_call(store, str(n))
            async with Deliverer(settings, store, clock=clock).running(drain_s=0.5):
                await receiver.has(12)
                await hanging.has(4)
            assert len(hanging.requests) == 4  # Its bound.
            # Given back at the end: they are due at once, for the next deliverer.
            assert await Outbox(store=store, clock=clock).has_work(["hanging", "webhook-2"]) == {
                "hanging"
            }


async def test_beside_calls_a_lead_goes_out_without_being_asked_for(
    settings: Settings, store: Store, receiver: Receiver
) -> None:
    async with Deliverer(settings, store, poll_s=0.05).running():
        await finished_call(store)
        await receiver.has(1)
    assert await states(store) == ["delivered"]


async def test_a_database_that_goes_away_does_not_end_the_deliverer(
    settings: Settings, store: Store, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.storage.errors import StorageUnavailableError

    asked = asyncio.Event()

    async def away(*_: object, **__: object) -> None:
        asked.set()
        raise StorageUnavailableError("the database is away")

    await finished_call(store)
    monkeypatch.setattr(Outbox, "claim", away)
    async with Deliverer(settings, store, poll_s=0.05).running():
        await asked.wait()
        monkeypatch.undo()
        await receiver.has(1)
    assert await states(store) == ["delivered"]


_DELIVER = """
import asyncio, os, signal
from bot.config import load_settings
from bot.delivery.deliverer import Deliverer
from bot.delivery.outbox import Outbox
from bot.storage.store import Store

async def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)

async def main():
    Outbox.delivered = killed
    settings = load_settings()
    async with Store.opened(settings) as store:
        await Deliverer(settings, store).drain(timeout_s=60)

asyncio.run(main())
"""


async def test_kill_9_between_the_request_and_the_mark_delivers_again_with_the_same_id(
    settings: Settings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    await finished_call(store)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _DELIVER),
        env=environment_of(settings) | _webhook(receiver),
        cwd=ROOT,
    )
    assert await process.wait() == -signal.SIGKILL
    assert len(receiver.requests) == 1
    [row] = await outbox(store)
    assert row.state == "pending"
    clock.move(3600)
    await deliver(settings, store, clock)
    first, second = receiver.requests
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert second.headers["leadline-attempt"] == "2"
    assert len(receiver.applied) == 1
    assert await states(store) == ["delivered"]


async def test_the_command_delivers_what_is_due_and_its_exit_code_says_whether_it_could(
    settings: Settings, store: Store, receiver: Receiver
) -> None:
    receiver.answers.append(status(500))
    await finished_call(store, "1")
    failed = await _command(settings, receiver)
    assert failed.returncode == 1
    assert "1 of 1 attempts failed" in failed.stderr
    assert "127.0.0.1" not in failed.stderr
    await finished_call(store, "2")
    done = await _command(settings, receiver)
    assert '"delivered": ' in done.stdout
    assert (await states(store)).count("delivered") >= 1


def _webhook(receiver: Receiver) -> dict[str, str]:
    return {
        "LEADLINE_WEBHOOK_URL": receiver.url,
        "LEADLINE_WEBHOOK_SECRET": SECRET,
        "LEADLINE_WEBHOOK_ALLOW_PRIVATE": "true",
        "LEADLINE_ENV_FILE": os.devnull,
    }


async def _command(settings: Settings, receiver: Receiver) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bot", "deliveries", "run", "--once", "--json"]
    process = await asyncio.create_subprocess_exec(
        *command,
        env=environment_of(settings) | _webhook(receiver),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return subprocess.CompletedProcess(command, process.returncode or 0, out.decode(), err.decode())
