"""Every dispatch ends with one bot, or with an answer that says that there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from bot.errors import UsageError
from bot.fleet.confirmed import ConfirmedDispatcher, FleetBusyError
from bot.storage.errors import StorageUnavailableError
from bot.storage.leases import Lease
from tests.unit.fleet.rig import Fleet, RecordingDispatcher


class TakingDispatcher(RecordingDispatcher):
    """A fleet that loses the first dispatches and takes the next."""

    def __init__(self, fleet: Fleet, *, lost: int = 0) -> None:
        super().__init__()
        self._fleet = fleet
        self._lost = lost
        self.lease: Lease | None = None

    async def dispatch(
        self,
        room: str,
        playbook: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        call_id: str | None = None,
        until: float | None = None,
    ) -> str:
        taken = await super().dispatch(room, playbook, metadata, call_id=call_id, until=until)
        if len(self.asked) > self._lost:
            self.lease = await self._fleet.leases.acquire(taken, "bot-1")
        return taken


@pytest.fixture
def fleet() -> Fleet:
    return Fleet()


def confirmed_by(fleet: Fleet, inner: RecordingDispatcher) -> Any:
    async def sleep(seconds: float) -> None:
        fleet.clock.now += seconds

    return ConfirmedDispatcher(
        inner=inner,
        leases=fleet.leases,
        clock=fleet.clock,
        sleep=sleep,
    )


async def test_a_dispatch_that_is_taken_at_once_is_asked_for_once(fleet: Fleet) -> None:
    inner = TakingDispatcher(fleet)
    call_id = await confirmed_by(fleet, inner).dispatch("room-1")
    assert inner.asked == [("room-1", call_id)]
    assert inner.lease is not None
    await inner.lease.release()


async def test_a_dispatch_that_was_lost_is_repeated_with_the_same_call(fleet: Fleet) -> None:
    inner = TakingDispatcher(fleet, lost=2)
    call_id = await confirmed_by(fleet, inner).dispatch("room-1", call_id="call-9")
    assert inner.asked == [("room-1", "call-9")] * 3
    assert call_id == "call-9"
    assert inner.lease is not None
    await inner.lease.release()


async def test_a_fleet_that_takes_nothing_is_busy_and_the_call_is_called_off(fleet: Fleet) -> None:
    inner = RecordingDispatcher()
    with pytest.raises(FleetBusyError, match="all are busy or none is running"):
        await confirmed_by(fleet, inner).dispatch("room-1", call_id="call-9")
    assert len(inner.asked) > 3
    # A worker that takes it later must leave it: each repetition says until when.
    assert len(set(inner.until)) == 1
    assert inner.until[0] is not None


async def test_who_cannot_be_asked_about_leases_is_trusted(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: str) -> str | None:
        raise StorageUnavailableError("Redis is away")

    monkeypatch.setattr(fleet.leases, "holder", away)
    inner = RecordingDispatcher()
    assert await confirmed_by(fleet, inner).dispatch("room-1", call_id="call-9") == "call-9"
    assert len(inner.asked) == 1


async def test_while_the_leases_are_away_a_bot_is_asked_for_all_the_same(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any) -> Any:
        raise StorageUnavailableError("Redis is away")

    monkeypatch.setattr(fleet.leases, "lock", away)
    monkeypatch.setattr(fleet.leases, "holder", away)
    inner = RecordingDispatcher()
    assert await confirmed_by(fleet, inner).dispatch("room-1", call_id="call-9") == "call-9"
    assert inner.asked == [("room-1", "call-9")]


async def test_a_wrong_request_is_not_repeated(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = RecordingDispatcher()

    async def refuse(*_: Any, **__: Any) -> str:
        inner.asked.append(("", None))
        raise UsageError("metadata: too long")

    monkeypatch.setattr(inner, "dispatch", refuse)
    with pytest.raises(UsageError):
        await confirmed_by(fleet, inner).dispatch("room-1")
    assert len(inner.asked) == 1
