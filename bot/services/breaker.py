"""A circuit breaker for each provider: after enough failures nobody waits for it for a while.

Why none of the libraries: pybreaker, aiobreaker, asyncbreaker and purgatory wrap a call that
returns or raises. A streaming turn does neither: that a socket says nothing is found out by a
watchdog long after the call returned, and an attempt may fail in the middle of its answer. They
also ask Redis before every call (purgatory, asyncbreaker) or block on it (pybreaker), which a
turn cannot wait for, and none tells a permanent refusal (a bad key) from a bad moment.

Everything here is synchronous, takes its clock from outside and never waits. What other processes
have found out comes and goes through a `BreakerStore`, in the background (`Breakers.run`).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol
from uuid import uuid4

from loguru import logger

SYNC_INTERVAL_S: Final = 1.0
"""How often a process reads what the others have found out."""


class BreakerState(StrEnum):
    """Whether a provider is used."""

    CLOSED = "closed"
    """It is used."""
    OPEN = "open"
    """It is left alone until the cool-down is over."""
    HALF_OPEN = "half-open"
    """One attempt is under way that decides."""


@dataclass(frozen=True, kw_only=True)
class BreakerPolicy:
    """When a breaker opens, and for how long. Times in seconds.

    Parameters:
        failures: this many within `window_s` open it.
        cooldown_s: the first cool-down; it doubles with each opening in a row.
        max_cooldown_s: the longest one. Closed for as long, the doubling begins anew.
        jitter: a cool-down varies by this part of itself, so that processes do not probe at once.
        probe_timeout_s: a probe of which nothing was heard any more is given up after this.
        permanent_cooldown_s: the cool-down after a refusal that only another setting will change.
            Keys are set right at the provider too, and providers refuse good ones for a while.
    """

    failures: int = 3
    window_s: float = 30.0
    cooldown_s: float = 5.0
    max_cooldown_s: float = 120.0
    jitter: float = 0.2
    probe_timeout_s: float = 30.0
    permanent_cooldown_s: float = 300.0


@dataclass(frozen=True, kw_only=True)
class BreakerNews:
    """What one process tells the others. `change_id` is new for each change."""

    change_id: str
    is_open: bool
    for_s: float
    """How long it stays open from now; for a closed one, how long the news is of interest."""
    openings: int
    reason: str
    permanent: bool = False
    """Somebody has to change a setting. For people: to another process it is an opening."""


class BreakerStore(Protocol):
    """Where processes leave their news. Implementations may fail: nothing depends on them."""

    async def publish(self, name: str, news: BreakerNews) -> None:
        """Replace what is known of a provider."""

    async def latest(self, names: list[str]) -> dict[str, BreakerNews]:
        """What is known, with the time that is left in `for_s`."""

    async def aclose(self) -> None:
        """Give the connection back."""


class Breaker:
    """One provider's breaker. Ask `allow()` before an attempt; tell it how the attempt ended."""

    def __init__(
        self,
        name: str,
        *,
        policy: BreakerPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
        publish: Callable[[str, BreakerNews], None] = lambda *_: None,
    ) -> None:
        """Make a closed breaker; `publish` must not block."""
        self.name = name
        self._policy = policy or BreakerPolicy()
        self._clock = clock
        self._uniform = uniform
        self._publish = publish
        self._state = BreakerState.CLOSED
        self._reason = ""
        self._permanent = False
        self._failures: deque[float] = deque(maxlen=max(1, self._policy.failures))
        self._openings = 0
        self._until = 0.0
        self._probe_began = 0.0
        self._closed_at = self._clock()
        self._last_change = ""

    @property
    def state(self) -> BreakerState:
        """The state; an open breaker stays open until someone asks `allow()`."""
        return self._state

    @property
    def reason(self) -> str:
        """Why it is not closed; empty while it is."""
        return self._reason

    @property
    def is_permanent(self) -> bool:
        """Whether somebody has to change a setting, as far as is known."""
        return self._permanent

    @property
    def retry_in_s(self) -> float:
        """Seconds until `allow()` may say yes: 0 now."""
        now = self._clock()
        match self._state:
            case BreakerState.CLOSED:
                return 0.0
            case BreakerState.OPEN:
                return max(0.0, self._until - now)
            case BreakerState.HALF_OPEN:
                return max(0.0, self._probe_began + self._policy.probe_timeout_s - now)

    @property
    def is_closed(self) -> bool:
        """Whether the provider is used; an open one is probed beside the calls, if at all."""
        return self._state is BreakerState.CLOSED

    def allow(self) -> bool:
        """Whether an attempt may be made. When half open, only the one probe may."""
        if self._state is BreakerState.CLOSED:
            return True
        if self.retry_in_s > 0:
            return False
        self._state = BreakerState.HALF_OPEN
        self._probe_began = self._clock()
        # The others hold back meanwhile.
        self._tell(is_open=True, for_s=self._policy.probe_timeout_s)
        return True

    def succeeded(self) -> None:
        """An attempt was answered. Late news from before an opening changes nothing."""
        if self._state is BreakerState.HALF_OPEN:
            logger.info("{} answers again", self.name)
            self._permanent = False
            self._close()
            self._tell(is_open=False, for_s=self._policy.max_cooldown_s)

    def failed(self, *, permanent: bool = False, reason: str) -> None:
        """An attempt failed. `permanent`: it will fail again until someone changes a setting."""
        if permanent:
            if not self._permanent:
                logger.error("{} is not used any more: {}", self.name, reason)
            self._permanent = True
            self._open(reason)
            return
        if self._state is BreakerState.OPEN:
            return
        self._permanent = False
        now = self._clock()
        self._failures.append(now)
        recent = [at for at in self._failures if now - at <= self._policy.window_s]
        if self._state is BreakerState.HALF_OPEN or len(recent) >= self._policy.failures:
            self._open(reason)
            logger.warning(
                "{} is left alone for {:.0f} s: {}", self.name, self._until - now, reason
            )

    def withdrawn(self) -> None:
        """The attempt was called off before it could succeed or fail: another may probe."""
        if self._state is BreakerState.HALF_OPEN:
            self._state = BreakerState.OPEN
            self._until = self._clock()

    def reset(self) -> None:
        """Close it, whatever was: someone has changed a setting."""
        self._permanent = False
        self._openings = 0
        self._close()
        self._tell(is_open=False, for_s=self._policy.max_cooldown_s)

    def learn(self, news: BreakerNews) -> None:
        """Take over what another process has found out, unless it is known already.

        A permanent error of another process is an ordinary opening here: its key need not be
        ours. One of our own is not closed by what another finds.
        """
        if news.change_id == self._last_change:
            return
        self._last_change = news.change_id
        if self._permanent:
            return
        if not news.is_open:
            self._close()
        elif self._state is not BreakerState.HALF_OPEN:
            self._state = BreakerState.OPEN
            self._openings = news.openings
            self._until = self._clock() + news.for_s
            self._reason = news.reason

    def _open(self, reason: str) -> None:
        now = self._clock()
        policy = self._policy
        if self._state is BreakerState.CLOSED and now - self._closed_at > policy.max_cooldown_s:
            self._openings = 0
        self._openings += 1
        cooldown_s = min(policy.cooldown_s * 2 ** (self._openings - 1), policy.max_cooldown_s)
        if self._permanent:
            cooldown_s = policy.permanent_cooldown_s
        cooldown_s *= 1 + self._uniform(-policy.jitter, policy.jitter)
        self._state = BreakerState.OPEN
        self._reason = reason
        self._until = now + cooldown_s
        self._failures.clear()
        self._tell(is_open=True, for_s=cooldown_s)

    def _close(self) -> None:
        self._state = BreakerState.CLOSED
        self._reason = ""
        self._failures.clear()
        self._closed_at = self._clock()

    def _tell(self, *, is_open: bool, for_s: float) -> None:
        self._last_change = uuid4().hex
        self._publish(
            self.name,
            BreakerNews(
                change_id=self._last_change,
                is_open=is_open,
                for_s=for_s,
                openings=self._openings,
                reason=self._reason,
                permanent=self._permanent,
            ),
        )


