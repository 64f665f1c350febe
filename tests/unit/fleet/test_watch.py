"""A call that lost its bot gets another one; a call that is over is let be."""

from __future__ import annotations

import pytest
from loguru import logger

from bot.fleet.watch import ALARM_AFTER, CONFIRM_WITHIN_S, FORGET_AFTER_S, SLOW_CONFIRM_S
from tests.unit.fleet.rig import REJOIN_GRACE_S, Fleet, session_of


async def test_a_call_with_a_living_bot_is_let_be() -> None:
    fleet = Fleet()
    lease = await fleet.bot()
    await lease._renew_once()
    await fleet.watch.look()
    assert fleet.dispatcher.asked == []
    await lease.release()


async def test_a_lost_host_is_noticed_by_the_lease_and_its_call_dispatched_again() -> None:
    fleet = Fleet()
    await fleet.settle()
    await fleet.kill(await fleet.bot())
    await fleet.look_after(2.0)
    assert fleet.dispatcher.asked == [("room-1", "call-1")]


async def test_a_dead_process_is_replaced_at_once_when_its_parent_knows() -> None:
    fleet = Fleet()
    await fleet.kill(await fleet.bot())
    await fleet.watch.bot_died("call-1", "bot-1", room="room-1")
    assert fleet.dispatcher.asked == [("room-1", "call-1")]


async def test_a_process_that_died_before_its_first_checkpoint_is_replaced() -> None:
    fleet = Fleet()
    await fleet.kill(await fleet.bot())
    await fleet.sessions.delete("call-1")
    await fleet.watch.bot_died("call-1", "bot-1", room="room-1")
    assert fleet.dispatcher.asked == [("room-1", "call-1")]


async def test_a_process_that_died_after_its_lease_had_run_out_is_replaced() -> None:
    fleet = Fleet()
    await fleet.kill(await fleet.bot())
    fleet.clock.now += fleet.leases.ttl_s + 0.1
    await fleet.watch.bot_died("call-1", "bot-1", room="room-1")
    assert fleet.dispatcher.asked == [("room-1", "call-1")]


async def test_a_call_whose_session_is_not_there_yet_is_not_forgotten_at_once() -> None:
    fleet = Fleet()
    await fleet.settle()
    lease = await fleet.bot()
    await fleet.sessions.delete("call-1")
    await fleet.kill(lease)
    await fleet.look_after(3.0)
    await fleet.sessions.save(session_of("call-1", token=lease.token))
    await fleet.look_after(0.5)
    assert fleet.dispatcher.asked == [("room-1", "call-1")]


async def test_a_call_that_never_has_a_session_is_forgotten_in_the_end() -> None:
    fleet = Fleet()
    await fleet.settle()
    lease = await fleet.bot()
    await fleet.sessions.delete("call-1")
    await fleet.kill(lease)
    await fleet.look_after(3.0 + FORGET_AFTER_S)
    assert await fleet.leases.expired() == []


async def test_the_next_look_does_not_ask_again_for_a_bot_that_the_parent_has_asked_for() -> None:
    fleet = Fleet()
    await fleet.settle()
    await fleet.kill(await fleet.bot())
    await fleet.watch.bot_died("call-1", "bot-1", room="room-1")
    await fleet.look_after(CONFIRM_WITHIN_S - 0.1)
    assert len(fleet.dispatcher.asked) == 1


async def test_while_one_asks_for_a_bot_no_other_watch_does() -> None:
    fleet = Fleet()
    await fleet.kill(await fleet.bot())
    await fleet.watch.bot_died("call-1", "bot-1", room="room-1")
    assert await fleet.leases.lock("dispatch:call-1", "watch-2") is None
    fleet.clock.now += fleet.leases.ttl_s + 0.1
    other = await fleet.leases.lock("dispatch:call-1", "watch-2")
    assert other is not None
    await other.release()


async def test_a_process_that_ended_after_its_call_is_not_replaced() -> None:
    fleet = Fleet()
    lease = await fleet.bot()
    await lease.release()
    await fleet.watch.bot_died("call-1", "bot-1", room="room-1")
    assert fleet.dispatcher.asked == []


