"""A caller who sits without a bot is found within 5 s; one whose call is over is left in peace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from bot.fleet.dispatch import dispatch_metadata
from bot.fleet.lonely import (
    ALARM_AFTER,
    ASK_AGAIN_S,
    LOOK_EVERY_S,
    AskedFor,
    LonelyCallers,
    RoomWithoutBot,
)
from bot.storage.store import Store
from tests.integration.storage.conftest import settings_for
from tests.unit.fleet.rig import Fleet, session_of
from tests.unit.storage.samples import BEGAN, call_of, lead_of

FOUND_WITHIN_S = 5.0
CALLER = "caller-1"


class Rooms:
    """What LiveKit says of its rooms."""

    def __init__(self) -> None:
        self.lonely: list[RoomWithoutBot] = []

    async def without_a_bot(self) -> list[RoomWithoutBot]:
        return list(self.lonely)

    def sits(self, *asked_for: AskedFor, caller: str = CALLER, room: str = "room-1") -> None:
        self.lonely = [RoomWithoutBot(name=room, callers=frozenset({caller}), asked_for=asked_for)]


def asked_for(call_id: str | None = "call-1", *, was_taken: bool = False, **more: Any) -> AskedFor:
    metadata = (
        dispatch_metadata(call_id=call_id, playbook="b2b-software", metadata=None, **more)
        if call_id is not None
        else ""
    )
    return AskedFor(dispatch_id="AD_7", metadata=metadata, was_taken=was_taken)


class Lonely:
    """One look-out over one fleet, by a clock that is set by hand."""

    def __init__(self, store: Store) -> None:
        self.fleet = Fleet()
        self.store = store
        self.rooms = Rooms()
        self.callers = LonelyCallers(
            rooms=self.rooms,
            leases=self.fleet.leases,
            sessions=self.fleet.sessions,
            store=store,
            dispatcher=self.fleet.dispatcher,
            holder="worker-1",
            clock=self.fleet.clock,
            wall_clock=self.fleet.clock,
        )

    @property
    def asked(self) -> list[tuple[str, str | None]]:
        return self.fleet.dispatcher.asked

    async def look_for(self, seconds: float) -> None:
        until = self.fleet.clock.now + seconds
        while self.fleet.clock.now < until:
            self.fleet.clock.now += LOOK_EVERY_S
            await self.callers.look()


@pytest.fixture
async def lonely(tmp_path: Path) -> AsyncIterator[Lonely]:
    async with Store.opened(settings_for(tmp_path)) as store:
        yield Lonely(store)


async def test_a_dispatch_that_was_lost_is_made_again_within_five_seconds(lonely: Lonely) -> None:
    lonely.rooms.sits(asked_for("call-1"))
    await lonely.look_for(FOUND_WITHIN_S)
    assert lonely.asked == [("room-1", "call-1")]


async def test_a_bot_that_is_on_its_way_is_not_asked_for_twice(lonely: Lonely) -> None:
    lonely.rooms.sits(asked_for("call-1"))
    await lonely.look_for(2.0)
    lease = await lonely.fleet.leases.acquire("call-1", "bot-1")
    assert lease is not None
    await lonely.callers.look()
    lonely.rooms.lonely = []
    await lonely.look_for(10.0)
    assert lonely.asked == []
    await lease.release()


async def test_a_call_that_lost_its_lease_with_all_of_redis_is_resumed(lonely: Lonely) -> None:
    await lonely.fleet.sessions.save(session_of("call-1", token=3))
    lonely.rooms.sits(asked_for("call-1", was_taken=True))
    await lonely.look_for(FOUND_WITHIN_S)
    assert lonely.asked == [("room-1", "call-1")]


async def test_after_a_restart_of_livekit_the_session_says_whose_room_it_is(lonely: Lonely) -> None:
    await lonely.fleet.sessions.save(session_of("call-1", token=3))
    lonely.rooms.sits()
    await lonely.look_for(FOUND_WITHIN_S)
    assert lonely.asked == [("room-1", "call-1")]


async def test_a_caller_who_dropped_and_is_back_gets_the_old_call(lonely: Lonely) -> None:
    left = session_of("call-1", token=3, ended="caller_left", caller_id=CALLER)
    await lonely.fleet.sessions.save(left)
    lonely.rooms.sits(asked_for("call-1", was_taken=True))
    await lonely.look_for(FOUND_WITHIN_S)
    assert lonely.asked == [("room-1", "call-1")]


async def test_somebody_else_in_the_room_of_a_call_that_is_over_is_left_alone(
    lonely: Lonely,
) -> None:
    left = session_of("call-1", token=3, ended="caller_left", caller_id=CALLER)
    await lonely.fleet.sessions.save(left)
    lonely.rooms.sits(asked_for("call-1", was_taken=True), caller="somebody-else")
    await lonely.look_for(30.0)
    assert lonely.asked == []


async def test_who_stays_in_the_room_after_the_goodbye_is_left_alone(lonely: Lonely) -> None:
    await lonely.store.finish_call(call_of(ended_at=BEGAN, end_reason="completed"), lead_of())
    lonely.rooms.sits(asked_for("call-1", was_taken=True))
    await lonely.look_for(30.0)
    assert lonely.asked == []


async def test_who_was_told_that_all_are_busy_gets_no_late_bot(lonely: Lonely) -> None:
    lonely.rooms.sits(asked_for("call-1", until=lonely.fleet.clock.now + 1))
    await lonely.look_for(30.0)
    assert lonely.asked == []


async def test_a_room_that_is_none_of_ours_is_none_of_ours(lonely: Lonely) -> None:
    lonely.rooms.sits(room="standup")
    await lonely.look_for(30.0)
    lonely.rooms.sits(AskedFor(dispatch_id="AD_1", metadata='{"playbook": 7}', was_taken=True))
    await lonely.look_for(30.0)
    assert lonely.asked == []


async def test_a_dispatch_by_livekits_own_tools_is_repeated_under_its_own_id(
    lonely: Lonely,
) -> None:
    lonely.rooms.sits(asked_for(None))
    await lonely.look_for(FOUND_WITHIN_S)
    assert lonely.asked == [("room-1", "AD_7")]
    lonely.rooms.sits(asked_for(None, was_taken=True), room="room-2")
    await lonely.look_for(30.0)
    assert lonely.asked == [("room-1", "AD_7")]


async def test_a_fleet_that_takes_nothing_is_asked_now_and_then_and_it_is_an_alarm(
    lonely: Lonely,
) -> None:
    alarms: list[str] = []
    sink = logger.add(lambda message: alarms.append(str(message)), level="ERROR")
    lonely.rooms.sits(asked_for("call-1"))
    await lonely.look_for(FOUND_WITHIN_S + (ALARM_AFTER - 1) * ASK_AGAIN_S)
    logger.remove(sink)
    assert lonely.asked == [("room-1", "call-1")] * ALARM_AFTER
    assert len(alarms) == 1
    assert "ALARM" in alarms[0]
    assert "call-1" in alarms[0]


async def test_of_two_workers_one_asks(lonely: Lonely) -> None:
    lonely.rooms.sits(asked_for("call-1"))
    other = await lonely.fleet.leases.lock("dispatch:call-1", "worker-2")
    assert other is not None
    lonely.fleet.clock.now += 0.1
    await lonely.callers.look()
    lonely.fleet.clock.now += 3.5
    again = await lonely.fleet.leases.lock("dispatch:call-1", "worker-2")
    assert again is not None
    await lonely.callers.look()
    assert lonely.asked == []
    for lock in (other, again):
        await lock.release()
