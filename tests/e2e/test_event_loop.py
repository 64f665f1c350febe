"""Nothing in a call holds up the event loop: no callback of ours uses the CPU for over 10 ms."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bot.config import load_settings
from bot.warmup import warm_up
from tests.e2e.conftest import StartBot
from tests.e2e.participant import participant
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

pytestmark = pytest.mark.e2e
Speech = Callable[[str, int], bytes]
RATE = 48_000
LIMIT_S = 0.010


@contextmanager
def slow_callbacks(limit_s: float) -> Iterator[list[tuple[float, str]]]:
    """Collects callbacks of the event loop by the CPU time of its thread.

    The loop's own debug mode measures the wall clock, which on a shared machine counts what other
    processes did meanwhile; the thread's CPU time is what the callback itself kept the loop for.
    """
    slow: list[tuple[float, str]] = []
    run = asyncio.events.Handle._run

    def measured(handle: asyncio.Handle) -> Any:
        began = time.thread_time()
        try:
            return run(handle)
        finally:
            took = time.thread_time() - began
            if took > limit_s:
                task = getattr(handle._callback, "__self__", None)  # type: ignore[attr-defined]
                slow.append((round(took, 4), repr(task or handle)[:400]))

    asyncio.events.Handle._run = measured  # type: ignore[method-assign,assignment]
    try:
        yield slow
    finally:
        asyncio.events.Handle._run = run  # type: ignore[method-assign]


async def test_no_callback_of_a_whole_call_blocks_for_over_ten_milliseconds(
    start_bot: StartBot, providers: ProviderRig, livekit_server: LiveKitServer, speech: Speech
) -> None:
    said = [
        "My name is Jane Doe.",
        "I work at Acme Robotics.",
        "It's jane dot doe at acme dot com.",
    ]
    audio = [speech(sentence, RATE) for sentence in said]
    providers.deepgram.say(*said)
    asyncio.get_running_loop().set_debug(True)
    async with start_bot(**providers.env()) as bot:
        await asyncio.to_thread(warm_up, load_settings())
        async with participant(livekit_server, room=bot.room) as caller:
            await caller.bot_speaks(since=caller.joined_at)
            with slow_callbacks(LIMIT_S) as slow:
                for pcm in audio:
                    await caller.bot_is_silent()
                    ended_at = await caller.say(pcm)
                    await caller.bot_speaks(since=ended_at)
                await caller.bot_is_silent()
        record = await bot.record()
    assert len(record.turns) == 7
    assert slow == []
