"""Leases in Redis: a key with a time to live for each, and a hash of the running calls.

``leadline:lease:NAME`` is "TOKEN:HOLDER" (token 0: reserved), ``leadline:fence:NAME`` the newest
token that Redis knows of (the one that counts is in SQL), ``leadline:running`` maps each running
call to "TOKEN:HOLDER". Every change is one script, so no two can cross. One server or a primary
with replicas; not a cluster, since a script touches several keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot.storage.errors import LeaseReservedError
from bot.storage.lease_table import LeaseTiming, Reservation, RunningCall, Survey
from bot.storage.redis_client import milliseconds, redis_answer, redis_client

REDIS_LEASE_TIMING = LeaseTiming(ttl_s=1.0, refresh_s=0.25)
"""Measured: a TTL of 1.5 s lets a lost host's caller wait 2.4 s at the median and 3.0 s at most;
1.0 s leaves room for a replacement within 4 s and survives three lost renewals."""

FENCE_TTL_S = 24 * 3600
"""Longer than any call and any session that could be taken over."""

_LEASE, _FENCE, _RUNNING = "leadline:lease:", "leadline:fence:", "leadline:running"

_PARSE = """
local function parse(value)
  if not value then return nil, nil end
  local token, holder = string.match(value, '^(%d+):(.*)$')
  return tonumber(token), holder
end
local token, holder = parse(redis.call('GET', KEYS[1]))
"""
# Keys live by the server's wall clock: one that has longer than any lease was written before the
# clock was set back, and its holder, if there is one, renews it within a moment.
_RESERVE = (
    _PARSE
    + """
local is_held = redis.call('PTTL', KEYS[1]) <= 2 * tonumber(ARGV[2])
if holder and holder ~= ARGV[1] and is_held then return {0, 0} end
redis.call('SET', KEYS[1], '0:' .. ARGV[1], 'PX', ARGV[2])
return {1, tonumber(redis.call('GET', KEYS[2]) or '0')}
"""
)
# ARGV: holder, token, TTL in ms, the fence's TTL in ms, "1" for a call, its name.
_WRITE = """
redis.call('SET', KEYS[1], ARGV[2] .. ':' .. ARGV[1], 'PX', ARGV[3])
redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[4])
if ARGV[5] == '1' then redis.call('HSET', KEYS[3], ARGV[6], ARGV[2] .. ':' .. ARGV[1]) end
return 1
"""
_CONFIRM = (
    _PARSE
    + """
if holder and holder ~= ARGV[1] then return 0 end
if tonumber(redis.call('GET', KEYS[2]) or '0') > tonumber(ARGV[2]) then return 0 end
"""
    + _WRITE
)
# Somebody else's older lease can be there after a restart that lost the newer one: ours wins. A
# reservation decides nothing yet: 2. It may be that of a client which has given up long ago, and
# whose words a server that hung has only read now; then it ends by itself.
_REFRESH = (
    _PARSE
    + """
if holder and holder ~= ARGV[1] and token >= tonumber(ARGV[2]) then return 0 end
if holder and holder ~= ARGV[1] and token == 0 then return 2 end
if tonumber(redis.call('GET', KEYS[2]) or '0') > tonumber(ARGV[2]) then return 0 end
"""
    + _WRITE
)
_RELEASE = (
    _PARSE
    + """
if holder ~= ARGV[1] or token ~= tonumber(ARGV[2]) then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[3] == '1' then redis.call('HDEL', KEYS[2], ARGV[4]) end
return 1
"""
)
_BREAK = (
    _PARSE
    + """
