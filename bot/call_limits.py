"""How many calls are taken: a minute and at a time, by API key and by telephone number.

With Redis all processes count together. A store that is away never blocks a call: each process
then counts by itself until it is back, and the log says so.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeVar

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from loguru import logger
from redis.asyncio import Redis

from bot.call_slots import CallSlots, MemorySlots, RedisSlots
from bot.config import Settings

T = TypeVar("T")

STORE_TIMEOUT_S: Final = 0.5
STORE_PAUSE_S: Final = 5.0
"""After the store has failed it is left alone for so long, so that calls do not wait for it."""
BUSY_RETRY_AFTER_S: Final = 10
"""Nobody knows when a running call ends."""
YOUNG_CALL_S: Final = 15
"""So long after it was let in a call's room need not exist yet."""
_MARGIN_S: Final = 120

ExistingRooms = Callable[[Collection[str]], Awaitable[set[str]]]
"""Which of these rooms exist in LiveKit now."""


class Limit(StrEnum):
    """Which limit refuses a call."""

    KEY_RATE = "calls a minute by API key"
    KEY_CONCURRENT = "calls at a time by API key"
    PHONE_RATE = "calls a minute by telephone number"
    PHONE_CONCURRENT = "calls at a time by telephone number"


@dataclass(frozen=True)
class Refusal:
    """Why a call is not taken, and after how many seconds to ask again."""

    limit: Limit
    allowed: int
    retry_after_s: int

    def __str__(self) -> str:
        """For whoever asked: names the limit, nobody's number."""
        return f"{self.allowed} {self.limit.value} are taken; ask again in {self.retry_after_s} s"


@dataclass(frozen=True)
class _Counters:
    rates: MovingWindowRateLimiter
    slots: CallSlots


