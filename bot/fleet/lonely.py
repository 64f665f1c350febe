"""Callers who sit in a room without a bot are found, whatever was lost on the way to them.

A dispatch can be lost (no worker was there, the server was restarted), a lease with all of Redis,
a caller can come back after the bot has left. LiveKit knows who is in its rooms and for which of
them our agent was asked; the stores know whether the call is over.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from loguru import logger

from bot.errors import LeadlineError
from bot.fleet.assignment import Assignment
from bot.fleet.dispatch import Dispatcher
from bot.storage.errors import ErasedError, StorageError, UnknownIdError
from bot.storage.leases import Lease, Leases
from bot.storage.session import Session
from bot.storage.sessions import SessionStore
from bot.storage.store import Store

LOOK_EVERY_S: Final = 1.0
LONELY_AFTER_S: Final = 3.0
"""Longer than a dispatch takes that finds an idle process; a caller waits less than 5 s in all."""
ASK_AGAIN_S: Final = 5.0
ALARM_AFTER: Final = 6
LOCK: Final = "lonely"


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedFor:
    """A dispatch of our agent for a room, as LiveKit remembers it."""

    dispatch_id: str
    metadata: str
    was_taken: bool
    """Whether a worker was ever given it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomWithoutBot:
    """A room with persons in it and no agent."""

    name: str
    callers: frozenset[str]
    asked_for: tuple[AskedFor, ...]


class RoomList(Protocol):
    """What is asked of LiveKit."""

    async def without_a_bot(self) -> Sequence[RoomWithoutBot]:
        """Raises: LeadlineError if LiveKit does not answer."""


@dataclass(frozen=True, slots=True)
class _Missing:
    call_id: str
    playbook: str | None


@dataclass(slots=True)
class _Wait:
    since: float
    asked_at: float | None = None
    attempts: int = 0


class LonelyCallers:
    """Looks after all rooms while `run` runs; of all workers one acts at a time."""

    def __init__(
        self,
        *,
        rooms: RoomList,
        leases: Leases,
        sessions: SessionStore,
        store: Store,
        dispatcher: Dispatcher,
        holder: str,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """`holder` names this worker."""
        self._rooms = rooms
        self._leases = leases
        self._sessions = sessions
        self._store = store
        self._dispatcher = dispatcher
        self._holder = holder
        self._clock, self._wall_clock = clock, wall_clock
        self._waiting: dict[str, _Wait] = {}
        self._lock: Lease | None = None

    async def run(self) -> None:
        """Look, for ever; what fails is tried again at the next look."""
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                try:
                    if await self._is_ours():
                        await self.look()
                except LeadlineError as error:
                    logger.debug("Nobody can say who sits without a bot: {}", error)
                except Exception as error:
                    logger.error("The look for lonely callers failed: {}", type(error).__name__)
        finally:
            if self._lock is not None:
                await self._lock.release()

    async def look(self) -> None:
        """One look at all rooms, and one step for each in which somebody waits."""
        found = {room.name: room for room in await self._rooms.without_a_bot()}
        now = self._clock()
        self._waiting = {name: self._waiting.get(name) or _Wait(since=now) for name in found}
        for name, wait in self._waiting.items():
            if now - wait.since >= LONELY_AFTER_S and _may_be_asked(wait, now):
                await self._help(found[name], wait)

    async def _is_ours(self) -> bool:
        if self._lock is None or self._lock.lost.is_set():
            self._lock = await self._leases.lock(LOCK, self._holder)
        return self._lock is not None

    async def _help(self, room: RoomWithoutBot, wait: _Wait) -> None:
        missing = await self._missing_call(room)
        if missing is None:
            return
        lock = await self._leases.lock(f"dispatch:{missing.call_id}", self._holder)
        if lock is None:
            return  # Somebody is asking now.
        wait.asked_at, wait.attempts = self._clock(), wait.attempts + 1
        logger.warning("A caller sits without a bot; call {} is dispatched", missing.call_id)
        try:
            await self._dispatcher.dispatch(room.name, missing.playbook, call_id=missing.call_id)
        except LeadlineError as error:
            logger.warning("Call {} got no bot yet: {}", missing.call_id, error)
        finally:
            await lock.release()
        if wait.attempts >= ALARM_AFTER:
            logger.error(
                "ALARM: a caller sits without a bot; call {} was dispatched {} times and nobody "
                "took it: start more workers",
                missing.call_id,
                wait.attempts,
            )

    async def _missing_call(self, room: RoomWithoutBot) -> _Missing | None:
        """The call that somebody should hold in this room; None: there is none, or it is held."""
        for asked_for in reversed(room.asked_for):
            missing = await self._of_dispatch(asked_for, room)
            if missing is not None:
                return missing
        if room.asked_for:
            return None
        # LiveKit forgets dispatches when it is restarted.
        session = await self._sessions.find(room.name)
        return None if session is None else await self._of_session(session, room)

    async def _of_dispatch(self, asked_for: AskedFor, room: RoomWithoutBot) -> _Missing | None:
        try:
            assignment = Assignment.read(asked_for.metadata)
        except LeadlineError:
            return None
        if assignment.call_id is None and asked_for.was_taken:
            session = await self._sessions.find(room.name)
            return None if session is None else await self._of_session(session, room)
        call_id = assignment.call_id or asked_for.dispatch_id
        session = await self._sessions.load(call_id)
        if session is not None:
            return await self._of_session(session, room)
        if assignment.is_outdated(self._wall_clock()):
            return None  # Whoever asked has been told that nobody comes.
        if await self._leases.holder(call_id) is not None or await self._is_over(call_id):
            return None
        return _Missing(call_id, assignment.playbook)

    async def _of_session(self, session: Session, room: RoomWithoutBot) -> _Missing | None:
        if session.ended is not None and session.caller_id not in room.callers:
            return None  # Somebody else came into the room.
        if await self._leases.holder(session.call_id) is not None:
            return None
        return _Missing(session.call_id, session.playbook)

    async def _is_over(self, call_id: str) -> bool:
        try:
            return (await self._store.call(call_id)).ended_at is not None
        except UnknownIdError:
            return False
        except ErasedError:
            return True
        except StorageError:
            return False  # The job asks again, and it is one call too many at worst.


def _may_be_asked(wait: _Wait, now: float) -> bool:
    return wait.asked_at is None or now - wait.asked_at >= ASK_AGAIN_S