async def test_a_process_whose_call_went_on_elsewhere_is_not_replaced() -> None:
    fleet = Fleet()
    first = await fleet.bot()
    await fleet.kill(first)
    await fleet.leases.break_off("call-1", "bot-1")
    second = await fleet.bot(holder="bot-2")
    await fleet.watch.bot_died("call-1", "bot-1", room="room-1")
    assert fleet.dispatcher.asked == []
    await second.release()


async def test_a_dispatch_that_nobody_took_is_repeated() -> None:
    fleet = Fleet()
    await fleet.settle()
    await fleet.kill(await fleet.bot())
    await fleet.look_after(2.0)
    await fleet.look_after(CONFIRM_WITHIN_S + 0.3)
    assert len(fleet.dispatcher.asked) == 2


async def test_a_dispatch_that_was_taken_is_not_repeated() -> None:
    fleet = Fleet()
    await fleet.settle()
    await fleet.kill(await fleet.bot())
    await fleet.look_after(2.0)
    second = await fleet.bot(holder="bot-2")
    for _ in range(20):
        fleet.clock.now += 0.25
        await second._renew_once()
        await fleet.watch.look()
    assert len(fleet.dispatcher.asked) == 1
    await second.release()


async def test_livekit_that_is_down_is_asked_again_until_it_is_back() -> None:
    fleet = Fleet()
    fleet.dispatcher.is_down = True
    await fleet.settle()
    await fleet.kill(await fleet.bot())
    await fleet.look_after(2.0)
    fleet.dispatcher.is_down = False
    await fleet.look_after(CONFIRM_WITHIN_S + 0.3)
    assert len(fleet.dispatcher.asked) == 2


async def test_a_caller_whom_no_worker_takes_is_an_alarm() -> None:
    fleet = Fleet()
    alarms: list[str] = []
    sink = logger.add(lambda message: alarms.append(str(message)), level="ERROR")
    await fleet.settle()
    await fleet.kill(await fleet.bot())
    await fleet.look_after(2.0 + ALARM_AFTER * (SLOW_CONFIRM_S + 0.3))
    logger.remove(sink)
    assert any("ALARM" in alarm and "call-1" in alarm for alarm in alarms)


async def test_an_empty_room_is_waited_for_and_then_the_call_is_ended_as_it_was() -> None:
    fleet = Fleet()
    fleet.rooms.with_caller.clear()
    await fleet.settle()
    lease = await fleet.bot()
    await fleet.kill(lease)
    await fleet.look_after(REJOIN_GRACE_S - 1)
    assert fleet.undertaker.buried == []
    await fleet.look_after(4.0)
    assert fleet.dispatcher.asked == []
    assert fleet.undertaker.buried == [("call-1", lease.token + 1)]
    assert await fleet.leases.expired() == []


async def test_a_caller_who_comes_back_to_a_dead_bot_gets_another_one() -> None:
    fleet = Fleet()
    fleet.rooms.with_caller.clear()
    await fleet.settle()
    await fleet.kill(await fleet.bot())
    await fleet.look_after(REJOIN_GRACE_S / 2)
    fleet.rooms.with_caller.add("room-1")
    await fleet.look_after(0.5)
    assert fleet.dispatcher.asked == [("room-1", "call-1")]


@pytest.mark.parametrize("ended", ["completed", "do_not_contact"])
async def test_a_call_that_is_over_is_not_called_back(ended: str) -> None:
    fleet = Fleet()
    await fleet.settle()
    lease = await fleet.bot()
    await fleet.sessions.save(session_of("call-1", token=lease.token, n=9, ended=ended))
    await fleet.kill(lease)
    await fleet.look_after(3.0)
    assert fleet.dispatcher.asked == []


async def test_two_watches_do_not_both_ask_for_a_bot() -> None:
    fleet = Fleet()
    await fleet.settle()
    await fleet.kill(await fleet.bot())
    other = await fleet.leases.lock("dispatch:call-1", "watch-2")
    assert other is not None
    await fleet.watch.bot_died("call-1", "bot-1", room="room-1")
    assert fleet.dispatcher.asked == []
    await other.release()
