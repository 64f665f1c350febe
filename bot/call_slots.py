"""Which rooms hold a call now, by API key and by telephone number: in Redis, or in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from redis.asyncio import Redis

KEY_PREFIX: Final = "leadline:slots:"

# KEYS: the sets; ARGV: the room, how long it counts, then the limit of each set.
# Returns 0 if the room has its place in every set, else the number (from 1) of the full one.
_TAKE: Final = """
local now = tonumber(redis.call('TIME')[1])
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  if not redis.call('ZSCORE', key, ARGV[1])
     and redis.call('ZCARD', key) >= tonumber(ARGV[2 + i]) then
    return i
  end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + tonumber(ARGV[2]), ARGV[1])
  redis.call('EXPIRE', key, tonumber(ARGV[2]) + 60)
end
return 0
"""


class CallSlots(Protocol):
    """A bounded set of rooms for each name."""

    async def take(self, room: str, limits: Mapping[str, int], lifetime_s: int) -> str | None:
        """Let `room` into the sets of all names, or into none.

        Args:
            room: one room is one call; a room that is in already takes no second place.
            limits: how many rooms each name may have.
            lifetime_s: when the room is forgotten, if nobody gives it back.

        Returns:
            The name whose set is full, or None.
        """

    async def rooms(self, name: str) -> dict[str, int]:
        """The rooms of a name, and in how many seconds each is forgotten."""

    async def give_back(self, room: str) -> None:
        """The call in `room` is over."""


class MemorySlots:
    """For one process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Make an empty one; `clock` counts seconds."""
        self._clock = clock
        self._sets: dict[str, dict[str, float]] = {}

    async def take(self, room: str, limits: Mapping[str, int], lifetime_s: int) -> str | None:
        """See `CallSlots`."""
        now = self._clock()
        for name, limit in limits.items():
            taken = self._living(name, now)
            if room not in taken and len(taken) >= limit:
                return name
        for name in limits:
            self._sets.setdefault(name, {})[room] = now + lifetime_s
        return None

    async def rooms(self, name: str) -> dict[str, int]:
        """See `CallSlots`."""
        now = self._clock()
        return {room: round(until - now) for room, until in self._living(name, now).items()}

    async def give_back(self, room: str) -> None:
        """See `CallSlots`."""
        for name in list(self._sets):
            self._sets[name].pop(room, None)
            if not self._sets[name]:
                del self._sets[name]

    def _living(self, name: str, now: float) -> dict[str, float]:
        living = {room: t for room, t in self._sets.get(name, {}).items() if t > now}
        if living:
            self._sets[name] = living
        else:
            self._sets.pop(name, None)
        return living


class RedisSlots:
    """For all processes: a sorted set for each name, by the second in which a room is forgotten.

    Redis' own clock counts, so the processes' need not agree.
    """

    def __init__(self, redis: Redis) -> None:
        """`redis` decodes its responses; it stays its owner's to close."""
        self._redis = redis
        self._take = self._redis.register_script(_TAKE)

    async def take(self, room: str, limits: Mapping[str, int], lifetime_s: int) -> str | None:
        """See `CallSlots`."""
        names = list(limits)
        full = await self._take(
            keys=[KEY_PREFIX + name for name in names],
            args=[room, lifetime_s, *(limits[name] for name in names)],
        )
        if full:
            return names[int(full) - 1]
        # So that `give_back` finds the sets by the room alone.
        membership = f"{KEY_PREFIX}of:{room}"
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.sadd(membership, *names)
        pipeline.expire(membership, lifetime_s)
        await pipeline.execute()
        return None

    async def rooms(self, name: str) -> dict[str, int]:
        """See `CallSlots`."""
        pipeline = self._redis.pipeline(transaction=True)
        pipeline.time()
        pipeline.zrange(KEY_PREFIX + name, 0, -1, withscores=True)
        (now, _), found = await pipeline.execute()
        return {room: round(until - now) for room, until in found if until > now}

    async def give_back(self, room: str) -> None:
        """See `CallSlots`."""
        membership = f"{KEY_PREFIX}of:{room}"
        names: set[str] = await self._redis.smembers(membership)  # type: ignore[assignment]
        pipeline = self._redis.pipeline(transaction=True)
        for name in names:
            pipeline.zrem(f"{KEY_PREFIX}{name}", room)
        pipeline.delete(membership)
        await pipeline.execute()
