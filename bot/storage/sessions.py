"""Where sessions are kept: the interface of Redis, SQL and memory, and one behind the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from loguru import logger

from bot.storage.errors import SessionUnreadableError, StorageError, StorageUnavailableError
from bot.storage.session import (
    PROGRESS_TTL_S,
    SESSION_TTL_S,
    Progress,
    Session,
    dump_progress,
    dump_session,
    load_progress,
    load_session,
    with_progress,
)

T = TypeVar("T")

SLOWER_STORES_S = 0.25
"""A healthy store answers within milliseconds, and a caller waits for the bot that asks."""
REMEMBERED_CALLS = 64


class SessionStore(Protocol):
    """Sessions by call. Every method raises `StorageUnavailableError` when the store is away."""

    async def save(self, session: Session) -> bool:
        """Replace the call's session. False: a newer one is there, it stays."""

    async def save_progress(self, progress: Progress) -> None:
        """Replace the words of the turn in progress, unless they belong to a stale bot."""

    async def load(self, call_id: str) -> Session | None:
        """The newest session with the words that nobody has answered yet.

        Raises:
            SessionUnreadableError: it was written by a newer version, or is damaged.
        """

    async def find(self, room: str) -> Session | None:
        """The newest unfinished session of a room. Raises as `load` does."""

    async def holds(self, session: Session) -> bool:
        """Whether this checkpoint, or a newer one, is still there: a Redis may come back empty."""

    async def delete(self, call_id: str) -> None:
        """Forget the call; harmless if it is not known."""

    async def erase(self, call_id: str, room: str) -> None:
        """Forget the call for good: what its bot still saves of it is not kept either."""

    async def aclose(self) -> None:
        """Give back connections."""


class InMemorySessions:
    """For one process without a store, and for tests. Documents are kept as they are written."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[str, tuple[float, str]] = {}
        self._progress: dict[str, tuple[float, str]] = {}
        self._rooms: dict[str, str] = {}
        self._erased: set[str] = set()

    async def save(self, session: Session) -> bool:
        """Replace the call's session."""
        if session.call_id in self._erased:
            return True
        known = self._get(self._sessions, session.call_id)
        if known is not None and load_session(known).age > session.age:
            return False
        until = self._clock() + SESSION_TTL_S
        self._sessions[session.call_id] = (until, dump_session(session))
        self._rooms[session.room] = session.call_id
        return True

    async def save_progress(self, progress: Progress) -> None:
        """Replace the words of the turn in progress."""
        if progress.call_id in self._erased:
            return
        known = self._get(self._progress, progress.call_id)
        if known is None or load_progress(known).token <= progress.token:
            until = self._clock() + PROGRESS_TTL_S
            self._progress[progress.call_id] = (until, dump_progress(progress))

    async def load(self, call_id: str) -> Session | None:
        """The newest session."""
        text, progress = self._get(self._sessions, call_id), self._get(self._progress, call_id)
        return read(text, progress)

    async def find(self, room: str) -> Session | None:
        """The newest session of a room."""
        call_id = self._rooms.get(room)
        return await self.load(call_id) if call_id is not None else None

    async def holds(self, session: Session) -> bool:
        """What is in memory stays there."""
        return True

    async def delete(self, call_id: str) -> None:
        """Forget the call."""
        self._sessions.pop(call_id, None)
        self._progress.pop(call_id, None)
        self._rooms = {room: owner for room, owner in self._rooms.items() if owner != call_id}

    async def erase(self, call_id: str, room: str) -> None:
        """Forget the call for good."""
        await self.delete(call_id)
        self._erased.add(call_id)

    async def aclose(self) -> None:
        """Nothing to give back."""

    def _get(self, kept: dict[str, tuple[float, str]], call_id: str) -> str | None:
        until, text = kept.get(call_id, (0.0, None))
        return text if until > self._clock() else None


