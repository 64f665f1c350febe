"""Every wait for the database has an end."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from bot.storage.engine import bounded


async def test_the_result_comes_through() -> None:
    async def work() -> int:
        return 7

    assert await bounded(work(), 5) == 7


async def test_an_error_comes_through() -> None:
    async def work() -> None:
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        await bounded(work(), 5)


async def test_a_wait_that_is_too_long_is_cancelled() -> None:
    cancelled = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    with pytest.raises(TimeoutError):
        await bounded(work(), 0.01)
    assert cancelled.is_set()


async def test_a_driver_that_resists_its_cancellation_is_left_alone() -> None:
    release = asyncio.Event()
    ended = asyncio.Event()

    async def work() -> None:
        while not release.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await release.wait()
        ended.set()

    with pytest.raises(TimeoutError):
        await bounded(work(), 0.01)
    release.set()
    await ended.wait()


async def test_whoever_cancels_us_cancels_the_work() -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    task = asyncio.create_task(bounded(work(), 5))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await cancelled.wait()
