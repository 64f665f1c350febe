"""Where the breakers of several processes meet: Redis, or memory for one process and for tests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any, Final

from redis.asyncio import Redis

from bot.services.breaker import BreakerNews

TIMEOUT_S: Final = 0.2
"""Redis is near or it is of no use here."""

KEY_PREFIX: Final = "leadline:breaker:"


class InMemoryBreakerStore:
    """Shares news between `Breakers` of one process."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Make an empty one."""
        self._clock = clock
        self._news: dict[str, tuple[float, BreakerNews]] = {}

    async def publish(self, name: str, news: BreakerNews) -> None:
        """Replace what is known of a provider."""
        self._news[name] = (self._clock() + news.for_s, news)

    async def latest(self, names: list[str]) -> dict[str, BreakerNews]:
        """What is known and not yet over."""
        now = self._clock()
        known = {name: self._news[name] for name in names if name in self._news}
        return {
            name: replace(news, for_s=until - now)
            for name, (until, news) in known.items()
            if until > now
        }

    async def aclose(self) -> None:
        """Nothing to give back."""


class RedisBreakerStore:
    """One key a provider: JSON of `BreakerNews`, expiring when the news is over.

    What is left of a cool-down is the key's own time to live, so the processes' clocks need not
    agree.
    """

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        """Connects with the first use. `url`: `redis://`, `rediss://` or `unix://`."""
        self._redis: Redis = Redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            decode_responses=True,
        )

    async def publish(self, name: str, news: BreakerNews) -> None:
        """Replace what is known of a provider."""
        lives_ms = max(1, round(news.for_s * 1000))
        await self._redis.set(KEY_PREFIX + name, json.dumps(asdict(news)), px=lives_ms)

    async def latest(self, names: list[str]) -> dict[str, BreakerNews]:
        """What is known and not yet over."""
        if not names:
            return {}
        pipeline = self._redis.pipeline(transaction=True)
        for name in names:
            pipeline.get(KEY_PREFIX + name)
            pipeline.pttl(KEY_PREFIX + name)
        answers: list[Any] = await pipeline.execute()
        found: dict[str, BreakerNews] = {}
        for name, raw, left_ms in zip(names, answers[::2], answers[1::2], strict=True):
            news = _parsed(raw)
            if news is not None and left_ms > 0:
                found[name] = replace(news, for_s=left_ms / 1000)
        return found

    async def names(self) -> list[str]:
        """The providers of which something is known, in their alphabet's order."""
        found = [key async for key in self._redis.scan_iter(f"{KEY_PREFIX}*", count=1000)]
        return sorted(key.removeprefix(KEY_PREFIX) for key in found)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._redis.aclose()


def _parsed(raw: str | None) -> BreakerNews | None:
    """Another version of the program may have written something else there."""
    if raw is None:
        return None
    try:
        fields = json.loads(raw)
        return BreakerNews(
            change_id=str(fields["change_id"]),
            is_open=bool(fields["is_open"]),
            for_s=float(fields["for_s"]),
            openings=int(fields["openings"]),
            reason=str(fields["reason"]),
            permanent=bool(fields.get("permanent", False)),
        )
    except (ValueError, KeyError, TypeError):
        return None
