"""Redis for what is live: near, quick, and never waited for long."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bot.storage.engine import bounded
from bot.storage.errors import StorageUnavailableError

T = TypeVar("T")

REDIS_TIMEOUT_S = 0.2
"""A Redis in the same network answers within a millisecond; one that does not is away."""
REDIS_READ_TIMEOUT_S = 0.6
"""For what a call begins with: on a busy machine a late answer is better than beginning anew."""
_SOCKET_TIMEOUT_S = 1.0


def redis_client(url: str) -> Redis:
    """A client that connects with its first use.

    Args:
        url: `redis://`, `rediss://` or `unix://`.
    """
    client: Redis = Redis.from_url(
        url,
        socket_timeout=_SOCKET_TIMEOUT_S,
        socket_connect_timeout=_SOCKET_TIMEOUT_S,
        decode_responses=True,
        # One more attempt on a new connection: after a restart the pool's old ones are dead.
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[ConnectionError],
        client_name="leadline",
    )
    return client


async def redis_answer(work: Awaitable[T], *, timeout_s: float = REDIS_TIMEOUT_S) -> T:
    """Await Redis, at most `timeout_s`.

    Raises:
        StorageUnavailableError: if it is away, hangs, or refuses (read-only, full, loading).
    """
    try:
        # Not `asyncio.timeout`: before Python 3.12 a cancelled client may raise an error of its own
        # kind (`wait_for2`, which Pipecat installs), which would end our task in its place.
        return await bounded(work, timeout_s)
    except TimeoutError:
        raise StorageUnavailableError(f"Redis did not answer within {timeout_s:g} s") from None
    except (RedisError, OSError) as error:
        raise StorageUnavailableError(
            f"Redis cannot be used ({type(error).__name__}); check REDIS_URL"
        ) from None


def milliseconds(seconds: float) -> int:
    """For PX; Redis refuses zero."""
    return max(1, round(seconds * 1000))


Client = Redis
Script = Any
