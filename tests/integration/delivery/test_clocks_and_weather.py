"""A receiver that loses, delays and refuses at random, and clocks that jump: each lead, once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.delivery.outbox import Outbox
from bot.storage.store import Store
from tests.emulators.receiver import Answer, Receiver, Request, hang, lose, no_http, status
from tests.integration.delivery.conftest import (
    MakeSettings,
    VirtualClock,
    deliver,
    finished_call,
    outbox,
    states,
)

pytestmark = pytest.mark.integration

LEADS = 12
HOUR_S = 3600.0


def late(seconds: float) -> Answer:
    """Takes the lead, and says so when nobody waits for it any more."""

    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(seconds)
        await status(200)(request, writer)

    return answer


async def test_through_bad_weather_each_lead_arrives_and_is_applied_once_in_its_last_revision(
    make_settings: MakeSettings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    settings = make_settings(webhook_timeout_s=0.4, delivery_retry_longest_s=8)
    dice = random.Random(11)
    weather: list[Answer] = [
        lose,
        hang,
        late(0.6),
        no_http,
        status(500),
        status(503, retry_after="3"),
        status(429, retry_after="2"),
        status(302, location="http://169.254.169.254/"),
        status(200, b"<html>rubbish"),
    ]
    receiver.answers.extend(dice.choice(weather) for _ in range(3 * LEADS))
    for n in range(LEADS):
        await finished_call(store, str(n))
    async with Store.opened(settings) as second:
        for round_ in range(30):
            await asyncio.gather(deliver(settings, store, clock), deliver(settings, second, clock))
            if round_ == 1:  # Some have arrived by now, and some have not.
                for n in range(0, LEADS, 2):
                    await finished_call(store, str(n), score=90)
            clock.move(10)
            if set(await states(store)) <= {"delivered", "superseded"}:
                break
    newest = {row.lead_id: row.revision for row in await outbox(store)}
    # As the documented receiver does: each key once, and no revision that is not newer.
    kept: dict[str, int] = {}
    for key in dict.fromkeys(request.headers["idempotency-key"] for request in receiver.requests):
        lead = receiver.applied[key].lead
        kept[lead["lead_id"]] = max(lead["revision"], kept.get(lead["lead_id"], 0))
    assert kept == newest
    assert {f"lead-{n}": 2 - n % 2 for n in range(LEADS)} == newest
    assert len(receiver.requests) > len(receiver.applied)  # Some came twice, under their one key.


@pytest.mark.parametrize(
    "retry_after",
    [
        lambda: "60",
        lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True),
    ],
    ids=["seconds", "a date"],
)
async def test_too_many_requests_says_when(
    retry_after: Callable[[], str],
    make_settings: MakeSettings,
    store: Store,
    receiver: Receiver,
    clock: VirtualClock,
) -> None:
    async def answer(request: Request, writer: asyncio.StreamWriter) -> None:
        await status(429, retry_after=retry_after())(request, writer)

    receiver.answers.append(answer)
    await finished_call(store)
    await deliver(make_settings(), store, clock, chance=0.0)
    [row] = await outbox(store)
    assert row.next_attempt_at is not None
    assert 50 <= (row.next_attempt_at - clock.now).total_seconds() <= 60
    clock.move(61)
    await deliver(make_settings(), store, clock)
    assert await states(store) == ["delivered"]


async def test_gone_is_a_dead_letter_and_not_asked_again(
    make_settings: MakeSettings, store: Store, receiver: Receiver, clock: VirtualClock
) -> None:
    receiver.answers.append(status(410))
    await finished_call(store)
    for _ in range(3):
        await deliver(make_settings(), store, clock)
        clock.move(HOUR_S)
    assert await states(store) == ["dead"]
    assert len(receiver.requests) == 1


async def failed_once(store: Store, receiver: Receiver, settings: object, clock: object) -> None:
    receiver.answers.append(status(500))
    await finished_call(store)
    await deliver(settings, store, clock)  # type: ignore[arg-type]


async def abandoned(store: Store, receiver: Receiver, settings: object, clock: object) -> None:
    """Its deliverer died in the middle of the attempt."""
    await finished_call(store)
    assert await Outbox(store=store, clock=clock).claim("webhook", at_most=1, lease_s=40)  # type: ignore[arg-type]


async def new(store: Store, receiver: Receiver, settings: object, clock: object) -> None:
    """Nobody has tried it, and its row was dated by a machine that is two hours ahead."""
    await finished_call(store)
    clock.move(-2 * HOUR_S)  # type: ignore[attr-defined]


Situation = Callable[[Store, Receiver, object, object], Awaitable[None]]


@pytest.mark.parametrize("situation", [failed_once, abandoned, new])
@pytest.mark.parametrize("jump_s", [HOUR_S, -HOUR_S], ids=["forward", "back"])
async def test_a_clock_that_jumps_an_hour_delays_no_delivery_for_long(  # noqa: PLR0917
    jump_s: float,
    situation: Situation,
    make_settings: MakeSettings,
    store: Store,
    receiver: Receiver,
    clock: VirtualClock,
) -> None:
    settings = make_settings(delivery_retry_longest_s=60)
    await situation(store, receiver, settings, clock)
    clock.move(jump_s)
    clock.move(90)  # What is left to wait by any clock: the lease, the backoff.
    await deliver(settings, store, clock)
    assert await states(store) == ["delivered"]
    assert len(receiver.applied) == 1
