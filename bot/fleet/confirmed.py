"""A dispatch that is repeated until a bot has the call, or the fleet is known to be busy."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import uuid4

from loguru import logger

from bot.errors import LeadlineError
from bot.fleet.dispatch import Dispatcher
from bot.storage.errors import StorageError, StorageUnavailableError
from bot.storage.leases import Leases

CONFIRM_WITHIN_S: Final = 1.0
"""An idle process shows its lease 0.3 to 0.6 s after the dispatch; a lost dispatch never does."""
LONGEST_WAIT_S: Final = 4.0
"""A process that must be started first takes 2 to 5 s: asking sooner only makes it busier."""
GIVE_UP_AFTER_S: Final = 15.0
LOOK_EVERY_S: Final = 0.05


class FleetBusyError(LeadlineError):
    """No worker took the call: all are full, or none is there."""


class ConfirmedDispatcher:
    """Asks the fleet for a bot and sees that it comes."""

    def __init__(
        self,
        *,
        inner: Dispatcher,
        leases: Leases,
        give_up_after_s: float = GIVE_UP_AFTER_S,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`give_up_after_s`: how long a caller may be kept waiting for a bot."""
        self._inner = inner
        self._leases = leases
        self._give_up_after_s = give_up_after_s
        self._clock = clock
        self._sleep = sleep
        self._holder = f"dispatcher-{uuid4().hex[:12]}"

    async def dispatch(
        self,
        room: str,
        playbook: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        call_id: str | None = None,
        until: float | None = None,
    ) -> str:
        """See `Dispatcher`. Where nobody can say who has a call, one dispatch must do.

        Raises:
            FleetBusyError: nobody took the call; a worker that takes it later leaves it.
        """
        the_call = call_id or uuid4().hex
        wait_s, give_up_at = CONFIRM_WITHIN_S, self._clock() + self._give_up_after_s
        # A worker that takes the call later must leave it: the caller was told that none comes.
        until = until or time.time() + self._give_up_after_s
        while True:
            try:
                await self._ask(room, playbook, metadata, the_call, until)
                if await self._is_taken_within(the_call, wait_s):
                    return the_call
            except StorageError as error:
                logger.warning("Nobody can say whether call {} was taken: {}", the_call, error)
                return the_call
            if self._clock() >= give_up_at:
                raise FleetBusyError(
                    f"no worker took the call in room {room!r} within "
                    f"{self._give_up_after_s:.0f} s; all are busy or none is running "
                    "(`leadline worker`): try again later, or start more"
                )
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)

    async def _ask(
        self,
        room: str,
        playbook: str | None,
        metadata: Mapping[str, Any] | None,
        call_id: str,
        until: float,
    ) -> None:
        """Only one at a time asks for a bot for the same call.

        Without the table it is asked for all the same: the caller waits, and two bots of a call
        are told apart by the fence.
        """
        try:
            lock = await self._leases.lock(f"dispatch:{call_id}", self._holder)
        except StorageUnavailableError:
            await self._inner.dispatch(room, playbook, metadata, call_id=call_id, until=until)
            return
        if lock is None:
            return
        try:
            await self._inner.dispatch(room, playbook, metadata, call_id=call_id, until=until)
        finally:
            await lock.release()

    async def _is_taken_within(self, call_id: str, seconds: float) -> bool:
        until = self._clock() + seconds
        while self._clock() < until:
            if await self._leases.holder(call_id) is not None:
                return True
            await self._sleep(LOOK_EVERY_S)
        return False
