"""Ends a call that nobody will go on with: its bot died, and its caller did not come back."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.clock import call_clock
from bot.config import Settings
from bot.latency import summarise
from bot.lead_record import lead_record
from bot.playbooks import load_playbook
from bot.records import CallRecord
from bot.storage.errors import ErasedError, UnknownIdError
from bot.storage.session import Session
from bot.storage.sessions import SessionStore
from bot.storage.store import Store
from flows.conversation import Conversation


class StoredUndertaker:
    """Writes the end into the database, and keeps the session for a caller who comes back."""

    def __init__(self, *, settings: Settings, store: Store, sessions: SessionStore) -> None:
        self._settings = settings
        self._store = store
        self._sessions = sessions

    async def bury(self, session: Session) -> None:
        """Save the call's end and its lead as they were at the last checkpoint.

        Nothing, if its bot has come to the end and only the session was left: the end that is
        saved knows more than any checkpoint.

        Raises:
            StorageError: it could not be saved; the call stays an orphan, and is tried again.
        """
        if await self._has_ended(session):
            await self._sessions.delete(session.call_id)
            return
        conversation = Conversation.restore(
            session.conversation,
            playbook=load_playbook(session.playbook),
            clock=call_clock(self._settings.now),
        )
        call = CallRecord(
            call_id=session.call_id,
            room=session.room,
            transport=session.transport,
            playbook=session.playbook,
            started_at=session.started_at,
            ended_at=datetime.now(UTC),
            end_reason="caller_left",
            resumed=session.resumed,
            turns=session.turns,
            latency=summarise(session.turns, session.latencies),
            cost=session.cost,
            lead_id=session.lead_id,
        )
        lead = lead_record(
            conversation,
            lead_id=session.lead_id,
            call_id=session.call_id,
            created_at=session.started_at,
        )
        await self._store.finish_call(call, lead, token=session.token)
        await self._sessions.save(
            session.model_copy(update={"ended": "caller_left", "n": session.n + 1})
        )

    async def _has_ended(self, session: Session) -> bool:
        try:
            call = await self._store.call(session.call_id)
        except ErasedError:
            return True
        except UnknownIdError:
            return False
        return call.ended_at is not None and call.resumed >= session.resumed
