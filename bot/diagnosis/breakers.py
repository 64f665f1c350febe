"""Which providers the workers leave alone now, as they have told each other through Redis."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from redis.exceptions import RedisError

from bot.config import Settings
from bot.diagnosis.finding import Finding, not_configured, refused, usable
from bot.services.breaker import BreakerNews
from bot.services.breaker_store import RedisBreakerStore

NAME = "breakers"
REQUEST_TIMEOUT_S = 4.0


async def check_breakers(settings: Settings, *, clock: Callable[[], float] = time.time) -> Finding:
    """Reads what the workers share. An open breaker closes by itself; a refusal does not."""
    if settings.redis_url is None:
        return not_configured(NAME, "not shared: without REDIS_URL each process knows its own")
    store = RedisBreakerStore(settings.redis_url, timeout_s=REQUEST_TIMEOUT_S)
    try:
        news = await store.latest(await store.names())
    except (RedisError, OSError, TimeoutError) as error:
        # That Redis is away is another check's finding.
        return not_configured(NAME, f"unknown: Redis does not say ({type(error).__name__})")
    finally:
        await store.aclose()
    opened = {name: each for name, each in news.items() if each.is_open}
    if not opened:
        return usable(NAME, "no provider is left alone")
    detail = "; ".join(_line(name, each, clock()) for name, each in opened.items())
    for_good = [name for name, each in opened.items() if each.permanent]
    if for_good:
        return refused(
            NAME,
            detail,
            f"correct the key, the voice or the model of {', '.join(for_good)}, and restart the "
            "workers; one set right at the provider is tried again by then",
        )
    return Finding(
        name=NAME,
        configured=True,
        reachable=True,
        usable=True,
        detail=detail,
        remedy="nothing to do: each is tried again by then, and the next one serves meanwhile",
    )


def _line(name: str, news: BreakerNews, now: float) -> str:
    until = datetime.fromtimestamp(now + news.for_s, UTC).strftime("%H:%M:%S")
    why = news.reason or "being tried again"
    return f"{name} is left alone until {until} UTC ({why})"
