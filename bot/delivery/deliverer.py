"""The deliverer: takes from the outbox what is due and brings it to its targets.

Any number of them run at once, in workers and in `leadline deliveries run`. Each target has a
bound and a task of its own, so that one which hangs holds up nobody else.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from loguru import logger

from bot.config import Settings
from bot.delivery.backoff import wait_s
from bot.delivery.outbox import Claim, Clock, Outbox
from bot.delivery.target import Outcome, Target, Verdict
from bot.delivery.targets import build_targets
from bot.storage.errors import StorageError, StorageUnavailableError
from bot.storage.store import Store

POLL_S = 1.0
"""How soon a delivery begins that another process has put into the outbox."""
POLL_LONGEST_S = 30.0
"""... while the database is away."""
DRAIN_S = 10.0
"""How long deliveries that have begun may go on when the deliverer is to end."""
LEASE_MARGIN_S = 30.0
"""A lease outlives its attempt by so much: the answer has to be written, too."""
SWEEP_S = 60.0
"""How often leads are looked for that nobody has put into the outbox."""
ENDED_WITHIN_S = 3600.0
CLOCKS_APART_S = 60.0
"""What waits longer than the longest wait and this was dated by a clock that was wrong."""
QUIET_MARGIN_S = 600.0
_SETTLE_PAUSES_S = (0.5, 2.0, 5.0)
"""Between the tries to save what became of an attempt; less than the lease's margin in all."""
_TARGET_GRACE_S = 5.0
"""A target keeps its own time-out; one that does not is cancelled so much later."""


@dataclass(slots=True)
class Tally:
    """What has become of the attempts so far."""

    delivered: int = 0
    retried: int = 0
    dead: int = 0
    by_target: Counter[str] = field(default_factory=Counter)

    @property
    def attempts(self) -> int:
        """All of them."""
        return self.delivered + self.retried + self.dead


