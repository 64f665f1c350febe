"""What a process has learnt is there for each of its calls."""

from __future__ import annotations

from bot.config import Settings
from bot.services.breaker import Breakers
from bot.services.breaker_store import InMemoryBreakerStore
from bot.services.experience import new_experience, shared_experience


class CountingStore(InMemoryBreakerStore):
    def __init__(self) -> None:
        super().__init__()
        self.closed = 0

    async def aclose(self) -> None:
        self.closed += 1


async def test_calls_that_know_nothing_of_each_other_share_one_experience() -> None:
    settings = Settings()
    assert shared_experience(settings) is shared_experience(settings)


async def test_the_bound_on_requests_is_a_setting() -> None:
    experience = new_experience(Settings(LEADLINE_PROVIDER_CONCURRENCY=2))
    assert experience.bulkheads.of("llm:openai").at_most == 2


async def test_breakers_keep_in_step_as_long_as_anybody_uses_them() -> None:
    store = CountingStore()
    breakers = Breakers(store)
    async with breakers.running():
        async with breakers.running():
            pass
        assert store.closed == 0, "the other call goes on"
        assert breakers._task is not None
    assert store.closed == 1
    async with breakers.running():
        assert breakers._task is not None, "a later call begins anew"
