"""What a process has learnt about its providers: kept for its life, not for a call's."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from bot.config import Settings
from bot.services.breaker import Breakers
from bot.services.breaker_store import RedisBreakerStore
from bot.services.bulkhead import Bulkheads
from bot.services.kept_recordings import kept_recordings
from bot.services.patience import Patiences
from bot.services.recordings import Recordings


@dataclass
class Experience:
    """Who fails, who is slow, and what was recorded in which voice.

    Parameters:
        breakers: a breaker for each provider, e.g. `llm:openai`.
        patiences: how long each provider usually takes.
        bulkheads: how many requests are under way at each provider.
        recordings: lines that are said in every call, by voice, text and sample rate.
    """

    breakers: Breakers = field(default_factory=Breakers)
    patiences: Patiences = field(default_factory=Patiences)
    bulkheads: Bulkheads = field(default_factory=Bulkheads)
    recordings: Recordings = field(default_factory=Recordings)


def new_experience(settings: Settings) -> Experience:
    """Nothing learnt yet; breakers are shared with other processes through `REDIS_URL`."""
    store = RedisBreakerStore(settings.redis_url) if settings.redis_url else None
    return Experience(
        breakers=Breakers(store),
        bulkheads=Bulkheads(settings.provider_concurrency),
        recordings=kept_recordings(settings),
    )


_of_loops: WeakKeyDictionary[asyncio.AbstractEventLoop, Experience] = WeakKeyDictionary()


def shared_experience(settings: Settings) -> Experience:
    """The experience of this process, for who is called once for each call and keeps nothing.

    A process has one event loop; one with several has one experience for each.
    """
    loop = asyncio.get_running_loop()
    if loop not in _of_loops:
        _of_loops[loop] = new_experience(settings)
    return _of_loops[loop]
