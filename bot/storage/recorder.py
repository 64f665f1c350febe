"""The seam between a call and the store: hand over and go on, whatever the database does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Protocol

import stamina
from loguru import logger

from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord
from bot.storage.backlog import Backlog, FinishWrite, StartWrite, TurnWrite, Write
from bot.storage.errors import StaleTokenError, StorageError, StorageUnavailableError
from bot.storage.journal import Journal
from bot.storage.mirror import Mirror

# A call of half an hour has about 200 turns.
CAPACITY = 512
FLUSH_TIMEOUT_S = 5.0
_RETRY_FIRST_S = 0.1
_RETRY_LONGEST_S = 5.0


class Writer(Protocol):
    """What the recorder writes to; a `Store` is one."""

    async def start_call(
        self, call: CallRecord, lead: LeadRecord, *, token: int | None = None
    ) -> None:
        """Write a call's beginning."""

    async def save_turn(
        self,
        call_id: str,
        turn: TurnRecord,
        lead: LeadRecord | None = None,
        latency: TurnLatency | None = None,
        *,
        token: int | None = None,
    ) -> None:
        """Write a turn."""

    async def finish_call(
        self, call: CallRecord, lead: LeadRecord, *, token: int | None = None
    ) -> None:
        """Write a call's end."""


