"""Nothing in a call holds up the event loop: no callback of ours uses the CPU for over 10 ms."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from loguru import logger

from bot import heap
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
NOISE_S = 0.025
"""A core that is shared with others makes a callback of 5 ms take 12 once in a while; what blocks
by itself does so in every turn, or for longer than this."""
NOISE_SHARE = 0.005
"""Audio's callbacks run thousands of times in a call, and a few of them meet such a moment."""


@dataclass
class SlowCallbacks:
    """Callbacks over the limit: CPU seconds by the coroutine, or the function, that took them."""

    by_code: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    runs: Counter[str] = field(default_factory=Counter)

    @property
    def repeated(self) -> dict[str, list[float]]:
        """What was slow more than once, and in more than a negligible share of its runs."""
        return {
            code: took
            for code, took in self.by_code.items()
            if len(took) > 1 and len(took) > NOISE_SHARE * self.runs[code]
        }

    @property
    def worst(self) -> dict[str, list[float]]:
        """What was so slow that no noise explains it."""
        return {code: took for code, took in self.by_code.items() if max(took) > NOISE_S}


@contextmanager
def slow_callbacks() -> Iterator[SlowCallbacks]:
    """Collects callbacks of the event loop by the CPU time of its thread.

    The loop's own debug mode measures the wall clock, which on a shared machine counts what other
    processes did meanwhile; the thread's CPU time is what the callback itself kept the loop for.
    Debug mode also takes a stack for every future, 0.2 ms each: it would measure itself.
    """
    slow = SlowCallbacks()
    run = asyncio.events.Handle._run

    def measured(handle: asyncio.Handle) -> Any:
        began = time.thread_time()
        try:
            return run(handle)
        finally:
            took = time.thread_time() - began
            code = _code_of(handle)
            slow.runs[code] += 1
            if took > LIMIT_S:
                slow.by_code[code].append(round(took, 4))

    asyncio.events.Handle._run = measured  # type: ignore[method-assign,assignment]
    try:
        yield slow
    finally:
        asyncio.events.Handle._run = run  # type: ignore[method-assign]


@contextmanager
def quiet_pipecat() -> Iterator[None]:
    """Production logs from INFO up; pytest's capture would have every frame written out."""
    logger.disable("pipecat")
    try:
        yield
    finally:
        logger.enable("pipecat")


def _code_of(handle: asyncio.Handle) -> str:
    callback = handle._callback  # type: ignore[attr-defined]
    task = getattr(callback, "__self__", None)
    if not isinstance(task, asyncio.Task):
        return repr(callback)[:200]
    name = task.get_name()
    # Pipecat names its tasks; those that have no name are known by their coroutine.
    return getattr(task.get_coro(), "__qualname__", name) if name.startswith("Task-") else name


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
    async with start_bot(**providers.env()) as bot:
        # As in a worker, where everything is loaded before a call settles the heap: otherwise a
        # full collection walks through what was just imported, and lands on any callback.
        await asyncio.to_thread(warm_up, load_settings())
        heap.settle()
        async with participant(livekit_server, room=bot.room) as caller:
            await caller.bot_speaks(since=caller.joined_at)
            with quiet_pipecat(), slow_callbacks() as slow:
                await caller.hears_reply(1)
                for n, pcm in enumerate(audio, start=1):
                    await caller.say(pcm)
                    await caller.hears_reply(n + 1)
        record = await bot.record()
    assert len(record.turns) == 7
    assert slow.worst == {}
    assert slow.repeated == {}
