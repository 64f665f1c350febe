"""A process that holds calls until it is killed: `python -m tests.integration.outage.bot_process`.

Its arguments are the calls' ids. For each line on stdin every call makes a turn; once everything
is where the next process can find it, one line of JSON says what each caller is sure to have said.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import AsyncExitStack

from bot.config import load_settings
from bot.storage.errors import StorageError
from bot.storage.journal import decode, journal_folder
from bot.storage.live import LiveState
from bot.storage.store import Store
from tests.integration.outage.scripted_call import ScriptedCall, held


async def main(call_ids: list[str]) -> None:
    settings = load_settings()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(Store.opened(settings))
        store._timeout_s = 0.5
        live = await stack.enter_async_context(LiveState.opened(settings, store))
        calls = [
            await stack.enter_async_context(
                held(settings, store, live, call_id=call_id, holder=f"first-{call_id}")
            )
            for call_id in call_ids
        ]
        while True:
            sys.stdout.write(json.dumps({call.call_id: call.sure for call in calls}) + "\n")
            sys.stdout.flush()
            if not await asyncio.to_thread(sys.stdin.readline):
                return
            for call in calls:
                call.turn()
            for call in calls:
                await is_kept(call, live)


async def is_kept(call: ScriptedCall, live: LiveState) -> None:
    """The turn is written: by the stores, or by the disk."""
    last = call.interview.transcript.turns[-1].n
    folder = journal_folder(load_settings().data_dir)
    async with asyncio.timeout(30):
        while not await _is_in_a_session(call, live):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        while call.recorder is not None and call.recorder.pending:
            journals = list(folder.glob(f"{call.call_id}-*.journal"))
            if journals:
                writes = [write for write, _ in decode(journals[0].read_bytes())[0]]
                if any(getattr(getattr(w, "turn", None), "n", None) == last for w in writes):
                    break
            await asyncio.sleep(0.02)


async def _is_in_a_session(call: ScriptedCall, live: LiveState) -> bool:
    try:
        session = await live.sessions.load(call.call_id)
    except StorageError:
        return False  # Away, as the outage wants it: looked for again.
    return session is not None and session.n == call.tenure._n


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
