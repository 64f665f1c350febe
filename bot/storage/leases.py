"""Who has a call: one bot at a time, known by its lease, fenced by its token.

For the bot of a call::

    lease = await leases.acquire(call_id, holder)   # None: another bot has it
    Call(..., lease=lease)                          # leaves the room when `lease.lost` is set
    await lease.release(is_over=True)               # the call's own end does that

`holder` names ONE bot, never reused: a host and a random part. A bot that takes a call over gives
`at_least=session.token`, so that its token is newer even if the counter cannot be asked.

For the parent of a process that died (it knows for sure)::

    await leases.break_off(call_id, holder)         # then dispatch again: no TTL is waited for

For the watcher, which looks every 0.25 s or so, one at a time in the fleet::

    watch = await leases.lock("watcher", holder)    # None: somebody else watches
    for call_id in await leases.expired():          # each until it is held again or forgotten
        ...dispatch the call again, under `leases.lock(f"dispatch:{call_id}", holder)`
    await leases.forget(call_id)                    # nobody is left in the room: let it be

`holder(call_id)` confirms a dispatch: a bot has the call.

While the table is away nobody can take a call over, so its holder goes on; it asks the fence in
SQL instead. When the table is back (or was restarted, failed over, or the watcher has just begun),
no lease counts as dead before one TTL and a grace: its holder has to find the way back first.
A lease that is missing is looked at twice, so neither a jump of the server's clock nor a holder's
hiccup kills a call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from loguru import logger

from bot.storage.errors import StorageError, StorageUnavailableError
from bot.storage.fencing import Fences
from bot.storage.lease_table import LeaseTable

GRACE_S = 0.5
"""After the table is back: two renewals and the time that a client takes to reconnect."""
SECOND_LOOK_S = 0.3
"""How long a lease must be missing: longer than a renewal's interval."""


