"""`leadline worker` whose calls are silent: `python -m tests.chaos.silent_worker`.

The worker, the dispatch, the claim, the lease and the watch are the real ones, and so is the
connection to the room. Only the models are left out, so that twenty calls fit on two cores.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

from bot.config import Settings, load_settings
from bot.records import CallRecord, Cost
from bot.resumed_call import new_record, resumed_record, transcript_so_far
from bot.resumption import CallArguments
from bot.storage.store import Store
from bot.telemetry.logging import configure_logging
from bot.tenure import Tenure
from bot.transports import BOT_IDENTITY_PREFIX, livekit_token
from flows.conversation import Conversation


class SilentCall:
    """In the place of `bot.call.Call`: takes the room, holds the lease, says nothing."""

    def __init__(self, *, settings: Settings, line: Any, room: str, store: Store, **claim: Any):
        arguments: CallArguments = claim  # type: ignore[assignment]
        self._settings, self._room = settings, room
        self._lease = arguments["lease"]
        session, playbook = arguments["resume"], arguments["playbook"]
        self._conversation = Conversation(
            playbook=playbook, clock=lambda: datetime.now(UTC), recorded=False
        )
        self._record = (
            new_record(
                room=room,
                transport="livekit",
                playbook=playbook.name,
                call_id=arguments["call_id"],
            )
            if session is None
            else resumed_record(session, room=room, transport="livekit")
        )
        self._tenure = Tenure(
            call=self._record,
            conversation=self._conversation,
            lease=self._lease,
            sessions=arguments["sessions"],
        )

    async def run(self) -> CallRecord:
        """Stay in the room until somebody else has the call, or the process is told to go."""
        from livekit import rtc

        url, _, _ = self._settings.require_livekit()
        token = livekit_token(
            self._settings,
            room=self._room,
            identity=f"{BOT_IDENTITY_PREFIX}{self._record.call_id}",
            name="Leadline",
            agent=True,
        )
        room = rtc.Room()
        async with self._tenure.running():
            self._tenure.checkpoint(
                transcript=transcript_so_far(self._record, self._conversation),
                cost=Cost(),
                caller_id=None,
            )
            await room.connect(url, token)
            try:
                await self._lease.lost.wait()
            finally:
                await room.disconnect()
        return self._record


def prepare(process: Any) -> None:
    """In the place of `bot.fleet.job.prepare`."""
    import bot.call

    bot.call.Call = SilentCall  # type: ignore[assignment,misc]
    settings = load_settings()
    configure_logging(settings.log_level, settings=settings)
    process.userdata["settings"] = settings


async def main() -> None:
    """As the command does."""
    from bot.fleet import job
    from bot.fleet.background import background
    from bot.fleet.worker import Worker

    job.prepare = prepare
    settings = load_settings()
    configure_logging(settings.log_level, settings=settings)
    async with background(settings) as watch:
        await Worker(settings=settings, watch=watch).run()


if __name__ == "__main__":
    asyncio.run(main())