if holder ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
"""
)
_OURS, _RESERVED = 1, 2


class RedisLeaseTable:
    """Leases of all workers that share one Redis."""

    def __init__(self, url: str, *, timing: LeaseTiming = REDIS_LEASE_TIMING) -> None:
        """Connects with the first use."""
        self.timing = timing
        self._redis = redis_client(url)
        register = self._redis.register_script
        self._reserve, self._confirm = register(_RESERVE), register(_CONFIRM)
        self._refresh, self._release = register(_REFRESH), register(_RELEASE)
        self._break = register(_BREAK)

    async def reserve(self, name: str, holder: str) -> Reservation:
        """Keep the name for `holder`, unless another one has it."""
        ours, newest = await self._run(
            self._reserve, [_LEASE + name, _FENCE + name], [holder, self._ttl_ms]
        )
        return Reservation(is_ours=bool(ours), newest_token=int(newest))

    async def confirm(self, name: str, holder: str, token: int, *, is_call: bool) -> bool:
        """Turn the reservation into a lease."""
        return await self._written(self._confirm, name, holder, token, is_call=is_call) == _OURS

    async def refresh(self, name: str, holder: str, token: int, *, is_call: bool) -> bool:
        """Live on; a Redis that forgot the lease learns it again."""
        verdict = await self._written(self._refresh, name, holder, token, is_call=is_call)
        if verdict == _RESERVED:
            raise LeaseReservedError(f"somebody asks for {name}; the fence will tell")
        return verdict == _OURS

    async def release(self, name: str, holder: str, token: int, *, is_over: bool) -> None:
        """Give it back."""
        await self._run(
            self._release, [_LEASE + name, _RUNNING], [holder, token, int(is_over), name]
        )

    async def break_off(self, name: str, holder: str) -> bool:
        """End the lease of a holder who is known to be dead."""
        return bool(await self._run(self._break, [_LEASE + name], [holder]))

    async def forget(self, name: str) -> None:
        """The call is no longer to be looked after."""
        await redis_answer(self._redis.hdel(_RUNNING, name))

    async def holder(self, name: str) -> str | None:
        """Who has it now."""

        async def ask() -> list[Any]:
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.get(_LEASE + name)
            pipeline.pttl(_LEASE + name)
            return list(await pipeline.execute())

        value, left_ms = await redis_answer(ask())
        return str(value).partition(":")[2] if value and self._is_held(left_ms) else None

    async def survey(self) -> Survey:
        """All running calls, as they are at one moment."""

        async def ask() -> tuple[dict[str, Any], dict[str, str], list[Any]]:
            pipeline = self._redis.pipeline(transaction=False)
            pipeline.info("server")
            pipeline.hgetall(_RUNNING)
            server, running = await pipeline.execute()
            left_ms: list[Any] = []
            if running:
                pipeline = self._redis.pipeline(transaction=False)
                for name in running:
                    pipeline.pttl(_LEASE + name)
                left_ms = list(await pipeline.execute())
            return server, running, left_ms

        server, running, left_ms = await redis_answer(ask())
        calls = []
        for (name, value), left in zip(running.items(), left_ms, strict=True):
            token, _, holder = value.partition(":")
            calls.append(
                RunningCall(
                    call_id=name,
                    holder=holder,
                    token=int(token) if token.isdecimal() else 0,
                    is_held=self._is_held(left),
                )
            )
        return Survey(incarnation=str(server.get("run_id", "")), calls=tuple(calls))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    def _is_held(self, left_ms: int) -> bool:
        """Redis says -2 for a key that is not there."""
        return 0 < left_ms <= 2 * self._ttl_ms

    @property
    def _ttl_ms(self) -> int:
        return milliseconds(self.timing.ttl_s)

    async def _written(
        self, script: Any, name: str, holder: str, token: int, *, is_call: bool
    ) -> int:
        keys = [_LEASE + name, _FENCE + name, _RUNNING]
        fence_ms = milliseconds(FENCE_TTL_S)
        arguments = (holder, token, self._ttl_ms, fence_ms, int(is_call), name)
        return int(await self._run(script, keys, arguments))

    async def _run(self, script: Any, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:
        return await redis_answer(script(keys=keys, args=arguments))
