"""Where sessions are kept: the interface of Redis, SQL and memory, and one behind the other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
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

    async def delete(self, call_id: str) -> None:
        """Forget the call; harmless if it is not known."""

    async def aclose(self) -> None:
        """Give back connections."""


class InMemorySessions:
    """For one process without a store, and for tests. Documents are kept as they are written."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[str, tuple[float, str]] = {}
        self._progress: dict[str, tuple[float, str]] = {}
        self._rooms: dict[str, str] = {}

    async def save(self, session: Session) -> bool:
        """Replace the call's session."""
        known = self._get(self._sessions, session.call_id)
        if known is not None and load_session(known).age > session.age:
            return False
        until = self._clock() + SESSION_TTL_S
        self._sessions[session.call_id] = (until, dump_session(session))
        self._rooms[session.room] = session.call_id
        return True

    async def save_progress(self, progress: Progress) -> None:
        """Replace the words of the turn in progress."""
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

    async def delete(self, call_id: str) -> None:
        """Forget the call."""
        self._sessions.pop(call_id, None)
        self._progress.pop(call_id, None)
        self._rooms = {room: owner for room, owner in self._rooms.items() if owner != call_id}

    async def aclose(self) -> None:
        """Nothing to give back."""

    def _get(self, kept: dict[str, tuple[float, str]], call_id: str) -> str | None:
        until, text = kept.get(call_id, (0.0, None))
        return text if until > self._clock() else None


class LayeredSessions:
    """The first store that answers takes the session; the newest one anywhere is read.

    So a session outlives a Redis that is away, or comes back empty.
    """

    def __init__(self, stores: Sequence[SessionStore]) -> None:
        """`stores`: the quickest first."""
        self._stores = tuple(stores)

    async def save(self, session: Session) -> bool:
        """Replace the call's session where it can be."""
        return await self._first(lambda store: store.save(session))

    async def save_progress(self, progress: Progress) -> None:
        """Replace the words of the turn in progress."""
        await self._first(lambda store: store.save_progress(progress))

    async def load(self, call_id: str) -> Session | None:
        """The newest session of all stores that answer."""
        return await self._newest(lambda store: store.load(call_id))

    async def find(self, room: str) -> Session | None:
        """The newest session of a room."""
        found = await self._newest(lambda store: store.find(room))
        # Another store may know a later checkpoint of the same call.
        return await self.load(found.call_id) if found is not None else None

    async def delete(self, call_id: str) -> None:
        """Forget the call everywhere."""
        away: StorageError | None = None
        for store in self._stores:
            try:
                await store.delete(call_id)
            except StorageError as error:
                away = error
        if away is not None:
            raise away

    async def aclose(self) -> None:
        """Give back connections."""
        for store in self._stores:
            await store.aclose()

    async def _first(self, work: Callable[[SessionStore], Awaitable[T]]) -> T:
        away: StorageError | None = None
        for store in self._stores:
            try:
                return await work(store)
            except StorageError as error:
                away = away or error
        raise away or StorageUnavailableError("no store for sessions is configured")

    async def _newest(
        self, work: Callable[[SessionStore], Awaitable[Session | None]]
    ) -> Session | None:
        found: list[Session] = []
        failures: list[StorageError] = []
        for answer in await asyncio.gather(
            *(work(store) for store in self._stores), return_exceptions=True
        ):
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
