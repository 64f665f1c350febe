"""One bot's time with a call: its right to it, and what it leaves to the next bot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from loguru import logger

from bot.records import CallRecord, Cost, EndReason
from bot.storage.checkpoints import Checkpointer
from bot.storage.errors import StorageError
from bot.storage.journal import Journal, journal_folder
from bot.storage.leases import Lease
from bot.storage.recorder import Recorder
from bot.storage.session import Progress, Session
from bot.storage.sessions import SessionStore
from bot.storage.store import Store
from bot.transcript import Transcript
from flows.conversation import Conversation

UNFINISHED: frozenset[EndReason] = frozenset({"caller_left", "failed", "drained"})
"""After these the session is kept: the caller may come back, or another bot goes on."""
TAKEN_OVER: frozenset[EndReason] = frozenset({"failed", "drained"})
"""After these the caller may still be there, alone."""


class Tenure:
    """From taking a call to giving it back. Without a lease and sessions nothing is kept."""

    def __init__(
        self,
        *,
        call: CallRecord,
        conversation: Conversation,
        lease: Lease | None,
        sessions: SessionStore | None,
    ) -> None:
        """Nothing is written before `running`."""
        self._call = call
        self._conversation = conversation
        self._lease = lease
        self._sessions = sessions
        self._checkpoints: Checkpointer | None = None
        self._n = 0

    @property
    def is_lost(self) -> bool:
        """Whether another bot has the call: this one writes and says nothing more."""
        return self._lease is not None and self._lease.lost.is_set()

    @property
    def may_be_heard(self) -> bool:
        """Whether this bot may speak now; one that has just woken up asks first."""
        return self._lease is None or self._lease.may_be_heard

    @property
    def _token(self) -> int:
        return self._lease.token if self._lease else 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write checkpoints behind the call's back; a lease that is still held is given back."""
        if self._sessions is not None:
            self._checkpoints = Checkpointer(sessions=self._sessions)
            if not self._call.resumed:
                # Before the chain is built: a bot that dies meanwhile must be replaced as well.
                began_at = time.monotonic()
                self.checkpoint(
                    transcript=Transcript(started_at=began_at), cost=Cost(), caller_id=None
                )
        try:
            yield
        finally:
            if self._checkpoints is not None:
                await self._checkpoints.aclose()
            if self._lease is not None:
                await self._lease.release(is_over=False)

    def recorder(self, store: Store, *, data_dir: Path) -> Recorder:
        """Writes the call's history with this bot's token."""
        token = self._lease.token if self._lease is not None else None
        journal = Journal(folder=journal_folder(data_dir), call_id=self._call.call_id, token=token)
        if self._lease is None:
            return Recorder(store=store, journal=journal)
        return Recorder(store=store, token=token, on_stale=self._lease.lose, journal=journal)

    async def watch(self, when_lost: Callable[[], Awaitable[None]]) -> None:
        """Wait, for ever, for the loss of the call, by the lease or by a newer bot's session."""
        if self._lease is None:
            return
        telling = asyncio.create_task(self._lose_when_stale(self._lease), name="stale-session")
        try:
            await self._lease.lost.wait()
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
        logger.warning("Another bot has the call {}: this one leaves", self._call.call_id)
        await when_lost()

    async def _lose_when_stale(self, lease: Lease) -> None:
        if self._checkpoints is not None:
            await self._checkpoints.is_stale.wait()
            lease.lose("a newer bot has saved the session")

    def checkpoint(
        self,
        *,
        transcript: Transcript,
        cost: Cost,
        caller_id: str | None,
        ended: EndReason | None = None,
    ) -> None:
        """Hand over the state as it is now; nothing is waited for."""
        if self._checkpoints is None or self.is_lost:
            return
        self._n += 1
        call = self._call
        self._checkpoints.save(
            Session(
                call_id=call.call_id,
                lead_id=call.lead_id,
                room=call.room,
                transport=call.transport,
                playbook=call.playbook,
                started_at=call.started_at,
                resumed=call.resumed,
                token=self._token,
                n=self._n,
                saved_at=datetime.now(UTC),
                greeted=any(turn.role == "bot" for turn in transcript.turns),
                caller_id=caller_id,
                ended=ended,
                conversation=self._conversation.snapshot(),
                turns=list(transcript.turns),
                latencies=list(transcript.latencies),
                cost=cost,
            )
        )

    def keep_the_words(self) -> None:
        """What the caller has said since the checkpoint, before it is answered."""
        if self._checkpoints is None or self.is_lost:
            return
        self._checkpoints.progress(
            Progress(
                call_id=self._call.call_id,
                token=self._token,
                n=self._n,
                conversation=self._conversation.open_turn_snapshot(),
            )
        )

    async def end(
        self,
        reason: EndReason,
        *,
        transcript: Transcript,
        cost: Cost,
        caller_id: str | None,
        is_vain: bool = False,
    ) -> None:
        """Keep the session if somebody may go on with it, and give the lease back.

        `is_vain`: whoever tried again would fail in the same way.
        """
        if reason in UNFINISHED and self._conversation.outcome is None and not is_vain:
            ended = None if reason in TAKEN_OVER else reason
            self.checkpoint(transcript=transcript, cost=cost, caller_id=caller_id, ended=ended)
            if self._checkpoints is not None:
                await self._checkpoints.flush()
        else:
            await self._forget_the_session()
        if self._lease is not None:
            await self._lease.release(is_over=is_vain or reason not in TAKEN_OVER)

    async def _forget_the_session(self) -> None:
        if self._checkpoints is None or self._sessions is None:
            return
        await self._checkpoints.aclose()
        try:
            await self._sessions.delete(self._call.call_id)
        except StorageError as error:
            logger.warning("The session of a call that is over stays until it expires: {}", error)
