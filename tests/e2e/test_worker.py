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


async def drained(process: ServerProcess, folder: Path, call_id: str) -> CallRecord:
    """The call's record, after the worker was told to go and its call has ended."""
    if process.is_running:
        os.kill(process.pid, signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, 30.0) == 0
    async with Store.opened(Settings(LEADLINE_DATA_DIR=str(folder))) as store:
        return await store.call(call_id)


async def test_a_dispatched_caller_is_greeted_and_the_call_has_the_dispatchs_id(
    one_call_worker: ServerProcess, livekit_server: LiveKitServer, tmp_path: Path
) -> None:
    async with participant(livekit_server, room="sales-1") as caller:
        await dispatch(livekit_server, room="sales-1")
        await caller.bot_speaks(since=caller.joined_at)
        await caller.bot_is_silent()
    record = await drained(one_call_worker, tmp_path, "sales-1")
    assert record.end_reason == "caller_left"
    assert record.room == "sales-1"
    assert "AI assistant" in record.turns[0].heard_text


async def test_a_worker_that_is_told_to_go_lets_its_call_end_first(
    one_call_worker: ServerProcess, livekit_server: LiveKitServer, tmp_path: Path
) -> None:
    async with participant(livekit_server, room="last") as caller:
        await dispatch(livekit_server, room="last")
        await caller.bot_speaks(since=caller.joined_at)
        os.kill(one_call_worker.pid, signal.SIGTERM)
        await caller.bot_is_silent()
        assert one_call_worker.is_running
    assert await asyncio.to_thread(one_call_worker.wait, 20.0) == 0
    record = await drained(one_call_worker, tmp_path, "last")
    assert record.end_reason == "caller_left"
    assert record.turns[0].heard_text.endswith("?")


async def test_metadata_that_is_no_assignment_is_said_in_one_line_and_ends_the_job(
    one_call_worker: ServerProcess, livekit_server: LiveKitServer
) -> None:
    async with participant(livekit_server, room="odd"):
        await dispatch(livekit_server, room="odd", metadata='{"playbook": 7}')
        assert await asyncio.to_thread(one_call_worker.logged, "metadata: playbook")
    assert "Traceback" not in one_call_worker.log_text
    os.kill(one_call_worker.pid, signal.SIGTERM)
    assert await asyncio.to_thread(one_call_worker.wait, 20.0) == 0