class Recorder:
    """Writes one call behind its back: one bounded backlog, one task that owns it.

    `start` and `turn` return at once and never raise. While the database is away they keep what
    is to be written, and the task tries again, ever more slowly. Nothing is logged but ids and
    numbers. Use it as ``async with Recorder(store=store) as recorder``; leaving it waits for what
    is left, at most `flush_timeout_s`.
    """

    def __init__(
        self,
        *,
        store: Writer,
        token: int | None = None,
        on_stale: Callable[[str], None] = lambda _why: None,
        journal: Journal | None = None,
        capacity: int = CAPACITY,
        flush_timeout_s: float = FLUSH_TIMEOUT_S,
        retry_first_s: float = _RETRY_FIRST_S,
        retry_longest_s: float = _RETRY_LONGEST_S,
    ) -> None:
        """Nothing happens before `async with`.

        Args:
            store: where to.
            token: the lease's fencing token, which goes with every write.
            on_stale: told why, when the token is not the newest any more.
            journal: keeps on disk what the database does not take; None keeps it in memory only.
            capacity: turns and latencies in memory, at most.
            flush_timeout_s: how long the end waits.
            retry_first_s: the first pause before trying again; they double.
            retry_longest_s: the longest one.
        """
        self._journal = journal
        self._mirror: Mirror | None = None
        self._store = store
        self._token = token
        self._on_stale = on_stale
        self._backlog = Backlog(capacity=capacity)
        self._flush_timeout_s = flush_timeout_s
        self._retry_first_s = retry_first_s
        self._retry_longest_s = retry_longest_s
        self._work = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Recorder:
        """Start the task that writes."""
        self._task = asyncio.create_task(self._write_behind(), name="recorder")
        if self._journal is not None:
            self._mirror = Mirror(journal=self._journal, backlog=self._backlog)
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Write what is left, at most `flush_timeout_s`, and stop the task."""
        await self.aclose()

    @property
    def pending(self) -> int:
        """How many transactions wait to be written."""
        return len(self._backlog)

    def start(self, call: CallRecord, lead: LeadRecord) -> None:
        """The call begins, or is resumed."""
        self.again(StartWrite(call=call.model_copy(deep=True), lead=lead.model_copy(deep=True)))

    def begin_again(self, call_id: str) -> None:
        """The call was begun before, by a process that is gone: its writes come by `again`."""
        self._backlog.begin_again(call_id)

    def again(self, write: Write) -> None:
        """Hand over one write, as `start`, `turn` and `finish` do; its records are ours now.

        Raises:
            ValueError: a turn came before its call's beginning.
        """
        if isinstance(write, StartWrite):
            self._backlog.start(write.call, write.lead)
        elif isinstance(write, FinishWrite):
            self._backlog.finish(write.call, write.lead)
        else:
            self._backlog.turn(write.turn, write.lead, write.latency)
        if self._mirror is not None:
            self._mirror.note(write)
        self._wake()

    def turn(
        self,
        turn: TurnRecord,
        lead: LeadRecord | None = None,
        latency: TurnLatency | None = None,
    ) -> None:
        """A turn is over (or is known better now), with the lead and the latency after it."""
        dropped = self._backlog.dropped_turns
        try:
            self.again(
                TurnWrite(
                    call_id=self._backlog.call_id,
                    turn=turn.model_copy(deep=True),
                    lead=lead.model_copy(deep=True) if lead is not None else None,
                    latency=latency.model_copy(deep=True) if latency is not None else None,
                )
            )
        except ValueError as error:
            logger.error("A turn is not saved: {}", error)
            return
        if self._backlog.dropped_turns > dropped:
            logger.warning("The database is away for long: the oldest turn that waited is dropped")

    async def finish(self, call: CallRecord, lead: LeadRecord) -> bool:
        """The call is over: wait until all is written, at most `flush_timeout_s`.

        Returns:
            Whether all of it is written. If not, the task goes on trying until it is closed.
        """
        self.again(FinishWrite(call=call.model_copy(deep=True), lead=lead.model_copy(deep=True)))
        return await self.flush()

    def abandon(self) -> None:
        """Another bot has the call: nothing more is written."""
        self._backlog.clear()
        self._idle.set()

    async def flush(self) -> bool:
        """Wait until nothing is left to write, at most `flush_timeout_s`; whether it came true."""
        if self._task is None or self._task.done():
            return not self._backlog
        try:
            async with asyncio.timeout(self._flush_timeout_s):
                await self._idle.wait()
        except TimeoutError:
            logger.error(
                "{} transactions of the call are not in the database after {} s",
                self.pending,
                self._flush_timeout_s,
            )
            return False
        return True

    async def aclose(self) -> None:
        """Write what is left, at most `flush_timeout_s`, and stop."""
        if self._task is None:
            return
        await self.flush()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        if self._mirror is not None:
            if self._backlog and await self._mirror.settle():
                logger.warning(
                    "{} transactions are kept in the journal; the next process writes them",
                    self.pending,
                )
            if not self._backlog:
                await self._mirror.clear()
            await self._mirror.aclose()
            self._mirror = None

    def _wake(self) -> None:
        self._idle.clear()
        self._work.set()

    async def _write_behind(self) -> None:
        while True:
            await self._work.wait()
            self._work.clear()
            while self._backlog.next() is not None:
                await self._write_next()
                if self._mirror is not None and self._backlog.next() is None:
                    await self._mirror.clear()
            if not self._work.is_set():
                self._idle.set()

    async def _write_next(self) -> None:
        attempts = stamina.retry_context(
            on=StorageUnavailableError,
            attempts=None,
            timeout=None,
            wait_initial=self._retry_first_s,
            wait_max=self._retry_longest_s,
            wait_jitter=self._retry_first_s,
        )
        async for attempt in attempts:
            with attempt:
                # Asked anew each time: what waits may have been renewed meanwhile.
                write = self._backlog.next()
                if write is None:
                    return
                try:
                    await self._write(write)
                except StorageUnavailableError as error:
                    logger.warning("The database is away, {} wait: {}", self.pending, error)
                    if self._mirror is not None:
                        self._mirror.database_is_away()
                    raise
                except StaleTokenError as error:
                    self._backlog.clear()
                    self._on_stale(str(error))
                except Exception as error:
                    # A traceback would carry what the caller said.
                    reason = str(error) if isinstance(error, StorageError) else type(error).__name__
                    logger.error("A {} is not saved: {}", type(write).__name__, reason)
                    self._backlog.give_up(write)
                else:
                    self._backlog.done(write)

    async def _write(self, write: Write) -> None:
        if isinstance(write, StartWrite):
            await self._store.start_call(write.call, write.lead, token=self._token)
        elif isinstance(write, FinishWrite):
            await self._finish(write)
        else:
            await self._store.save_turn(
                write.call_id, write.turn, write.lead, write.latency, token=self._token
            )

    async def _finish(self, write: FinishWrite) -> None:
        try:
            await self._store.finish_call(write.call, write.lead, token=self._token)
        except (StorageUnavailableError, StaleTokenError):
            raise
        except StorageError as error:
            # One turn that the database refuses must not cost the lead.
            logger.error("The call's end is saved without its turns: {}", error)
            bare = write.call.model_copy(
                update={"turns": [], "latency": write.call.latency.model_copy(update={"turns": []})}
            )
            await self._store.finish_call(bare, write.lead, token=self._token)
