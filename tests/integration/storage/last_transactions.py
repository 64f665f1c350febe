"""Ends many calls, each in a process of its own that is killed at another instant.

`python -m tests.integration.storage.last_transactions NUMBER` prints a line of JSON for each call:
its id, and whether its process was killed. The processes are forked from this one, which has
imported everything, so that fifty of them take seconds.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from datetime import timedelta

from sqlalchemy import event

from bot.config import Settings, load_settings
from bot.records import CallRecord, LeadRecord
from bot.storage.engine import make_engine
from bot.storage.store import Store
from tests.unit.storage.samples import BEGAN, call_of, field_of, latency_of, lead_of, turn_of

TURNS = 6
STATEMENTS = 14
"""More than the last transaction has; before each of them one process dies."""
RANDOM_SEED = 20261122


def last_of(name: str) -> tuple[CallRecord, LeadRecord]:
    """The call's end: it confirms one more value, and carries all turns."""
    call = call_of(
        name,
        ended_at=BEGAN + timedelta(minutes=2),
        end_reason="completed",
        turns=[turn_of(n) for n in range(1, TURNS + 1)],
    )
    fields = lead_of(name).fields | {"company": field_of("Acme", "confirmed")}
    return call, lead_of(name, fields=fields, score=70)


async def begin(settings: Settings, names: list[str]) -> None:
    """What was saved turn by turn; everything is imported behind it."""
    async with Store.opened(settings) as store:
        for name in names:
            await store.start_call(call_of(name), lead_of(name), token=1)
            for n in range(1, TURNS):
                turn, lead = turn_of(n), lead_of(name)
                await store.save_turn(f"call-{name}", turn, lead, latency_of(n), token=1)


async def end(settings: Settings, name: str, die_before: int | None, ready: int) -> None:
    """The last transaction; `die_before`: the statement that is never made."""
    store = Store(engine=make_engine(settings), deliver_to=settings.delivery_targets)
    try:
        seen = 0

        @event.listens_for(store.engine.sync_engine, "before_cursor_execute")
        def _count(*_: object) -> None:
            nonlocal seen
            if seen == die_before:
                os.kill(os.getpid(), signal.SIGKILL)
            seen += 1

        @event.listens_for(store.engine.sync_engine, "commit")
        def _commit(*_: object) -> None:
            if die_before == STATEMENTS:
                os.kill(os.getpid(), signal.SIGKILL)

        call, lead = last_of(name)
        os.write(ready, b"!")
        await store.finish_call(call, lead, token=1)
        if die_before == STATEMENTS + 1:
            os.kill(os.getpid(), signal.SIGKILL)
    finally:
        await store.close()


def ended_in_a_process(
    settings: Settings, name: str, die_before: int | None, within_s: float | None
) -> tuple[bool, float]:
    """Whether it was killed, and how long the transaction took if it was not."""
    is_ready, ready = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(is_ready)
        asyncio.run(end(settings, name, die_before, ready))
        os._exit(0)
    os.close(ready)
    os.read(is_ready, 1)
    os.close(is_ready)
    began = time.monotonic()
    if within_s is not None:
        time.sleep(within_s)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status), time.monotonic() - began


def main(number: int) -> None:
    settings = load_settings()
    dice = random.Random(RANDOM_SEED)
    names = [f"{n:03d}" for n in range(number)]
    asyncio.run(begin(settings, names))
    took_s = 0.1
    for n, name in enumerate(names):
        within_s = None if n <= STATEMENTS + 1 else dice.uniform(0, 1.3 * took_s)
        die_before = n if within_s is None else None
        was_killed, seconds = ended_in_a_process(settings, name, die_before, within_s)
        if not was_killed:
            took_s = min(seconds, 0.5)
        sys.stdout.write(json.dumps({"call": f"call-{name}", "killed": was_killed}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(int(sys.argv[1]))
