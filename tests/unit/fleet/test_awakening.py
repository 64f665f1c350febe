"""A bot that has slept keeps silent until it has asked whose the call is."""

from __future__ import annotations

from bot.storage.leases import ANSWER_WITHIN_S, Lease
from tests.unit.fleet.rig import Fleet


def is_heard(lease: Lease) -> bool:
    """Asked anew each time."""
    return lease.may_be_heard


async def test_who_renews_the_lease_may_be_heard() -> None:
    fleet = Fleet()
    lease = await fleet.bot()
    fleet.clock.now += fleet.leases.ttl_s / 2
    await lease._renew_once()
    assert is_heard(lease)
    await lease.release()


async def test_who_has_just_woken_up_may_not_be_heard() -> None:
    fleet = Fleet()
    lease = await fleet.bot()
    fleet.clock.now += 10.0
    assert not is_heard(lease)
    await lease._renew_once()
    assert is_heard(lease)
    await lease.release()


async def test_who_wakes_up_when_another_bot_has_the_call_is_never_heard_again() -> None:
    fleet = Fleet()
    lease = await fleet.bot()
    fleet.clock.now += 10.0
    second = await fleet.bot(holder="bot-2")
    await lease._renew_once()
    assert not is_heard(lease)
    assert is_heard(second)
    await lease.release()
    await second.release()


async def test_who_gets_no_answer_does_not_keep_silent_for_ever() -> None:
    fleet = Fleet()
    lease = await fleet.bot()
    lease._doubtful_since = fleet.clock.now
    assert not is_heard(lease)
    fleet.clock.now += ANSWER_WITHIN_S / 2
    lease._awake_at = lease._awake_at_wall = fleet.clock.now
    assert not is_heard(lease)
    fleet.clock.now += ANSWER_WITHIN_S
    lease._awake_at = lease._awake_at_wall = fleet.clock.now
    assert is_heard(lease)
    await lease.release()
