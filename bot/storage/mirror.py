"""A recorder's backlog on disk, while the database does not take it: for the next process."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from typing import Final

from loguru import logger

from bot.storage.backlog import Backlog, Write
from bot.storage.journal import Journal

AFTER_S: Final = 0.3
"""A database that took longer than this is as good as away; a healthy one takes milliseconds."""
EVENTS_AT_MOST: Final = 64
RETRY_S: Final = 1.0
"""How soon a disk that has refused is tried again."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Mirror:
    """One task that owns one journal. The backlog in memory stays what this process writes from."""

    def __init__(self, *, journal: Journal, backlog: Backlog, after_s: float = AFTER_S) -> None:
        """Start the task."""
        self._journal = journal
        self._backlog = backlog
        self._after_s = after_s
        self._events: list[Write] = []
        self._must_rewrite = True
        self._changed = asyncio.Event()
        self._away = asyncio.Event()
        self._lock = asyncio.Lock()
        self._is_broken = self._is_lean = self._has_said_full = False
        self._task = asyncio.create_task(self._run(), name="journal")

    def note(self, write: Write) -> None:
        """It is in the backlog now, and should soon be in the database."""
        if len(self._events) < EVENTS_AT_MOST:
            self._events.append(write)
        else:
            self._must_rewrite = True
        self._changed.set()

    def database_is_away(self) -> None:
        """No use to wait: keep it now."""
        self._away.set()

    async def clear(self) -> None:
        """All is in the database. Before this is done nothing newer may be written there."""
        async with self._lock:
            self._settled()
            self._away.clear()
            if self._journal.exists:
                await self._on_disk(self._journal.clear)
                self._must_rewrite = True
                self._has_said_full = False

    async def settle(self) -> bool:
        """Keep now what waits; whether it is on the disk."""
        if len(self._backlog):
            await self._keep()
        return self._journal.exists and not self._is_broken

    async def aclose(self) -> None:
        """Stop; what is kept stays for the next process."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        async with self._lock:
            await self._on_disk(self._journal.close)

    async def _run(self) -> None:
        while True:
            await self._until_there_is_something()
            if not self._journal.exists:
                await self._wait_for_the_database()
            if self._changed.is_set():
                await self._keep()

    async def _until_there_is_something(self) -> None:
        """Something new, or what a disk has refused before."""
        while not self._changed.is_set():
            try:
                async with asyncio.timeout(RETRY_S if self._must_retry else None):
                    await self._changed.wait()
            except TimeoutError:
                self._changed.set()

    @property
    def _must_retry(self) -> bool:
        return (self._is_broken or self._is_lean) and len(self._backlog) > 0

    async def _wait_for_the_database(self) -> None:
        try:
            async with asyncio.timeout(self._after_s):
                await self._away.wait()
        except TimeoutError:
            pass

    async def _keep(self) -> None:
        async with self._lock:
            events, must_rewrite = self._events, self._must_rewrite or not self._journal.exists
            self._settled()
            if not len(self._backlog):
                return
            if must_rewrite:
                await self._on_disk(self._rewrite, self._backlog.pending())
            else:
                await self._on_disk(self._append, events)
            if self._is_over_the_limit:
                await self._shed()

    def _settled(self) -> None:
        self._events, self._must_rewrite = [], False
        self._changed.clear()

    _is_over_the_limit = False

    def _rewrite(self, writes: list[Write]) -> None:
        content = self._journal.encoded(writes)
        self._is_over_the_limit = len(content) > self._journal.limit_bytes
        if not self._is_over_the_limit:
            self._journal.rewrite(content)
            self._is_lean = False

    def _append(self, writes: list[Write]) -> None:
        content = self._journal.encoded(writes)
        self._is_over_the_limit = self._journal.size + len(content) > self._journal.limit_bytes
        if not self._is_over_the_limit:
            self._journal.append(content)

    async def _shed(self) -> None:
        """The newest state alone, then without what is worth least; the lead goes in any case."""
        before = (self._backlog.dropped_latencies, self._backlog.dropped_turns)
        while self._is_over_the_limit:
            await self._on_disk(self._rewrite, self._backlog.pending())
            if self._is_over_the_limit and not self._backlog.shed():
                self._is_over_the_limit = False
                await self._on_disk(
                    lambda: self._journal.rewrite(self._journal.encoded(self._backlog.pending()))
                )
        dropped = (
            self._backlog.dropped_latencies - before[0],
            self._backlog.dropped_turns - before[1],
        )
        if any(dropped):
            logger.warning("The journal is full: {} latencies and {} turns are dropped", *dropped)

    async def _kept_what_fits(self) -> bool:
        """On a disk that is full: the newest lead, and as much besides as there is room for."""
        for writes in self._backlog.lean():
            try:
                await asyncio.to_thread(self._journal.rewrite, self._journal.encoded(writes))
            except OSError:
                continue
            if not self._has_said_full:
                logger.warning(
                    "The disk is full: the journal keeps {} of {} transactions that wait for the "
                    "database, the newest and the lead; free some space, or set LEADLINE_DATA_DIR",
                    len(writes),
                    self._backlog_size,
                )
            self._has_said_full = self._is_lean = True
            self._is_broken = False
            return True
        return False

    @property
    def _backlog_size(self) -> int:
        return len(self._backlog.pending())

    async def _on_disk(self, work: Callable[..., None], *arguments: object) -> None:
        """In a thread; a disk that refuses is said once, and the call goes on."""
        try:
            await asyncio.to_thread(work, *arguments)
        except OSError as error:
            self._must_rewrite = True
            if error.errno in _FULL and await self._kept_what_fits():
                return
            if not self._is_broken:
                logger.error(
                    "The journal cannot be written ({}): what waits for the database is in memory "
                    "only; free some space, or set LEADLINE_DATA_DIR",
                    error.strerror or type(error).__name__,
                )
            self._is_broken = True
        else:
            self._is_broken = False