class CallLimits:
    """Lets calls in or refuses them. One for a process; `aclose()` it."""

    def __init__(
        self,
        *,
        per_minute_by_key: int,
        concurrent_by_key: int,
        per_minute_by_phone: int,
        concurrent_by_phone: int,
        lifetime_s: int,
        redis_url: str | None = None,
        existing_rooms: ExistingRooms | None = None,
    ) -> None:
        """Nothing is connected before the first call.

        Args:
            per_minute_by_key: calls that one API key may start in any 60 s.
            concurrent_by_key: calls of one API key at a time.
            per_minute_by_phone: calls from one telephone number in any 60 s.
            concurrent_by_phone: calls from one telephone number at a time.
            lifetime_s: after which a call counts no more, if nobody says that it is over.
            redis_url: counts for all processes; without it each counts for itself.
            existing_rooms: asked before a call is refused because too many run: those whose room
                is gone count no more.
        """
        self._rates = {
            "key": RateLimitItemPerMinute(per_minute_by_key, namespace="leadline-key"),
            "phone": RateLimitItemPerMinute(per_minute_by_phone, namespace="leadline-phone"),
        }
        self._concurrent = {"key": concurrent_by_key, "phone": concurrent_by_phone}
        self._lifetime_s = lifetime_s
        self._existing_rooms = existing_rooms
        self._own = _Counters(MovingWindowRateLimiter(MemoryStorage()), MemorySlots())
        self._redis = _connected(redis_url) if redis_url else None
        self._shared = _redis_counters(self._redis) if self._redis else None
        self._shared_from = 0.0

    @classmethod
    def of(cls, settings: Settings, existing_rooms: ExistingRooms | None = None) -> CallLimits:
        """The settings' limits and Redis."""
        longest_s = settings.max_call_s + settings.no_caller_timeout_s
        return cls(
            per_minute_by_key=settings.calls_per_minute,
            concurrent_by_key=settings.concurrent_calls,
            per_minute_by_phone=settings.calls_per_minute_per_phone,
            concurrent_by_phone=settings.concurrent_calls_per_phone,
            lifetime_s=math.ceil(longest_s) + _MARGIN_S,
            redis_url=settings.redis_url,
            existing_rooms=existing_rooms,
        )

    async def admit(
        self, room: str, *, key: str | None = None, phone: str | None = None
    ) -> Refusal | None:
        """Count a call that is about to begin in `room`.

        Args:
            room: one room is one call.
            key: the API key's name, if one asked.
            phone: the caller's number (E.164), if it is known; only its hash is kept.

        Returns:
            None if the call may begin; call `release` when it is over. Else why not.
        """
        who = {"key": key, "phone": _hashed(phone) if phone else None}
        names = {kind: name for kind, name in who.items() if name is not None}
        for kind, name in names.items():
            wait_s = await self._hit(self._rates[kind], name)
            if wait_s is not None:
                limit = Limit.KEY_RATE if kind == "key" else Limit.PHONE_RATE
                return Refusal(limit, self._rates[kind].amount, wait_s)
        bounds = {f"{kind}:{name}": self._concurrent[kind] for kind, name in names.items()}
        full = await self._take(room, bounds)
        if full is None:
            return None
        is_key = full.startswith("key:")
        return Refusal(
            Limit.KEY_CONCURRENT if is_key else Limit.PHONE_CONCURRENT,
            bounds[full],
            BUSY_RETRY_AFTER_S,
        )

    async def release(self, room: str) -> None:
        """The call in `room` is over, or did not begin. Repeating it is harmless."""
        await self._own.slots.give_back(room)
        if self._shared is not None:
            await self._counted(lambda counters: counters.slots.give_back(room))

    async def aclose(self) -> None:
        """Close the connections."""
        if self._redis is not None:
            await self._redis.aclose()

    async def _hit(self, item: RateLimitItem, name: str) -> int | None:
        async def hit(counters: _Counters) -> int | None:
            if await counters.rates.hit(item, name):
                return None
            window = await counters.rates.get_window_stats(item, name)
            return max(1, math.ceil(window.reset_time - time.time()))

        return await self._counted(hit)

    async def _take(self, room: str, bounds: Mapping[str, int]) -> str | None:
        if not bounds:
            return None

        async def take(counters: _Counters) -> str | None:
            return await counters.slots.take(room, bounds, self._lifetime_s)

        full = await self._counted(take)
        if full is None or self._existing_rooms is None:
            return full
        return await self._counted(take) if await self._forget_what_is_over(full) else full

    async def _forget_what_is_over(self, name: str) -> bool:
        """Webhooks get lost: the rooms themselves know best which calls still run."""
        taken = await self._counted(lambda counters: counters.slots.rooms(name))
        old = [room for room, left in taken.items() if left <= self._lifetime_s - YOUNG_CALL_S]
        if not old or self._existing_rooms is None:
            return False
        try:
            existing = await self._existing_rooms(old)
        except Exception as error:
            logger.warning("LiveKit did not say which calls still run: {}", type(error).__name__)
            return False
        over = [room for room in old if room not in existing]
        for room in over:
            await self.release(room)
        return bool(over)

    async def _counted(self, work: Callable[[_Counters], Awaitable[T]]) -> T:
        if self._shared is not None and time.monotonic() >= self._shared_from:
            try:
                return await asyncio.wait_for(work(self._shared), STORE_TIMEOUT_S)
            except Exception as error:
                self._shared_from = time.monotonic() + STORE_PAUSE_S
                logger.warning(
                    "Redis does not count calls now ({}); this process counts by itself for {:g} s",
                    type(error).__name__,
                    STORE_PAUSE_S,
                )
        return await work(self._own)


def _hashed(phone: str) -> str:
    return hashlib.sha256(phone.encode()).hexdigest()[:32]


def _connected(url: str) -> Redis:
    return Redis.from_url(
        url,
        socket_timeout=STORE_TIMEOUT_S,
        socket_connect_timeout=STORE_TIMEOUT_S,
        decode_responses=True,
    )


def _redis_counters(redis: Redis) -> _Counters:
    # The address is the pool's; the library only reads the scheme.
    storage = RedisStorage(
        "async+redis://",
        implementation="redispy",
        key_prefix="leadline:rates",
        connection_pool=redis.connection_pool,  # type: ignore[arg-type]
    )
    return _Counters(MovingWindowRateLimiter(storage), RedisSlots(redis))
