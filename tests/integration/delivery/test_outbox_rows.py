"""A row in the outbox is written with the lead, once a call is over, and for what comes later."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bot.config import Settings
from bot.delivery.deliverer import Deliverer
from bot.errors import UsageError
from bot.storage import outbox as outbox_table
from bot.storage.store import Store
from tests.emulators.receiver import Receiver
from tests.integration.delivery.conftest import (
    MakeSettings,
    VirtualClock,
    deliver,
    finished_call,
    outbox,
    states,
)
from tests.unit.storage.samples import BEGAN, call_of, lead_of, turn_of

pytestmark = pytest.mark.integration


async def test_nothing_is_sent_while_the_call_runs(store: Store) -> None:
    await store.start_call(call_of(), lead_of())
    await store.save_turn("call-1", turn_of(1), lead_of(score=30))
    assert await outbox(store) == []


async def test_the_end_of_the_call_puts_its_lead_into_the_outbox_once(store: Store) -> None:
    await store.start_call(call_of(), lead_of())
    lead = await finished_call(store)
    await finished_call(store)  # Written again, as after a lost answer of the database.
    rows = await outbox(store)
    assert [(r.lead_id, r.revision, r.target) for r in rows] == [("lead-1", 1, "webhook")]
    assert lead.revision == 1


async def test_a_later_revision_goes_out_too_and_an_unchanged_lead_does_not(
    store: Store, settings: Settings, receiver: Receiver, clock: VirtualClock
) -> None:
    await finished_call(store)
    await deliver(settings, store, clock)
    await store.save_turn("call-1", turn_of(9), lead_of())
    await store.save_turn("call-1", turn_of(9), lead_of(summary="Came late."))
    await deliver(settings, store, clock)
    assert [request.lead["revision"] for request in receiver.requests] == [1, 2]
    assert receiver.requests[1].lead["summary"] == "Came late."
    ids = [request.headers["idempotency-key"] for request in receiver.requests]
    assert len(set(ids)) == 2


async def test_the_row_and_the_lead_are_one_transaction(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.start_call(call_of(), lead_of())

    async def fail(*_: object, **__: object) -> None:
        raise RuntimeError("killed here")

    monkeypatch.setattr(outbox_table, "enqueue", fail)
    with pytest.raises(RuntimeError):
        await finished_call(store, score=99)
    monkeypatch.undo()
    assert (await store.lead("lead-1")).score == 20
    assert (await store.call("call-1")).ended_at is None
    assert await outbox(store) == []


async def test_a_later_revision_overtakes_an_undelivered_earlier_one(
    store: Store, settings: Settings, receiver: Receiver, clock: VirtualClock
) -> None:
    await finished_call(store)
    await finished_call(store, score=50)
    await finished_call(store, score=60)
    assert await states(store) == ["superseded", "superseded", "pending"]
    await deliver(settings, store, clock)
    clock.move(86_400)
    await deliver(settings, store, clock)
    assert [request.lead["score"] for request in receiver.requests] == [60]


async def test_a_lead_that_moved_on_in_a_resumed_call_goes_out_as_it_is(
    store: Store, settings: Settings, receiver: Receiver, clock: VirtualClock
) -> None:
    await finished_call(store)
    await store.start_call(call_of(resumed=1), lead_of())
    await store.save_turn("call-1", turn_of(3), lead_of(score=77))
    await deliver(settings, store, clock)
    request = receiver.requests[0]
    assert request.lead["score"] == 77
    assert request.headers["leadline-revision"] == "2" == str(request.lead["revision"])
    assert await states(store) == ["superseded", "delivered"]
    await finished_call(store, score=77)
    await deliver(settings, store, clock)
    assert len(receiver.requests) == 1


async def test_an_erased_lead_reaches_nobody_any_more(
    store: Store, settings: Settings, receiver: Receiver, clock: VirtualClock
) -> None:
    await finished_call(store, "1")
    await finished_call(store, "2")
    await store.erase_lead("lead-1")
    await deliver(settings, store, clock)
    assert [request.lead["lead_id"] for request in receiver.requests] == ["lead-2"]
    await store.erase_lead("lead-2")
    assert [(row.lead_id, row.state) for row in await outbox(store)] == [("lead-2", "delivered")]


async def test_a_call_that_never_ended_is_delivered_when_it_cannot_run_any_more(
    store: Store, settings: Settings, receiver: Receiver, clock: VirtualClock
) -> None:
    now = clock.now
    await store.start_call(call_of("old"), lead_of("old", updated_at=now - timedelta(hours=2)))
    await store.start_call(call_of("new"), lead_of("new", updated_at=now - timedelta(minutes=5)))
    deliverer = Deliverer(settings, store, clock=clock)
    assert await deliverer.sweep() == 1
    assert await deliverer.sweep() == 0
    await deliverer.drain(timeout_s=30)
    await deliverer.aclose()
    assert [request.lead["lead_id"] for request in receiver.requests] == ["lead-old"]


async def test_a_lead_of_a_process_without_targets_is_found(
    store: Store, settings: Settings, clock: VirtualClock
) -> None:
    bare = settings.model_copy(update={"webhook_url": None, "webhook_secret": None})
    bare.__dict__.pop("webhooks", None)
    bare.__dict__.pop("delivery_targets", None)
    async with Store.opened(bare) as other:
        ended = clock.now - timedelta(minutes=2)
        await other.finish_call(call_of("1", ended_at=ended), lead_of("1"))
        await other.finish_call(call_of("2", ended_at=BEGAN), lead_of("2"))
    assert await outbox(store) == []
    deliverer = Deliverer(settings, store, clock=clock)
    assert await deliverer.sweep() == 1
    await deliverer.aclose()
    assert [row.lead_id for row in await outbox(store)] == ["lead-1"]


async def test_a_playbook_chooses_among_the_targets_and_other_processes_know_it(
    make_settings: MakeSettings, tmp_path: Path, clock: VirtualClock
) -> None:
    settings = make_settings(delivery_jsonl=tmp_path / "leads.jsonl")
    async with Store.opened(settings) as store:
        store.route("b2b-software", ["jsonl"])
        await store.start_call(call_of(), lead_of())
    # Another process, perhaps with the journal of the first.
    async with Store.opened(settings) as store:
        await finished_call(store, "1")
        await finished_call(store, "2", playbook="other")
        found = [(row.lead_id, row.target) for row in await outbox(store)]
        assert found == [("lead-1", "jsonl"), ("lead-2", "jsonl"), ("lead-2", "webhook")]
        store.route("b2b-software", [])
        call = call_of("3", ended_at=clock.now)
        await store.finish_call(call, lead_of("3"))
        deliverer = Deliverer(settings, store, clock=clock)
        assert await deliverer.sweep() == 0
        await deliverer.aclose()
        store.route("b2b-software", None)
        await finished_call(store, "4")
        assert [r.target for r in await outbox(store) if r.lead_id == "lead-4"] == [
            "jsonl",
            "webhook",
        ]
        with pytest.raises(UsageError, match=r"deliver_to.*'crm'.*webhook, jsonl"):
            store.route("b2b-software", ["crm"])
