"""`leadline worker`: calls that LiveKit dispatches, each in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.config import Settings
from bot.records import CallRecord
from bot.storage.errors import UnknownIdError
from bot.storage.store import Store
from tests.e2e.participant import participant
from tests.servers.livekit import LiveKitServer
from tests.servers.process import ServerProcess
from tests.servers.worker import dispatch, worker

pytestmark = pytest.mark.e2e


@pytest.fixture
def one_call_worker(livekit_server: LiveKitServer, tmp_path: Path) -> Iterator[ServerProcess]:
    """A worker with room for one call."""
    environment = {"LEADLINE_WORKER_MAX_CALLS": "1"}
    with worker(livekit_server, folder=tmp_path, environment=environment) as process:
        yield process


async def finished_call(folder: Path, call_id: str) -> CallRecord:
    """The call's record, once its process has saved the end."""
    settings = Settings(LEADLINE_DATA_DIR=str(folder))
    async with Store.opened(settings) as store, asyncio.timeout(30):
        while True:
            try:
                record = await store.call(call_id)
            except UnknownIdError:
                record = None
            if record is not None and record.ended_at is not None:
                return record
            await asyncio.sleep(0.1)


async def test_a_dispatched_caller_is_greeted_and_the_call_has_the_dispatchs_id(
    one_call_worker: ServerProcess, livekit_server: LiveKitServer, tmp_path: Path
) -> None:
    async with participant(livekit_server, room="sales-1") as caller:
        await dispatch(livekit_server, room="sales-1")
        await caller.bot_speaks(since=caller.joined_at)
        await caller.bot_is_silent()
    record = await finished_call(tmp_path, "sales-1")
    assert record.end_reason == "caller_left"
    assert record.room == "sales-1"
    assert "AI assistant" in record.turns[0].heard_text


async def test_a_full_worker_takes_no_second_call_and_its_first_goes_on(
    one_call_worker: ServerProcess, livekit_server: LiveKitServer, tmp_path: Path
) -> None:
    async with participant(livekit_server, room="first") as first:
        await dispatch(livekit_server, room="first")
        await first.bot_speaks(since=first.joined_at)
        async with participant(livekit_server, room="second") as second:
            await dispatch(livekit_server, room="second")
            await first.bot_is_silent()
            assert not second.loud_at
            assert "leadline-second" not in one_call_worker.log_text
    assert (await finished_call(tmp_path, "first")).end_reason == "caller_left"


async def test_a_worker_that_is_told_to_go_lets_its_call_end_first(
    one_call_worker: ServerProcess, livekit_server: LiveKitServer, tmp_path: Path
) -> None:
    async with participant(livekit_server, room="last") as caller:
        await dispatch(livekit_server, room="last")
        await caller.bot_speaks(since=caller.joined_at)
        os.kill(one_call_worker.pid, signal.SIGTERM)
        await caller.bot_is_silent()
        assert one_call_worker.is_running
    record = await finished_call(tmp_path, "last")
    assert record.end_reason == "caller_left"
    assert record.turns[0].heard_text.endswith("?")
    assert await asyncio.to_thread(one_call_worker.wait, 20.0) == 0


async def test_metadata_that_is_no_assignment_is_said_in_one_line_and_ends_the_job(
    one_call_worker: ServerProcess, livekit_server: LiveKitServer
) -> None:
    async with participant(livekit_server, room="odd"), asyncio.timeout(30):
        await dispatch(livekit_server, room="odd", metadata='{"playbook": 7}')
        while "metadata: playbook" not in one_call_worker.log_text:
            await asyncio.sleep(0.1)
    assert "Traceback" not in one_call_worker.log_text
    os.kill(one_call_worker.pid, signal.SIGTERM)
    assert await asyncio.to_thread(one_call_worker.wait, 20.0) == 0
