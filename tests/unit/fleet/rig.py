"""A fleet without a server: a clock that is set by hand, and a room list, and a dispatcher."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.fleet.dispatch import DispatchUnavailableError
from bot.fleet.watch import Watch
from bot.storage.lease_table import InMemoryLeaseTable
from bot.storage.leases import GRACE_S, SECOND_LOOK_S, Lease, Leases
from bot.storage.session import Session
from bot.storage.sessions import InMemorySessions

REJOIN_GRACE_S = 10.0


class Clock:
    """Seconds that pass only when the test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class RecordingDispatcher:
    """Remembers what was asked of the fleet; `is_down` makes LiveKit unreachable."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.until: list[float | None] = []
        self.is_down = False

    async def dispatch(
        self,
        room: str,
        playbook: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        call_id: str | None = None,
        until: float | None = None,
    ) -> str:
        self.asked.append((room, call_id))
        self.until.append(until)
        if self.is_down:
            raise DispatchUnavailableError("LiveKit does not answer")
        return call_id or "new"


class RoomList:
    """Rooms with a caller in them."""

    def __init__(self) -> None:
        self.with_caller: set[str] = {"room-1"}

    async def has_caller(self, room: str) -> bool:
        return room in self.with_caller


class RecordingUndertaker:
    """Remembers which calls were ended."""

    def __init__(self) -> None:
        self.buried: list[tuple[str, int]] = []

    async def bury(self, session: Session) -> None:
        self.buried.append((session.call_id, session.token))


class Fleet:
    """One watch over one fleet."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.leases = Leases(
            table=InMemoryLeaseTable(clock=self.clock),
            fences=None,
            clock=self.clock,
            wall_clock=self.clock,
        )
        self.sessions = InMemorySessions(clock=self.clock)
        self.dispatcher = RecordingDispatcher()
        self.rooms = RoomList()
        self.undertaker = RecordingUndertaker()
        self.watch = Watch(
            leases=self.leases,
            sessions=self.sessions,
            dispatcher=self.dispatcher,
            rooms=self.rooms,
            undertaker=self.undertaker,
            holder="watch-1",
            rejoin_grace_s=REJOIN_GRACE_S,
            clock=self.clock,
        )

    async def bot(self, call_id: str = "call-1", *, holder: str = "bot-1") -> Lease:
        """A bot that has taken a call and saved its first checkpoint."""
        lease = await self.leases.acquire(call_id, holder)
        assert lease is not None
        await self.sessions.save(session_of(call_id, token=lease.token))
        return lease

    async def kill(self, lease: Lease) -> None:
        """As SIGKILL does: nothing is given back."""
        lease._task.cancel()
        await asyncio.gather(lease._task, return_exceptions=True)

    async def settle(self) -> None:
        """The watch has begun, and is over its first patience."""
        await self.look_after(self.leases.ttl_s + GRACE_S + 2 * SECOND_LOOK_S)

    async def look_after(self, seconds: float) -> None:
        """Time passes in the watch's own steps."""
        until = self.clock.now + seconds
        while self.clock.now < until:
            self.clock.now = min(until, self.clock.now + SECOND_LOOK_S)
            await self.watch.look()


def session_of(call_id: str, *, token: int, **changes: Any) -> Session:
    """A checkpoint of a call in `room-1`."""
    now = datetime(2026, 11, 22, 12, tzinfo=UTC)
    values: dict[str, Any] = {
        "call_id": call_id,
        "lead_id": f"lead-of-{call_id}",
        "room": "room-1",
        "transport": "livekit",
        "playbook": "b2b-software",
        "started_at": now,
        "saved_at": now,
        "token": token,
        "conversation": {},
        **changes,
    }
    return Session(**values)
