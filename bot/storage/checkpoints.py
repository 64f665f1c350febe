"""Checkpoints of one call, written behind its back: the newest wins, nothing is waited for."""

from __future__ import annotations

import asyncio

from loguru import logger

from bot.storage.errors import StorageError
from bot.storage.session import Progress, Session
from bot.storage.sessions import SessionStore

_RETRY_S = 0.5
FLUSH_TIMEOUT_S = 1.0
RECHECK_S = 2.0
"""How long a call may be without a checkpoint after its store has lost everything."""


class Checkpointer:
    """One task that owns two slots: the newest session, and the newest words after it.

    `save` and `progress` return at once and never raise. What a newer one replaced is never
    written, so the bound is one of each. What was written is looked for now and then: a Redis that
    was restarted may have lost it. Nothing is logged but the call's id.
    """

    def __init__(
        self,
        *,
        sessions: SessionStore,
        retry_s: float = _RETRY_S,
        recheck_s: float = RECHECK_S,
    ) -> None:
        """Start the task."""
        self._sessions = sessions
        self._retry_s = retry_s
        self._recheck_s = recheck_s
        self._kept: tuple[Session | None, Progress | None] = (None, None)
        self._session: Session | None = None
        self._progress: Progress | None = None
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._is_away = False
        self.is_stale = asyncio.Event()
        self._task = asyncio.create_task(self._write_behind(), name="checkpointer")

    def save(self, session: Session) -> None:
        """The state after a turn; words of the turn before it are part of it."""
        self._session, self._progress = session, None
        self._wake()

    def progress(self, progress: Progress) -> None:
        """What was said since the newest checkpoint."""
        self._progress = progress
        self._wake()

    async def flush(self, timeout_s: float = FLUSH_TIMEOUT_S) -> bool:
        """Wait until the newest is written; whether it came true."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def aclose(self) -> None:
        """Write what is left, at most `FLUSH_TIMEOUT_S`, and stop."""
        if self._task.done():
            return
        await self.flush()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def _wake(self) -> None:
        self._idle.clear()
        self._work.set()

    async def _write_behind(self) -> None:
        while True:
            if not await self._is_told():
                await self._recheck()
            self._work.clear()
            while self._session is not None or self._progress is not None:
                if not await self._written():
                    await asyncio.sleep(self._retry_s)
            self._idle.set()

    async def _is_told(self) -> bool:
        try:
            async with asyncio.timeout(self._recheck_s):
                await self._work.wait()
        except TimeoutError:
            return False
        return True

    async def _recheck(self) -> None:
        """Write once more what the store has lost."""
        session, progress = self._kept
        if session is None or self.is_stale.is_set():
            return
        try:
            if await self._sessions.holds(session):
                return
        except StorageError:
            return  # It is asked again.
        if self._session is None and self._progress is None and self._kept[0] is session:
            logger.warning("The session of call {} was lost; it is saved again", session.call_id)
            self._session, self._progress = session, progress

    async def _written(self) -> bool:
        try:
            if (session := self._session) is not None:
                if not await self._sessions.save(session):
                    self.is_stale.set()
                self._kept = (session, None)
                if self._session is session:
                    self._session = None
            elif (progress := self._progress) is not None:
                await self._sessions.save_progress(progress)
                self._kept = (self._kept[0], progress)
                if self._progress is progress:
                    self._progress = None
        except StorageError as error:
            if not self._is_away:
                logger.warning("Checkpoints wait, the call goes on: {}", error)
            self._is_away = True
            return False
        except Exception as error:
            # A traceback would carry what the caller said.
            logger.error("A checkpoint is not written: {}", type(error).__name__)
            self._session = self._progress = None
            return True
        if self._is_away:
            logger.info("Checkpoints are written again")
        self._is_away = False
        return True