class Breakers:
    """The breakers of one process, by provider; kept for its life, not for a call's."""

    def __init__(
        self,
        store: BreakerStore | None = None,
        *,
        policy: BreakerPolicy | None = None,
        clock: Callable[[], float] = time.monotonic,
        uniform: Callable[[float, float], float] = random.uniform,
    ) -> None:
        """Without a store the process keeps to what it finds out itself."""
        self._store = store
        self._policy = policy or BreakerPolicy()
        self._clock = clock
        self._uniform = uniform
        self._breakers: dict[str, Breaker] = {}
        self._unsent: dict[str, BreakerNews] = {}  # the newest of each provider: bounded
        self._news = asyncio.Event()
        self._store_is_away = False
        self._task: asyncio.Task[None] | None = None
        self._users = 0

    def of(self, name: str) -> Breaker:
        """The breaker of one provider, e.g. `stt:deepgram`."""
        if name not in self._breakers:
            self._breakers[name] = Breaker(
                name,
                policy=self._policy,
                clock=self._clock,
                uniform=self._uniform,
                publish=self._queue,
            )
        return self._breakers[name]

    def all(self) -> list[Breaker]:
        """Every breaker that was asked for so far."""
        return list(self._breakers.values())

    async def sync(self) -> None:
        """Send what is new and learn what others have found. A store that fails is ignored."""
        if self._store is None:
            self._unsent.clear()
            return
        unsent, self._unsent = self._unsent, {}
        try:
            for name, news in unsent.items():
                await self._store.publish(name, news)
            latest = await self._store.latest(list(self._breakers))
        except Exception as error:
            if not self._store_is_away:
                logger.warning("Breakers are not shared for now: {}", type(error).__name__)
            self._store_is_away = True
            self._unsent = unsent | self._unsent
            return
        self._store_is_away = False
        for name, news in latest.items():
            # What changed here while the store answered is newer than its answer.
            if name not in self._unsent:
                self._breakers[name].learn(news)

    async def run(self, *, interval_s: float = SYNC_INTERVAL_S) -> None:
        """Keep in step with the other processes until cancelled; at once when there is news."""
        while True:
            self._news.clear()
            await self.sync()
            with suppress(TimeoutError):
                # After a failure the news waits for the next interval: no busy loop.
                await asyncio.wait_for(self._news.wait(), interval_s)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Breakers]:
        """In step with the other processes inside the block.

        The process holds such a block for its life, and each of its calls one of its own: only
        the outermost matters.
        """
        self._users += 1
        if self._store is not None and self._task is None:
            self._task = asyncio.create_task(self.run(), name="breakers")
        try:
            yield self
        finally:
            self._users -= 1
            if not self._users and self._store is not None and self._task is not None:
                task, self._task = self._task, None
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                await self.sync()
                await self._store.aclose()

    def _queue(self, name: str, news: BreakerNews) -> None:
        if self._store is not None:
            self._unsent[name] = news
            self._news.set()
