"""The recorder: the call goes on, whatever the database does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from loguru import logger

from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord
from bot.storage.errors import StorageError, StorageUnavailableError
from bot.storage.recorder import Recorder
from bot.storage.salvage import Remains, Salvage
from tests.unit.storage.samples import PERSONAL, call_of, latency_of, lead_of, turn_of


class FakeDatabase:
    """Notes what is written; can be away, hang, or refuse a turn for good."""

    def __init__(self) -> None:
        self.is_away = False
        self.answers = asyncio.Event()
        self.answers.set()
        self.refused_turns: set[int] = set()
        self.attempts = 0
        self.log: list[str] = []
        self.lead: LeadRecord | None = None
        self.turns: dict[int, TurnRecord] = {}
        self.tried = asyncio.Event()

    async def start_call(
        self, call: CallRecord, lead: LeadRecord, *, token: int | None = None
    ) -> None:
        await self._answer()
        self.log.append(f"start {call.call_id}")
        self.lead = lead

    async def save_turn(
        self,
        call_id: str,
        turn: TurnRecord,
        lead: LeadRecord | None = None,
        latency: TurnLatency | None = None,
        *,
        token: int | None = None,
    ) -> None:
        await self._answer()
        self._refuse([turn])
        self.log.append(f"turn {turn.n}")
        self.turns[turn.n] = turn
        self.lead = lead or self.lead

    async def finish_call(
        self, call: CallRecord, lead: LeadRecord, *, token: int | None = None
    ) -> None:
        await self._answer()
        self._refuse(call.turns)
        self.log.append(f"finish {call.end_reason}")
        self.lead = lead

    async def salvage(self, remains: Remains) -> Salvage:
        await self._answer()
        self.log.append(f"salvage {remains.call_id}")
        return Salvage.NOTHING_NEW

    async def _answer(self) -> None:
        self.attempts += 1
        self.tried.set()
        await self.answers.wait()
        if self.is_away:
            raise StorageUnavailableError("the database test refuses connections")

    def _refuse(self, turns: list[TurnRecord]) -> None:
        if self.refused_turns & {turn.n for turn in turns}:
            raise StorageError("the database test refused a record (DataError)")


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, level="TRACE", diagnose=True, backtrace=True)
    yield lines
    logger.remove(sink)


def recorder_to(database: FakeDatabase, flush_timeout_s: float = 5.0) -> Recorder:
    return Recorder(
        store=database, flush_timeout_s=flush_timeout_s, retry_first_s=0.001, retry_longest_s=0.01
    )


async def test_a_call_is_written_in_order() -> None:
    database = FakeDatabase()
    async with recorder_to(database) as recorder:
        recorder.start(call_of(), lead_of())
        recorder.turn(turn_of(1), lead_of(score=1), latency_of(1))
        recorder.turn(turn_of(2), lead_of(score=2))
        assert await recorder.finish(call_of(end_reason="completed"), lead_of(score=3))
    assert database.log == ["start call-1", "turn 1", "turn 2", "finish completed"]
    assert database.lead == lead_of(score=3)


async def test_what_was_handed_over_is_what_is_written_though_the_caller_changes_it() -> None:
    database = FakeDatabase()
    lead = lead_of()
    async with recorder_to(database) as recorder:
        recorder.start(call_of(), lead)
        lead.fields["name"]["value"] = "changed"
        await recorder.flush()
    assert database.lead == lead_of()


async def test_a_database_that_hangs_does_not_hold_up_the_call() -> None:
    database = FakeDatabase()
    database.answers.clear()
    async with recorder_to(database) as recorder:
        recorder.start(call_of(), lead_of())
        await database.tried.wait()
        for n in range(1, 6):
            recorder.turn(turn_of(n), lead_of(score=n))
        assert recorder.pending == 6
        database.answers.set()
        assert await recorder.flush()
    assert database.log == ["start call-1", *(f"turn {n}" for n in range(1, 6))]
    assert database.lead == lead_of(score=5)


async def test_a_database_that_was_away_gets_everything_once_when_it_is_back() -> None:
    database = FakeDatabase()
    database.is_away = True
    async with recorder_to(database) as recorder:
        recorder.start(call_of(), lead_of())
        recorder.turn(turn_of(1), lead_of(score=1))
        while database.attempts < 3:
            database.tried.clear()
            await database.tried.wait()
        assert database.log == []
        database.is_away = False
        assert await recorder.finish(call_of(end_reason="caller_left"), lead_of(score=9))
    assert database.log == ["start call-1", "turn 1", "finish caller_left"]


async def test_a_turn_that_is_refused_for_good_costs_neither_the_others_nor_the_lead(
    log: list[str],
) -> None:
    database = FakeDatabase()
    database.refused_turns = {1}
    async with recorder_to(database) as recorder:
        recorder.start(call_of(), lead_of(score=0))
        recorder.turn(turn_of(1), lead_of(score=1))
        await recorder.flush()
        recorder.turn(turn_of(2))
        await recorder.flush()
        assert database.lead == lead_of(score=1)
        end = call_of(end_reason="completed", turns=[turn_of(1), turn_of(2)])
        assert await recorder.finish(end, lead_of(score=2))
    assert database.log == ["start call-1", "turn 2", "finish completed"]
    assert database.lead == lead_of(score=2)
    assert any("not saved" in line for line in log)


async def test_an_end_that_cannot_be_written_in_time_is_reported_not_raised(
    log: list[str],
) -> None:
    database = FakeDatabase()
    database.is_away = True
    async with recorder_to(database, flush_timeout_s=0.05) as recorder:
        recorder.start(call_of(), lead_of())
        assert not await recorder.finish(call_of(), lead_of())
        assert recorder.pending == 2
    assert any("not in the database" in line for line in log)


async def test_nothing_that_the_caller_said_is_logged(log: list[str]) -> None:
    database = FakeDatabase()
    database.is_away = True
    database.refused_turns = {1}
    async with recorder_to(database, flush_timeout_s=0.05) as recorder:
        recorder.start(call_of(), lead_of())
        recorder.turn(turn_of(1), lead_of())
        await recorder.flush()
        database.is_away = False
        await recorder.flush()
    assert log
    assert not [line for line in log if any(word in line for word in PERSONAL)]


async def test_a_turn_before_the_beginning_is_logged_not_raised(log: list[str]) -> None:
    async with recorder_to(FakeDatabase()) as recorder:
        recorder.turn(turn_of(1))
    assert any("start" in line for line in log)
