"""A process that is killed loses at most the turn in progress."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.config import Settings
from bot.storage.store import Store
from tests.integration.storage.conftest import environment_of

pytestmark = pytest.mark.integration

_CALL = """
import asyncio, itertools, sys
from bot.config import load_settings
from bot.storage.recorder import Recorder
from bot.storage.store import Store
from tests.unit.storage.samples import call_of, lead_of, turn_of

async def main():
    async with Store.opened(load_settings()) as store, Recorder(store=store) as recorder:
        recorder.start(call_of(), lead_of(score=0))
        for n in itertools.count(1):
            recorder.turn(turn_of(n), lead_of(score=n))
            await recorder.flush()
            print(n, flush=True)

asyncio.run(main())
"""


@pytest.mark.parametrize("turns", [1, 7])
async def test_kill_9_loses_no_turn_that_was_over(settings: Settings, turns: int) -> None:
    finished = call_killed_after(turns, settings)
    async with Store.opened(settings) as store:
        call = await store.call("call-1")
        lead = await store.lead("lead-1")
        assert call.ended_at is None
        saved = [turn.n for turn in call.turns]
        assert saved == list(range(1, len(saved) + 1))
        assert len(saved) in (finished, finished + 1)
        # The lead and the turn were written together.
        assert lead.score == len(saved)
        # Whoever takes the call over can write on.
        await store.save_turn("call-1", call.turns[-1], lead.model_copy(update={"score": 1000}))
        assert (await store.lead("lead-1")).score == 1000


def call_killed_after(turns: int, settings: Settings) -> int:
    """Runs a call in a process of its own and kills it; returns the last turn it reported."""
    with subprocess.Popen(
        [sys.executable, "-c", _CALL],
        env=environment_of(settings),
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        reported = 0
        for line in process.stdout:
            reported = int(line)
            if reported == turns:
                process.send_signal(signal.SIGKILL)
    return reported