class Lease:
    """One name, held. Renewed by a task of its own until it is released or `lost`."""

    def __init__(
        self,
        *,
        name: str,
        holder: str,
        token: int,
        is_call: bool,
        table: LeaseTable,
        fences: Fences | None,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        """Use `Leases.acquire` or `Leases.lock`."""
        self.name = name
        self.holder = holder
        self.token = token
        self.lost = asyncio.Event()
        self._is_call = is_call
        self._table = table
        self._fences = fences
        self._clock, self._wall_clock = clock, wall_clock
        self._awake_at = clock()
        self._awake_at_wall = wall_clock()
        self._doubtful_since: float | None = None
        self._is_away = self._is_released = False
        self._task = asyncio.create_task(self._renew(), name=f"lease-{name[:16]}")

    @property
    def is_sure(self) -> bool:
        """Whether it is ours, as far as can be known without waiting.

        Not after a sleep longer than the TTL (SIGSTOP, a suspended machine), until the table or
        the fence was asked.
        """
        return not (self.lost.is_set() or self._doubtful_since is not None or self._overslept())

    def lose(self, why: str) -> None:
        """Another bot has it: told by the table, the fence, or a refused write."""
        if not self.lost.is_set():
            logger.warning("The lease of {} is lost: {}", self.name, why)
            self.lost.set()

    async def release(self, *, is_over: bool = True) -> None:
        """Give it back, once. `is_over`: the call has ended; otherwise it is to be taken over."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self.lost.is_set() or self._is_released:
            return
        self._is_released = True
        try:
            await self._table.release(self.name, self.holder, self.token, is_over=is_over)
        except StorageError as error:
            logger.warning("The lease of {} could not be given back: {}", self.name, error)

    # --- renewing -------------------------------------------------------------------------------

    async def _renew(self) -> None:
        while not self.lost.is_set():
            await asyncio.sleep(self._table.timing.refresh_s)
            await self._renew_once()

    async def _renew_once(self) -> None:
        if self._overslept() and self._doubtful_since is None:
            self._doubtful_since = self._clock()
        self._awake_at, self._awake_at_wall = self._clock(), self._wall_clock()
        try:
            is_ours = await self._table.refresh(
                self.name, self.holder, self.token, is_call=self._is_call
            )
        except StorageUnavailableError as error:
            await self._ask_the_fence(error)
        except StorageError as error:
            logger.error("The lease of {} cannot be renewed: {}", self.name, error)
        else:
            self._answered(is_ours=is_ours)
        finally:
            # The time that the table let us wait is no sleep.
            self._awake_at, self._awake_at_wall = self._clock(), self._wall_clock()

    def _answered(self, *, is_ours: bool) -> None:
        if self._is_away:
            logger.info("The leases are back; {} is held on", self.name)
        self._is_away, self._doubtful_since = False, None
        if not is_ours:
            self.lose("somebody else has it")

    async def _ask_the_fence(self, error: StorageError) -> None:
        """The table is away for us; for others it may not be."""
        if not self._is_away:
            logger.warning("The leases are away, {} goes on: {}", self.name, error)
        self._is_away = True
        try:
            newest = await self._fences.current(self.name) if self._is_call and self._fences else 0
        except StorageError:
            newest = None
        if newest is not None and newest > self.token:
            self.lose("somebody else has drawn a newer token")
        elif newest is not None and self._fences is not None:
            self._doubtful_since = None
        # Nobody can say: nobody can have taken it either while the table is away, and a bot that
        # did before has put this one out of the room, by its identity.

    def _overslept(self) -> bool:
        """The monotonic clock stands still while a machine is suspended, the other one may jump."""
        asleep = max(
            self._clock() - self._awake_at,
            self._wall_clock() - self._awake_at_wall,
        )
        return asleep > self._table.timing.ttl_s


class Leases:
    """Gives out leases, and says which calls have lost their bot."""

    def __init__(
        self,
        *,
        table: LeaseTable,
        fences: Fences | None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        """`fences`: where tokens are counted; None: the table counts (nothing is in SQL)."""
        self._table = table
        self._fences = fences
        self._clock, self._wall_clock = clock, wall_clock
        self._incarnation: str | None = None
        self._patient_until = 0.0
        self._looked_at = clock()
        self._missing: dict[tuple[str, int], float] = {}

    @property
    def ttl_s(self) -> float:
        """How long a lease lives without its holder."""
        return self._table.timing.ttl_s

    async def acquire(self, call_id: str, holder: str, *, at_least: int = 0) -> Lease | None:
        """Take a call. None: another bot has it.

        A table that is away keeps nobody from talking, but a call that was begun before is not
        taken over then: its bot may live, and nobody can say.

        Args:
            call_id: the call.
            holder: names this one bot; never used again.
            at_least: the token of the session that is restored.
        """
        try:
            reservation = await self._table.reserve(call_id, holder)
        except StorageUnavailableError as error:
            return await self._begun_without(call_id, holder, at_least, error)
        if not reservation.is_ours:
            return None
        token = await self._token(call_id, max(at_least, reservation.newest_token))
        try:
            if not await self._table.confirm(call_id, holder, token, is_call=True):
                return None
        except StorageUnavailableError as error:
            logger.warning("The leases went away, the call {} begins: {}", call_id, error)
        return self._lease(call_id, holder, token, is_call=True)

    async def lock(self, name: str, holder: str) -> Lease | None:
        """Take something that only one may do at a time, without a fence. None: somebody has it.

        Raises:
            StorageUnavailableError: if the table is away: then nobody may do it.
        """
        name = f"lock:{name}"
        reservation = await self._table.reserve(name, holder)
        if not reservation.is_ours:
            return None
        token = reservation.newest_token + 1
        if not await self._table.confirm(name, holder, token, is_call=False):
            return None
        return self._lease(name, holder, token, is_call=False)

    async def holder(self, call_id: str) -> str | None:
        """Who has the call now; None: nobody.

        Raises:
            StorageUnavailableError: if nobody can say.
        """
        return await self._table.holder(call_id)

    async def break_off(self, call_id: str, holder: str) -> bool:
        """End the lease of a holder who is known to be dead. False: it had none."""
        try:
            return await self._table.break_off(call_id, holder)
        except StorageUnavailableError:
            return False

    async def forget(self, call_id: str) -> None:
        """Do not name the call among the `expired` any more.

        Raises:
            StorageUnavailableError: if the table is away.
        """
        await self._table.forget(call_id)

    async def expired(self) -> list[str]:
        """The calls that lost their bot: each time until they are held again, over or forgotten.

        Nothing while the table is away, and for one TTL and a grace after it is back.
        """
        gap, now = self._clock() - self._looked_at, self._clock()
        self._looked_at = now
        try:
            survey = await self._table.survey()
        except StorageUnavailableError:
            self._incarnation = None
            return []
        if survey.incarnation != self._incarnation or gap > self.ttl_s:
            self._incarnation = survey.incarnation
            self._patient_until = self._clock() + self.ttl_s + GRACE_S
        now = self._clock()
        if now < self._patient_until:
            self._missing.clear()
            return []
        missing = {(c.call_id, c.token) for c in survey.calls if not c.is_held}
        self._missing = {key: self._missing.get(key, now) for key in missing}
        # A holder that lives renews its lease in between, also after a jump of the table's clock.
        second_look_s = max(SECOND_LOOK_S, 1.2 * self._table.timing.refresh_s)
        return [
            call_id for (call_id, _), since in self._missing.items() if now - since >= second_look_s
        ]

    async def aclose(self) -> None:
        """Give back connections; leases are released by their holders."""
        await self._table.aclose()

    async def _begun_without(
        self, call_id: str, holder: str, at_least: int, error: StorageError
    ) -> Lease | None:
        token: int | None = None if at_least else 1
        try:
            if self._fences is not None and not at_least:
                token = await self._fences.first(call_id)
        except StorageError:
            pass  # Then nobody knows of the call but who was just asked to hold it.
        if token is None:
            logger.warning("Call {} cannot be taken over while the leases are away", call_id)
            return None
        logger.warning("The leases are away, the call {} begins without: {}", call_id, error)
        return self._lease(call_id, holder, token, is_call=True)

    async def _token(self, call_id: str, floor: int) -> int:
        if self._fences is None:
            return floor + 1
        try:
            return await self._fences.raised(call_id, floor=floor)
        except StorageError as error:
            logger.warning("The token of {} is drawn without the database: {}", call_id, error)
            return floor + 1

    def _lease(self, name: str, holder: str, token: int, *, is_call: bool) -> Lease:
        return Lease(
            name=name,
            holder=holder,
            token=token,
            is_call=is_call,
            table=self._table,
            fences=self._fences,
            clock=self._clock,
            wall_clock=self._wall_clock,
        )
