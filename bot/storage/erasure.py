"""Erases a person everywhere: the database, the live session, and the files of this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.config import Settings
from bot.errors import LeadlineError
from bot.records import CallRecord
from bot.storage.errors import StorageError
from bot.storage.journal import journal_folder
from bot.storage.live import LiveState
from bot.storage.replay import discard_journals
from bot.storage.store import Store


async def erase_lead(settings: Settings, store: Store, lead_id: str) -> str:
    """Erase a lead and what was said in its call; returns the lead's id.

    Raises:
        UnknownIdError, AmbiguousIdError, ErasedError: by its id, or a unique prefix of it.
        LeadlineError: the database is done, but Redis is away; the message says so.
    """
    lead = await store.lead(lead_id)
    call = await store.call(lead.call_id)
    erased = await store.erase_lead(lead.lead_id)
    await _erase_beside(settings, store, call)
    return erased


async def erase_call(settings: Settings, store: Store, call_id: str) -> str:
    """Erase what was said in a call, and its lead; returns the call's id. Raises as above."""
    call = await store.call(call_id)
    erased = await store.erase_call(call.call_id)
    await _erase_beside(settings, store, call)
    return erased


async def _erase_beside(settings: Settings, store: Store, call: CallRecord) -> None:
    """The database is done: from now on nothing that anybody still writes of the call is kept."""
    folder: Path = journal_folder(settings.data_dir)
    await asyncio.to_thread(discard_journals, folder, call.call_id)
    async with LiveState.opened(settings, store) as live:
        try:
            await live.sessions.erase(call.call_id, call.room)
        except StorageError as error:
            raise LeadlineError(
                f"call {call.call_id} and its lead are erased in the database, but not the call's "
                f"session, which ends by itself within the hour: {error}"
            ) from None
