"""A call that never takes place, in a process that waits for one.

The first call of a process would import drivers and clients, make TLS contexts and connect to the
stores with its event loop blocked, up to a second on a busy machine: in that time no sound moves,
and its lease may run out. So all of it is done once before.
"""

from __future__ import annotations

import asyncio

from loguru import logger

from bot.config import Settings
from bot.errors import LeadlineError

STORE_TIMEOUT_S = 2.0
_NOBODY = "rehearsal"


def rehearse(settings: Settings) -> None:
    """Build a call and ask the stores something. What fails here fails again in the call."""
    try:
        asyncio.run(_rehearse(settings))
    except (LeadlineError, TimeoutError) as error:
        logger.warning("The call's start could not be rehearsed: {}", error)


async def _rehearse(settings: Settings) -> None:
    from bot.call import Call
    from bot.fleet.job import bot_line
    from bot.playbooks import load_playbook
    from bot.storage.live import LiveState
    from bot.storage.store import Store

    Call(
        settings=settings,
        playbook=load_playbook(settings.playbook),
        line=bot_line(settings, room=_NOBODY, call_id=_NOBODY),
        room=_NOBODY,
        store=None,
    ).rehearse()
    async with (
        asyncio.timeout(STORE_TIMEOUT_S),
        Store.opened(settings, patience_s=STORE_TIMEOUT_S) as store,
        LiveState.opened(settings, store) as live,
    ):
        await asyncio.gather(
            live.sessions.load(_NOBODY), live.leases.holder(_NOBODY), return_exceptions=True
        )
