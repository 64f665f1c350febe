"""Redis is waited for so long and no longer, whatever its client makes of a cancellation."""

from __future__ import annotations

import asyncio

import pytest

from bot.storage.errors import StorageUnavailableError
from bot.storage.redis_client import redis_answer


class CancelledWithResult(asyncio.CancelledError):
    """As `wait_for2` raises it, which Pipecat puts in the place of `asyncio.wait_for`."""


async def test_a_client_that_is_cancelled_in_its_own_way_is_a_redis_that_is_away() -> None:
    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise CancelledWithResult from None

    with pytest.raises(StorageUnavailableError, match="did not answer"):
        await redis_answer(hang(), timeout_s=0.01)


async def test_an_answer_is_an_answer() -> None:
    assert await redis_answer(asyncio.sleep(0, "PONG")) == "PONG"


async def test_who_is_cancelled_while_it_waits_is_cancelled() -> None:
    waiting = asyncio.create_task(redis_answer(asyncio.Event().wait(), timeout_s=60))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
