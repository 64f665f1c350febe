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
REMEMBERED_S = 3.0
"""How long a dispatch is remembered for a call that no look has found yet."""
FORGET_AFTER_S = 15.0
"""A call without a session that nobody has and nobody tells of: its bot never began."""
BREAK_OFF_WITHIN_S = 3.0
BREAK_OFF_AGAIN_S = 0.1
LOCK = "watcher"


class Rooms(Protocol):
    """What the watch asks of LiveKit."""

    async def has_caller(self, room: str) -> bool:
        """Whether a person is in the room. Raises: LeadlineError if LiveKit does not answer."""


class Undertaker(Protocol):
    """Ends a call that nobody will go on with."""

    async def bury(self, session: Session) -> None:
        """Save the call's end and its lead as they were at the last checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a new bot must be told of a call besides its id."""

    room: str
    playbook: str | None


@dataclass
class _Orphan:
    """A call without a bot, and what was done about it."""

    since: float
    attempts: int = 0
    asked_at: float = float("-inf")
    alone_since: float | None = None
    place: Place | None = None
    """Where it is, told by its bot's parent; its session says the same, if there is one."""


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
                    else:
                        # Who begins to look waits before anything counts as dead: so that is over
                        # when the one who looks now is lost with its host.
                        await self._leases.expired()
                except StorageError as error:
                    logger.debug("The watch cannot look now: {}", error)
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            if self._lock is not None:
                await self._lock.release()

    async def look(self) -> None:
        """One look at all calls, and one step for each that lost its bot."""
        expired = await self._leases.expired()
        now = self._clock()
        for call_id in expired:
            self._orphans.setdefault(call_id, _Orphan(since=now))
        self._orphans = {
            call_id: orphan
            for call_id, orphan in self._orphans.items()
            if call_id in expired or now - orphan.since < REMEMBERED_S
        }
        for call_id in expired:
            await self._help(call_id, self._orphans[call_id])

    async def bot_died(
        self, call_id: str, holder: str, *, room: str, playbook: str | None = None
    ) -> None:
        """The parent of a bot's process knows that it is gone: no lease is waited for.

        `room` and `playbook` are those of its assignment: it may have died before it could save
        anything.
        """
        if not await self._is_without_a_bot(call_id, holder):
            return
        logger.warning("The bot of call {} died; another one takes over", call_id)
        now, known = self._clock(), self._orphans.get(call_id)
        if known is None or now - known.since >= REMEMBERED_S:
            known = _Orphan(since=now)
        known.place = Place(room=room, playbook=playbook)
        # Kept, so that the next look does not dispatch it a second time.
        self._orphans[call_id] = known
        await self._help(call_id, known)

    async def _is_without_a_bot(self, call_id: str, holder: str) -> bool:
        """Whether the call goes on, and nobody but the dead holder had it."""
        until = self._clock() + BREAK_OFF_WITHIN_S
        while True:
            try:
                had_it = await self._leases.break_off(call_id, holder)
                return had_it or await self._leases.is_abandoned(call_id)
            except StorageUnavailableError as error:
                if self._clock() >= until:
                    logger.warning("Nobody can say whether call {} is over: {}", call_id, error)
                    return False
            await asyncio.sleep(BREAK_OFF_AGAIN_S)

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
        if session is not None and session.ended is not None:
            await self._leases.forget(call_id)
            return
        place = Place(room=session.room, playbook=session.playbook) if session else orphan.place
        if place is None:
            # The first checkpoint may still be under way.
            if self._clock() - orphan.since >= FORGET_AFTER_S:
                await self._leases.forget(call_id)
            return
        try:
            has_caller = await self._rooms.has_caller(place.room)
        except LeadlineError as error:
            logger.debug("LiveKit cannot say who is in the room: {}", error)
            has_caller = True
        if has_caller:
            orphan.alone_since = None
            await self._ask_for_a_bot(call_id, place, orphan)
        else:
            await self._wait_for_the_caller(call_id, session, orphan)

    async def _ask_for_a_bot(self, call_id: str, place: Place, orphan: _Orphan) -> None:
        pause_s = CONFIRM_WITHIN_S if orphan.attempts <= QUICK_ATTEMPTS else SLOW_CONFIRM_S
        if self._clock() - orphan.asked_at < pause_s:
            return
        lock = await self._leases.lock(f"dispatch:{call_id}", self._holder)
        if lock is None:
            return
        orphan.attempts += 1
        orphan.asked_at = self._clock()
        try:
            await self._dispatcher.dispatch(place.room, place.playbook, call_id=call_id)
        except LeadlineError as error:
            logger.warning("Call {} got no bot yet: {}", call_id, error)
            await lock.release()
        else:
            # Nobody else shall ask before it shows whether this one was heard.
            await lock.lapse()
        if orphan.attempts >= ALARM_AFTER:
            logger.error(
                "ALARM: a caller sits without a bot; call {} was dispatched {} times and nobody "
                "took it: start more workers",
                call_id,
                orphan.attempts,
            )

    async def _wait_for_the_caller(
        self, call_id: str, session: Session | None, orphan: _Orphan
    ) -> None:
        now = self._clock()
        if orphan.alone_since is None:
            orphan.alone_since = now
        if now - orphan.alone_since < self._grace_s:
            return
        if session is None:
            await self._leases.forget(call_id)
            return
        lease = await self._leases.acquire(call_id, self._holder, at_least=session.token)
        if lease is None:
            return
        try:
            await self._undertaker.bury(session.model_copy(update={"token": lease.token}))
        finally:
            await lease.release(is_over=True)
