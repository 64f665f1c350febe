"""Calls, turns and leads come back as they were saved, on both databases."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.config import Settings
from bot.records import Cost, CostLine, Latency, ProblemRecord, Rungs
from bot.storage.errors import AmbiguousIdError, ErasedError, UnknownIdError
from bot.storage.store import Store
from tests.integration.storage.conftest import settings_for
from tests.unit.storage.samples import (
    BEGAN,
    call_of,
    field_of,
    latency_of,
    lead_of,
    turn_of,
)

pytestmark = pytest.mark.integration


async def test_a_finished_call_comes_back_as_it_was(store: Store) -> None:
    call = call_of(
        ended_at=BEGAN + timedelta(minutes=2),
        end_reason="completed",
        resumed=1,
        turns=[
            turn_of(1, interrupted=True, heard_text="turn", rung=Rungs(llm="openai", tts="local")),
            turn_of(2, text="Zoë 🙂 “quoted” '); DROP TABLE calls;--"),
        ],
        latency=Latency(
            turns=[latency_of(1), latency_of(3, None)], p50_ms=5.5, p95_ms=6, missing=1
        ),
        cost=Cost(total_usd=0.0125, lines=[CostLine(service="tts", units=9, unit="s", usd=0.01)]),
        problems=[
            ProblemRecord(
                service="tts:elevenlabs", what="said nothing for 0.8 s", at_s=12.3, permanent=False
            )
        ],
    )
    await store.start_call(call_of(), lead_of())
    await store.finish_call(call, lead_of(score=90))
    assert await store.call("call-1") == call
    assert await store.lead("lead-1") == lead_of(score=90, revision=2)


async def test_a_call_without_problems_is_told_from_one_of_which_nothing_is_known(
    store: Store,
) -> None:
    await store.start_call(call_of(), lead_of())
    assert (await store.call("call-1")).problems is None
    await store.finish_call(call_of(ended_at=BEGAN, end_reason="completed", problems=[]), lead_of())
    assert (await store.call("call-1")).problems == []


async def test_times_keep_their_instant_whatever_their_offset(store: Store) -> None:
    there = datetime(2026, 3, 5, 20, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    await store.start_call(call_of(started_at=there), lead_of())
    saved = (await store.call("call-1")).started_at
    assert saved == there
    assert saved.utcoffset() == timedelta(0)


async def test_the_order_of_a_leads_fields_is_the_playbooks(store: Store) -> None:
    fields = {name: field_of(None, "open") for name in ("need", "budget", "name", "a", "z", "b")}
    await store.start_call(call_of(), lead_of(fields=fields))
    assert list((await store.lead("lead-1")).fields) == list(fields)


async def test_a_call_that_was_cut_off_shows_its_turns_and_no_end(store: Store) -> None:
    await store.start_call(call_of(), lead_of())
    for n in (1, 2, 3):
        await store.save_turn("call-1", turn_of(n), lead_of(score=n), latency_of(n, n * 100.0))
    call = await store.call("call-1")
    assert call.ended_at is None
    assert [turn.n for turn in call.turns] == [1, 2, 3]
    assert (call.latency.p50_ms, call.latency.p95_ms) == (200, 300)
    [listed] = await store.calls()
    assert (listed.call_id, listed.ended_at, listed.turns) == ("call-1", None, [])


async def test_a_turn_is_written_again_not_twice(store: Store) -> None:
    await store.start_call(call_of(), lead_of())
    await store.save_turn("call-1", turn_of(1, heard_text="hel"))
    await store.save_turn("call-1", turn_of(1, heard_text="hello"), latency=latency_of(1, 400))
    call = await store.call("call-1")
    assert [turn.heard_text for turn in call.turns] == ["hello"]
    assert [latency.voice_to_voice_ms for latency in call.latency.turns] == [400]


async def test_the_revision_counts_changes_of_the_lead_only(store: Store) -> None:
    await store.start_call(call_of(), lead_of())
    later = lead_of(updated_at=BEGAN + timedelta(hours=1))
    await store.save_turn("call-1", turn_of(1), later)
    await store.save_turn("call-1", turn_of(2))
    assert (await store.lead("lead-1")).revision == 1
    await store.save_turn("call-1", turn_of(3), lead_of(score=21))
    await store.save_turn("call-1", turn_of(4), lead_of(score=21))
    assert (await store.lead("lead-1")).revision == 2


async def test_writing_the_same_beginning_again_is_harmless(store: Store) -> None:
    await store.start_call(call_of(), lead_of())
    await store.save_turn("call-1", turn_of(1))
    await store.start_call(call_of(resumed=1), lead_of())
    call = await store.call("call-1")
    assert (call.resumed, len(call.turns)) == (1, 1)


async def test_many_writers_of_one_call_stand_in_line(store: Store) -> None:
    await store.start_call(call_of(), lead_of())
    await asyncio.gather(
        *(store.save_turn("call-1", turn_of(n), lead_of(score=100 + n)) for n in range(20))
    )
    assert len((await store.call("call-1")).turns) == 20
    assert (await store.lead("lead-1")).revision == 21


async def test_a_turn_of_an_unknown_call_is_an_error(store: Store) -> None:
    with pytest.raises(UnknownIdError, match="call-9"):
        await store.save_turn("call-9", turn_of(1))


async def test_lists_are_newest_first_limited_and_bounded_by_time(store: Store) -> None:
    for day in range(5):
        began = BEGAN + timedelta(days=day)
        await store.start_call(
            call_of(str(day), started_at=began), lead_of(str(day), created_at=began)
        )
    since = BEGAN + timedelta(days=1)
    assert [c.call_id for c in await store.calls(2, since)] == ["call-4", "call-3"]
    assert [c.call_id for c in await store.calls(9, since)][-1] == "call-1"
    assert [lead.lead_id for lead in await store.leads(2)] == ["lead-4", "lead-3"]
    assert len(await store.leads(9, since)) == 4


async def test_all_leads_come_page_by_page_each_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.storage.store._PAGE", 3)
    for n in range(8):
        began = BEGAN + timedelta(minutes=n // 3)  # Several have the same time.
        await store.start_call(call_of(str(n)), lead_of(str(n), created_at=began))
    ids = [lead.lead_id async for lead in store.all_leads()]
    assert ids == [f"lead-{n}" for n in reversed(range(8))]
    assert (await store.field_shapes())["budget"] == ["min", "max", "currency"]


async def test_an_id_may_be_shortened_to_what_is_unique(store: Store) -> None:
    for name in ("abc", "abd", "xyz", "xyz9"):
        await store.start_call(call_of(name), lead_of(name))
    assert (await store.lead("lead-abd")).lead_id == "lead-abd"
    assert (await store.call("call-abc")).call_id == "call-abc"
    assert (await store.lead("lead-xyz")).lead_id == "lead-xyz"
    with pytest.raises(AmbiguousIdError, match=r"lead-abc, lead-abd\)"):
        await store.lead("lead-ab")


@pytest.mark.parametrize("typed", ["nope", "", "%", "lead_", "a\0b", "\udcff"])
async def test_an_unknown_id_is_named(store: Store, typed: str) -> None:
    await store.start_call(call_of(), lead_of())
    with pytest.raises(UnknownIdError, match="leadline leads list"):
        await store.lead(typed)


async def test_sales_can_ask_for_fields_in_sql(store: Store) -> None:
    await store.start_call(call_of(), lead_of())
    await store.save_turn(
        "call-1", turn_of(1), lead_of(fields={"email": field_of("a@b.c", "heard")})
    )
    async with store._engine.connect() as connection:
        rows = await connection.execute(
            text("SELECT field, status, value_text FROM lead_fields ORDER BY position")
        )
        assert [tuple(row) for row in rows] == [("email", "heard", "a@b.c")]


async def test_another_process_reads_while_a_call_writes(store: Store, settings: Settings) -> None:
    await store.start_call(call_of(), lead_of())
    async with Store.opened(settings, writable=False) as reader:
        async with store._writing_engine.begin() as writing:
            await writing.execute(text("UPDATE calls SET resumed = 5"))
            assert [call.resumed for call in await reader.calls()] == [0]
        assert [call.resumed for call in await reader.calls()] == [5]


async def test_what_was_erased_is_not_shown_any_more(store: Store) -> None:
    await store.start_call(call_of("1"), lead_of("1"))
    await store.start_call(call_of("2"), lead_of("2"))
    assert await store.erase_lead("lead-1") == "lead-1"
    assert await store.erase_call("call-2") == "call-2"
    assert (await store.leads(), await store.calls()) == ([], [])
    for gone in (store.lead("lead-1"), store.call("call-1"), store.lead("lead-2")):
        with pytest.raises(ErasedError, match="erased on"):
            await gone


async def test_a_call_that_is_erased_while_it_runs_stays_erased(store: Store) -> None:
    await store.start_call(call_of(), lead_of())
    await store.erase_call("call-1")
    await store.save_turn("call-1", turn_of(1), lead_of(score=99))
    await store.finish_call(call_of(turns=[turn_of(1)]), lead_of(score=99))
    async with store._engine.connect() as connection:
        assert (await connection.scalar(text("SELECT count(*) FROM turns"))) == 0
        assert (await connection.scalar(text("SELECT count(*) FROM lead_fields"))) == 0
    with pytest.raises(ErasedError):
        await store.lead("lead-1")


async def test_a_database_in_memory_lasts_as_long_as_its_store(tmp_path: Path) -> None:
    async with Store.opened(settings_for(tmp_path, "sqlite://")) as store:
        await store.start_call(call_of(), lead_of())
        await asyncio.gather(*(store.save_turn("call-1", turn_of(n)) for n in range(1, 9)))
        assert len((await store.call("call-1")).turns) == 8
        await store.erase_call("call-1")
        assert await store.calls() == []
    assert list(tmp_path.iterdir()) == []
