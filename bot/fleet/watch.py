"""Calls that lost their bot get another one, in the same room, with what was said so far.

LiveKit's server dispatches nothing again by itself, and a room keeps a dead bot's ghost for 20 s:
the lease alone says who lives. Every worker runs a watch; a lock lets one of them act.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from loguru import logger

from bot.errors import LeadlineError
from bot.fleet.dispatch import Dispatcher
from bot.storage.errors import SessionUnreadableError, StorageError, StorageUnavailableError
from bot.storage.leases import Lease, Leases
from bot.storage.session import Session
from bot.storage.sessions import SessionStore

LOOK_EVERY_S = 0.25
CONFIRM_WITHIN_S = 1.0
"""A dispatch that found an idle process shows a lease after 0.3 to 0.6 s; a lost one never."""
SLOW_CONFIRM_S = 5.0
"""After some lost dispatches the fleet is rather full than forgetful: ask less often."""
QUICK_ATTEMPTS = 3
ALARM_AFTER = 8
"""Attempts after which a person should know."""
LOCK = "watcher"


class Rooms(Protocol):
    """What the watch asks of LiveKit."""

    async def has_caller(self, room: str) -> bool:
        """Whether a person is in the room. Raises: LeadlineError if LiveKit does not answer."""


class Undertaker(Protocol):
    """Ends a call that nobody will go on with."""

    async def bury(self, session: Session) -> None:
        """Save the call's end and its lead as they were at the last checkpoint."""


@dataclass
class _Orphan:
    """A call without a bot, and what was done about it."""

    since: float
    attempts: int = 0
    asked_at: float = float("-inf")
    alone_since: float | None = None


class Watch:
    """Looks after all calls of the fleet while `run` runs."""

    def __init__(
        self,
        *,
        leases: Leases,
        sessions: SessionStore,
        dispatcher: Dispatcher,
        rooms: Rooms,
        undertaker: Undertaker,
        holder: str,
        rejoin_grace_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`holder` names this watch; `rejoin_grace_s`: how long an empty room is waited for."""
        self._leases = leases
        self._sessions = sessions
        self._dispatcher = dispatcher
        self._rooms = rooms
        self._undertaker = undertaker
        self._holder = holder
        self._grace_s = rejoin_grace_s
        self._clock = clock
        self._orphans: dict[str, _Orphan] = {}
        self._lock: Lease | None = None

    async def run(self) -> None:
        """Look, for ever; what fails is tried again at the next look."""
        try:
            while True:
                try:
                    if await self._is_ours():
                        await self.look()
                except StorageError as error:
                    logger.debug("The watch cannot look now: {}", error)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            if self._lock is not None:
                await self._lock.release()

    async def look(self) -> None:
        """One look at all calls, and one step for each that lost its bot."""
        expired = await self._leases.expired()
        self._orphans = {
            call_id: self._orphans.get(call_id) or _Orphan(since=self._clock())
            for call_id in expired
        }
        for call_id, orphan in list(self._orphans.items()):
            await self._help(call_id, orphan)

    async def bot_died(self, call_id: str, holder: str) -> None:
        """The parent of a bot's process knows that it is gone: no lease is waited for."""
        if await self._leases.break_off(call_id, holder):
            logger.warning("The bot of call {} died; another one takes over", call_id)
            await self._help(call_id, _Orphan(since=self._clock()))

    async def _is_ours(self) -> bool:
        if self._lock is None or self._lock.lost.is_set():
            self._lock = await self._leases.lock(LOCK, self._holder)
        return self._lock is not None

    async def _help(self, call_id: str, orphan: _Orphan) -> None:
        try:
            session = await self._sessions.load(call_id)
        except SessionUnreadableError as error:
            logger.error("Call {} cannot be gone on with: {}", call_id, error)
            session = None
        except StorageUnavailableError:
            return
        if session is None or session.ended is not None:
            await self._leases.forget(call_id)
            return
        try:
            has_caller = await self._rooms.has_caller(session.room)
        except LeadlineError as error:
            logger.debug("LiveKit cannot say who is in the room: {}", error)
            has_caller = True
        if has_caller:
            orphan.alone_since = None
            await self._ask_for_a_bot(session, orphan)
        else:
            await self._wait_for_the_caller(session, orphan)

    async def _ask_for_a_bot(self, session: Session, orphan: _Orphan) -> None:
        pause_s = CONFIRM_WITHIN_S if orphan.attempts <= QUICK_ATTEMPTS else SLOW_CONFIRM_S
        if self._clock() - orphan.asked_at < pause_s:
            return
        lock = await self._leases.lock(f"dispatch:{session.call_id}", self._holder)
        if lock is None:
            return
        orphan.attempts += 1
        orphan.asked_at = self._clock()
        try:
            await self._dispatcher.dispatch(session.room, session.playbook, call_id=session.call_id)
        except LeadlineError as error:
            logger.warning("Call {} got no bot yet: {}", session.call_id, error)
        finally:
            await lock.release()
        if orphan.attempts >= ALARM_AFTER:
            logger.error(
                "ALARM: a caller sits without a bot; call {} was dispatched {} times and nobody "
                "took it: start more workers",
                session.call_id,
                orphan.attempts,
            )

    async def _wait_for_the_caller(self, session: Session, orphan: _Orphan) -> None:
        now = self._clock()
        if orphan.alone_since is None:
            orphan.alone_since = now
        if now - orphan.alone_since < self._grace_s:
            return
        lease = await self._leases.acquire(session.call_id, self._holder, at_least=session.token)
        if lease is None:
            return
        try:
            await self._undertaker.bury(session.model_copy(update={"token": lease.token}))
        finally:
            await lease.release(is_over=True)