class LayeredSessions:
    """The first store that answers takes the session; the newest one anywhere is read.

    So a session outlives a Redis that is away, or comes back empty. While no store answers, `spill`
    keeps a copy on this machine, for the next bot here, and the session still waits to be saved.
    """

    def __init__(
        self, stores: Sequence[SessionStore], *, spill: SessionStore | None = None
    ) -> None:
        """`stores`: the quickest first."""
        self._stores = tuple(stores)
        self._spill = spill
        self._all = self._stores if spill is None else (*self._stores, spill)
        self._newest_saved: dict[str, Session] = {}
        self._spilled: set[str] = set()

    async def save(self, session: Session) -> bool:
        """Replace the call's session where it can be."""
        self._newest_saved[session.call_id] = session
        if len(self._newest_saved) > REMEMBERED_CALLS:
            del self._newest_saved[next(iter(self._newest_saved))]
        return await self._first(session.call_id, lambda store: store.save(session))

    async def save_progress(self, progress: Progress) -> None:
        """Replace the words of the turn in progress."""
        await self._first(progress.call_id, lambda store: store.save_progress(progress))

    async def load(self, call_id: str) -> Session | None:
        """The newest session of all stores that answer."""
        found = await self._newest(lambda store: store.load(call_id))
        return None if found is None or found.is_epitaph else found

    async def find(self, room: str) -> Session | None:
        """The newest session of a room."""
        found = await self._newest(lambda store: store.find(room))
        # Another store may know a later checkpoint of the same call.
        return await self.load(found.call_id) if found is not None else None

    async def holds(self, session: Session) -> bool:
        """Whether the quickest store has it; one that is away is told when it is back."""
        try:
            return await self._stores[0].holds(session)
        except StorageError:
            return True

    async def delete(self, call_id: str) -> None:
        """Forget the call everywhere.

        Where it cannot be, an epitaph in another store says that the call is over: otherwise the
        old session would be taken for a call whose bot has died.
        """
        newest = self._newest_saved.pop(call_id, None)
        self._spilled.discard(call_id)
        away: StorageError | None = None
        for store in self._all:
            try:
                await store.delete(call_id)
            except StorageError as error:
                away = error
        if away is not None:
            if newest is not None:
                await self._bury(newest.epitaph())
            raise away

    async def erase(self, call_id: str, room: str) -> None:
        """Forget the call everywhere for good; if one is away, the others have done it."""
        self._newest_saved.pop(call_id, None)
        away: StorageError | None = None
        for store in self._all:
            try:
                await store.erase(call_id, room)
            except StorageError as error:
                away = error
        if away is not None:
            raise away

    async def aclose(self) -> None:
        """Give back connections."""
        for store in self._all:
            await store.aclose()

    async def _first(self, call_id: str, work: Callable[[SessionStore], Awaitable[T]]) -> T:
        away: StorageError | None = None
        is_spilled = call_id in self._spilled
        if is_spilled:  # They were away: not after their time-outs.
            await self._spill_over(call_id, work)
        for store in self._stores:
            try:
                done = await work(store)
            except StorageError as error:
                away = away or error
            else:
                await self._clear_spill(call_id)
                return done
        if not is_spilled:
            await self._spill_over(call_id, work)
        raise away or StorageUnavailableError("no store for sessions is configured")

    async def _spill_over(
        self, call_id: str, work: Callable[[SessionStore], Awaitable[object]]
    ) -> None:
        if self._spill is not None:
            self._spilled.add(call_id)
            with suppress(StorageError):
                await work(self._spill)

    async def _clear_spill(self, call_id: str) -> None:
        if self._spill is not None and call_id in self._spilled:
            self._spilled.discard(call_id)
            with suppress(StorageError):
                await self._spill.delete(call_id)

    async def _bury(self, epitaph: Session) -> None:
        for store in self._all:
            with suppress(StorageError):
                await store.save(epitaph)
                return

    async def _newest(
        self, work: Callable[[SessionStore], Awaitable[Session | None]]
    ) -> Session | None:
        found: list[Session] = []
        failures: list[StorageError] = []
        for answer in await self._answers(work):
            if isinstance(answer, Session):
                found.append(answer)
            elif isinstance(answer, StorageError):
                failures.append(answer)
            elif isinstance(answer, BaseException):
                raise answer
        if found:
            return max(found, key=lambda session: session.age)
        unreadable = [f for f in failures if isinstance(f, SessionUnreadableError)]
        if unreadable or failures:
            raise (unreadable or failures)[0]
        return None

    async def _answers(
        self, work: Callable[[SessionStore], Awaitable[Session | None]]
    ) -> list[Session | BaseException | None]:
        """Of all stores; once one has a session the others get `SLOWER_STORES_S` more."""
        asked: list[asyncio.Task[Session | None]] = [
            asyncio.ensure_future(work(store)) for store in self._all
        ]
        waiting: set[asyncio.Task[Session | None]] = set(asked)
        has_found = False
        try:
            while waiting:
                done, waiting = await asyncio.wait(
                    waiting,
                    timeout=SLOWER_STORES_S if has_found else None,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not done:
                    break
                has_found = has_found or any(
                    task.exception() is None and task.result() is not None for task in done
                )
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return [
            task.exception() or task.result() if not task.cancelled() else None for task in asked
        ]


def read(text: str | None, progress_text: str | None) -> Session | None:
    """The session of two stored documents; progress that cannot be read is left out, and said."""
    if text is None:
        return None
    session = load_session(text)
    try:
        progress = load_progress(progress_text) if progress_text is not None else None
    except SessionUnreadableError as error:
        logger.warning("The words of the open turn are left out: {}", error)
        progress = None
    return with_progress(session, progress)
