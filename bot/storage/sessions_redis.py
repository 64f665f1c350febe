"""Sessions in Redis.

``leadline:session:CALL`` is a hash of `token`, `n` and `document`, ``leadline:turn:CALL`` one of
`token` and `document` for the turn in progress, ``leadline:room:ROOM`` the room's newest call.
"""

from __future__ import annotations

from typing import Any

from bot.storage.redis_client import (
    REDIS_READ_TIMEOUT_S,
    milliseconds,
    redis_answer,
    redis_client,
)
from bot.storage.session import (
    PROGRESS_TTL_S,
    SESSION_TTL_S,
    Progress,
    Session,
    dump_progress,
    dump_session,
)
from bot.storage.sessions import read

_SESSION, _TURN, _ROOM = "leadline:session:", "leadline:turn:", "leadline:room:"
_ERASED = "leadline:erased:"
ERASED_TTL_S = 24 * 3600
"""Longer than any call: what its bot still saves after an erasure is not kept."""

# KEYS: the hash, the mark of an erased call. ARGV: token, n, document, TTL in ms.
# 2: it is not kept, and nothing is wrong.
_SAVE = """
if redis.call('EXISTS', KEYS[2]) == 1 then return 2 end
local token = tonumber(redis.call('HGET', KEYS[1], 'token') or '0')
local n = tonumber(redis.call('HGET', KEYS[1], 'n') or '0')
local mine = tonumber(ARGV[1])
if token > mine or (token == mine and n > tonumber(ARGV[2])) then return 0 end
redis.call('HSET', KEYS[1], 'token', ARGV[1], 'n', ARGV[2], 'document', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1
"""
_STALE, _SAVED = 0, 1


class RedisSessions:
    """Sessions of all workers that share one Redis."""

    def __init__(self, url: str) -> None:
        """Connects with the first use."""
        self._redis = redis_client(url)
        self._save = self._redis.register_script(_SAVE)

    async def save(self, session: Session) -> bool:
        """Replace the call's session."""

        async def work() -> bool:
            verdict = await self._write(
                _SESSION, session.call_id, session.age, dump_session(session), SESSION_TTL_S
            )
            if verdict == _SAVED:
                ttl_ms = milliseconds(SESSION_TTL_S)
                await self._redis.set(_ROOM + session.room, session.call_id, px=ttl_ms)
            return verdict != _STALE

        return await redis_answer(work())

    async def save_progress(self, progress: Progress) -> None:
        """Replace the words of the turn in progress."""
        age = (progress.token, progress.n)
        await redis_answer(
            self._write(_TURN, progress.call_id, age, dump_progress(progress), PROGRESS_TTL_S)
        )

    async def load(self, call_id: str) -> Session | None:
        """The newest session."""

        async def work() -> list[Any]:
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.hget(_SESSION + call_id, "document")
            pipeline.hget(_TURN + call_id, "document")
            return list(await pipeline.execute())

        session, progress = await redis_answer(work(), timeout_s=REDIS_READ_TIMEOUT_S)
        return read(session, progress)

    async def find(self, room: str) -> Session | None:
        """The newest session of a room."""
        call_id = await redis_answer(self._redis.get(_ROOM + room), timeout_s=REDIS_READ_TIMEOUT_S)
        return await self.load(str(call_id)) if call_id is not None else None

    async def holds(self, session: Session) -> bool:
        """Whether this checkpoint, or a newer one, is still there."""
        kept = await redis_answer(self._redis.hmget(_SESSION + session.call_id, ["token", "n"]))
        token, n = (int(text or 0) for text in kept)
        return (token, n) >= session.age

    async def delete(self, call_id: str) -> None:
        """Forget the call; its room's key then leads nowhere, and expires."""
        await redis_answer(self._redis.delete(_SESSION + call_id, _TURN + call_id))

    async def erase(self, call_id: str, room: str) -> None:
        """Forget the call for good, and its room's name, which may be a telephone number."""

        async def work() -> None:
            pipeline = self._redis.pipeline(transaction=True)
            pipeline.set(_ERASED + call_id, "1", px=milliseconds(ERASED_TTL_S))
            pipeline.delete(_SESSION + call_id, _TURN + call_id)
            pipeline.get(_ROOM + room)
            *_, owner = await pipeline.execute()
            if owner == call_id:
                await self._redis.delete(_ROOM + room)

        await redis_answer(work())

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    async def _write(
        self, kind: str, call_id: str, age: tuple[int, int], document: str, ttl_s: float
    ) -> int:
        arguments = (age[0], age[1], document, milliseconds(ttl_s))
        return int(await self._save(keys=[kind + call_id, _ERASED + call_id], args=arguments))
