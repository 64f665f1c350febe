"""Sessions on this machine's disk, while no store answers: for the next bot of the call here.

Two files a call, ``CALL.session`` and ``CALL.turn``, private to their owner, each replaced whole.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bot.storage.errors import SessionUnreadableError, StorageUnavailableError
from bot.storage.journal import file_name
from bot.storage.session import (
    PROGRESS_TTL_S,
    SESSION_TTL_S,
    Progress,
    Session,
    dump_progress,
    dump_session,
    load_session,
)
from bot.storage.sessions import read

T = TypeVar("T")

_SESSION, _TURN = ".session", ".turn"


def local_sessions_folder(data_dir: Path) -> Path:
    """Where a machine keeps them."""
    return data_dir / "sessions"


class LocalSessions:
    """Sessions of the processes that share one data directory."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        """Touches nothing before the first session. `clock`: seconds since 1970, as files have."""
        self._folder = folder
        self._clock = clock
        self._written: dict[Path, str] = {}

    async def save(self, session: Session) -> bool:
        """Replace the call's session."""

        def work() -> bool:
            known = self._load(session.call_id)
            if known is not None and known.age > session.age:
                return False
            self._replace(self._path(session.call_id, _SESSION), dump_session(session))
            return True

        return await self._on_disk(work)

    async def save_progress(self, progress: Progress) -> None:
        """Replace the words of the turn in progress."""
        path, text = self._path(progress.call_id, _TURN), dump_progress(progress)
        await self._on_disk(lambda: self._replace(path, text))

    async def load(self, call_id: str) -> Session | None:
        """The newest session."""
        return await self._on_disk(lambda: self._load(call_id))

    async def find(self, room: str) -> Session | None:
        """The newest session of a room; the folder holds the calls of an outage, no more."""

        def work() -> Session | None:
            found = [
                session
                for path in self._folder.glob(f"*{_SESSION}")
                if (session := self._readable(path)) is not None and session.room == room
            ]
            newest = max(found, key=lambda session: session.saved_at, default=None)
            return self._load(newest.call_id) if newest is not None else None

        return await self._on_disk(work)

    async def holds(self, session: Session) -> bool:
        """A disk keeps what it has taken."""
        return True

    async def delete(self, call_id: str) -> None:
        """Forget the call, and what is too old to be of use."""

        def work() -> None:
            for suffix in (_SESSION, _TURN):
                self._remove(self._path(call_id, suffix))
            for path in self._folder.glob("*"):
                if self._text(path, SESSION_TTL_S) is None:
                    self._remove(path)

        await self._on_disk(work)

    async def erase(self, call_id: str, room: str) -> None:
        """Forget the call."""
        await self.delete(call_id)

    async def aclose(self) -> None:
        """Nothing to give back."""

    def _load(self, call_id: str) -> Session | None:
        session = self._text(self._path(call_id, _SESSION), SESSION_TTL_S)
        return read(session, self._text(self._path(call_id, _TURN), PROGRESS_TTL_S))

    def _readable(self, path: Path) -> Session | None:
        text = self._text(path, SESSION_TTL_S)
        try:
            return load_session(text) if text is not None else None
        except SessionUnreadableError:
            return None

    def _text(self, path: Path, ttl_s: float) -> str | None:
        try:
            # A clock that was set back must not let it live for ever.
            if abs(self._clock() - path.stat().st_mtime) > ttl_s:
                return None
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def _replace(self, path: Path, text: str) -> None:
        if self._written.get(path) == text and path.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_name(f"{path.name}.{os.getpid()}.new")
        file = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(file, "w", encoding="utf-8") as writer:
                writer.write(text)
                writer.flush()
                os.fsync(writer.fileno())
            new.replace(path)
        except BaseException:
            new.unlink(missing_ok=True)
            raise
        self._written[path] = text

    def _remove(self, path: Path) -> None:
        self._written.pop(path, None)
        path.unlink(missing_ok=True)

    def _path(self, call_id: str, suffix: str) -> Path:
        return self._folder / f"{file_name(call_id)}{suffix}"

    async def _on_disk(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work)
        except OSError as error:
            raise StorageUnavailableError(
                f"sessions cannot be kept on this machine ({error.strerror}); free some space, or "
                "set LEADLINE_DATA_DIR"
            ) from None