class Deliverer:
    """Delivers what is due, until it is told to stop. Never raises for a target or the database.

    Use it as ``async with Deliverer(settings, store).running(): ...`` beside calls, or
    ``await deliverer.drain(timeout_s=...)`` for what is due now.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        *,
        targets: Sequence[Target] | None = None,
        clock: Clock = lambda: datetime.now(UTC),
        chance: Callable[[], float] = random.random,
        poll_s: float = POLL_S,
    ) -> None:
        """Prepare; nothing is connected.

        Args:
            settings: targets, time-outs, how often and how long to try.
            store: where the outbox is; it stays the caller's.
            targets: instead of the settings' own.
            clock: what is due is asked of it.
            chance: a random number from 0 to 1, for the jitter.
            poll_s: how often the outbox is asked.

        Raises:
            UsageError: a CRM of the settings is not installed.
        """
        self._settings = settings
        self._targets = list(targets) if targets is not None else build_targets(settings)
        self._outbox = Outbox(
            store=store,
            clock=clock,
            longest_wait_s=settings.delivery_retry_longest_s + CLOCKS_APART_S,
        )
        self._clock = clock
        self._chance = chance
        self._poll_s = poll_s
        self._wake = {target.name: asyncio.Event() for target in self._targets}
        self._ending = False
        self.tally = Tally()

    @property
    def targets(self) -> tuple[str, ...]:
        """The names of what it delivers to."""
        return tuple(target.name for target in self._targets)

    @asynccontextmanager
    async def running(self, *, drain_s: float = DRAIN_S) -> AsyncIterator[Deliverer]:
        """Deliver in the background. At the end also what is due then, at most `drain_s` long."""
        if not self._targets:
            yield self
            return
        task = asyncio.create_task(self.run(), name="deliverer")
        try:
            yield self
        finally:
            self._ending = True
            self.wake()
            await asyncio.wait({task}, timeout=drain_s)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.aclose()

    async def run(self) -> None:
        """Deliver until cancelled; what is under way then is broken off, and made again later."""
        helpers = [asyncio.create_task(work) for work in (self._poll(), self._sweep())]
        try:
            async with asyncio.TaskGroup() as group:
                for target in self._targets:
                    group.create_task(self._serve(target), name=f"deliver-{target.name}")
        finally:
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)

    async def drain(self, *, timeout_s: float) -> bool:
        """Deliver what is due now, at most `timeout_s` long; whether all of it was tried.

        What fails is due later, and is not waited for.
        """
        if not self._targets:
            return True
        try:
            async with asyncio.timeout(timeout_s), asyncio.TaskGroup() as group:
                for target in self._targets:
                    group.create_task(self._serve(target, until_idle=True))
        except TimeoutError:
            return False
        return True

    def wake(self) -> None:
        """Something may be in the outbox: look at once, not only at the next poll."""
        for event in self._wake.values():
            event.set()

    async def aclose(self) -> None:
        """Free what the targets hold."""
        await asyncio.gather(*(t.aclose() for t in self._targets), return_exceptions=True)

    # One target

    async def _serve(self, target: Target, *, until_idle: bool = False) -> None:
        running: set[asyncio.Task[None]] = set()
        wake = self._wake[target.name]
        try:
            while True:
                wake.clear()
                free = target.at_once - len(running)
                claims = await self._claim(target, free) if free > 0 else []
                running |= {asyncio.create_task(self._attempt(target, c)) for c in claims}
                if (until_idle or self._ending) and not running:
                    return
                running = await _until_one_ends(running, wake)
        finally:
            for task in running:
                task.cancel()
            if running:
                # Each gives its lease back, within the time that the store allows.
                await asyncio.gather(*running, return_exceptions=True)

    async def _claim(self, target: Target, at_most: int) -> list[Claim]:
        lease_s = target.timeout_s + LEASE_MARGIN_S
        try:
            return await self._outbox.claim(target.name, at_most=at_most, lease_s=lease_s)
        except Exception as error:
            logger.warning("{}: the outbox cannot be read: {}", target.name, _in_words(error))
            return []

    async def _attempt(self, target: Target, claim: Claim) -> None:
        try:
            outcome = await self._deliver(target, claim)
        except asyncio.CancelledError:
            # We are to end. Whether it has arrived nobody knows: it is delivered again.
            with suppress(StorageError):
                await self._outbox.retry_later(claim, "was broken off", wait_s=0.0)
            raise
        try:
            await self._settle(claim, outcome)
        except Exception as error:
            self._not_saved(claim, error)

    async def _deliver(self, target: Target, claim: Claim) -> Outcome:
        try:
            async with asyncio.timeout(target.timeout_s + _TARGET_GRACE_S):
                return await target.deliver(claim.parcel)
        except TimeoutError:
            return Outcome(verdict=Verdict.RETRY, detail="did not end in time")
        except Exception as error:
            # Its message may quote the lead.
            return Outcome(verdict=Verdict.RETRY, detail=f"failed ({type(error).__name__})")

    async def _settle(self, claim: Claim, outcome: Outcome) -> None:
        for pause_s in (*_SETTLE_PAUSES_S, None):
            try:
                await self._settle_now(claim, outcome)
            except StorageUnavailableError as error:
                if pause_s is not None:
                    await asyncio.sleep(pause_s)
                    continue
                self._not_saved(claim, error)
            self.tally.by_target[claim.target] += 1
            return

    def _not_saved(self, claim: Claim, error: Exception) -> None:
        # The lease ends by itself, and the receiver knows the id.
        identifier = claim.parcel.delivery_id
        reason = _in_words(error)
        logger.warning("{}: {} will be delivered again: {}", claim.target, identifier, reason)

    async def _settle_now(self, claim: Claim, outcome: Outcome) -> None:
        name, identifier = claim.target, claim.parcel.delivery_id
        why_dead = self._why_dead(claim, outcome)
        if outcome.verdict is Verdict.DELIVERED:
            await self._outbox.delivered(claim, outcome.detail)
            self.tally.delivered += 1
            logger.info("{}: {} is delivered", name, identifier)
        elif why_dead is not None:
            await self._outbox.dead(claim, f"{outcome.detail}; {why_dead}")
            self.tally.dead += 1
            logger.error(
                "{}: {} is given up: {}; {}. `leadline deliveries retry {}` tries it again",
                *(name, identifier, outcome.detail, why_dead, identifier),
            )
        else:
            wait = self._wait_s(claim, outcome)
            await self._outbox.retry_later(claim, outcome.detail, wait_s=wait)
            self.tally.retried += 1
            logger.warning("{}: {} {}; again in {:.0f} s", name, identifier, outcome.detail, wait)

    def _why_dead(self, claim: Claim, outcome: Outcome) -> str | None:
        settings = self._settings
        if outcome.verdict is Verdict.REFUSED:
            return "which another attempt will not change"
        if claim.attempts >= settings.delivery_max_attempts:
            return f"{claim.attempts} attempts of LEADLINE_DELIVERY_MAX_ATTEMPTS"
        age_s = (self._clock() - claim.since).total_seconds()
        if age_s >= settings.delivery_max_age_s:
            return "older than LEADLINE_DELIVERY_MAX_AGE_S"
        return None

    def _wait_s(self, claim: Claim, outcome: Outcome) -> float:
        return wait_s(
            attempt=claim.attempts,
            first_s=self._settings.delivery_retry_first_s,
            longest_s=self._settings.delivery_retry_longest_s,
            chance=self._chance(),
            retry_after_s=outcome.retry_after_s,
        )

    # All targets

    async def _poll(self) -> None:
        """Wake the targets that have work. One that reads, so that idle deliverers lock nothing."""
        pause_s = self._poll_s
        while True:
            await asyncio.sleep(pause_s)
            try:
                for name in await self._outbox.has_work(self.targets):
                    self._wake[name].set()
                pause_s = self._poll_s
            except Exception as error:
                if pause_s == self._poll_s:
                    logger.warning("The outbox cannot be read: {}", _in_words(error))
                pause_s = min(2 * pause_s, POLL_LONGEST_S)

    async def _sweep(self) -> None:
        while True:
            try:
                await self.sweep()
            except Exception as error:
                logger.debug("The outbox cannot be read: {}", _in_words(error))
            await asyncio.sleep(SWEEP_S)

    async def sweep(self) -> int:
        """Put leads into the outbox that nobody has put there; see `Outbox.enqueue_missed`.

        Raises:
            StorageError: the database is away or refuses.
        """
        settings = self._settings
        found = await self._outbox.enqueue_missed(
            self.targets,
            quiet_s=settings.max_call_s + QUIET_MARGIN_S,
            ended_within_s=ENDED_WITHIN_S,
            max_age_s=settings.delivery_max_age_s,
        )
        if found:
            logger.info("{} leads of calls that did not end in order are delivered now", found)
            self.wake()
        return found


def _in_words(error: Exception) -> str:
    """Only our own errors are known to carry nothing of a lead."""
    return str(error) if isinstance(error, StorageError) else type(error).__name__


@asynccontextmanager
async def delivered_afterwards(
    settings: Settings, store: Store, *, at_most_s: float = DRAIN_S
) -> AsyncIterator[None]:
    """Around a single call: nothing happens beside it, and behind it what is due is delivered.

    What does not succeed within `at_most_s` waits in the outbox for the next deliverer.

    Raises:
        UsageError: a CRM of the settings is not installed; before the call.
    """
    if not settings.delivery_targets:
        yield
        return
    deliverer = Deliverer(settings, store)
    try:
        yield
        await deliverer.drain(timeout_s=at_most_s)
    finally:
        await deliverer.aclose()


async def _until_one_ends(
    running: set[asyncio.Task[None]], wake: asyncio.Event
) -> set[asyncio.Task[None]]:
    """Wait for a task to end or for `wake`; returns the tasks that still run."""
    waiting = asyncio.create_task(wake.wait())
    try:
        await asyncio.wait({*running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    return {task for task in running if not task.done()}
