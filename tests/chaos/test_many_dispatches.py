"""Twenty dispatches at once to a fleet with too few processes: one bot each, or a clear no."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

import pytest
from livekit import api
from livekit.protocol.models import ParticipantInfo

from bot.config import Settings
from bot.fleet.confirmed import ConfirmedDispatcher, FleetBusyError
from bot.fleet.dispatch import LiveKitDispatcher, dispatch_metadata
from bot.storage.live import LiveState
from tests.e2e.participant import participant
from tests.servers.livekit import LiveKitServer
from tests.servers.process import ServerProcess
from tests.servers.valkey import ValkeyServer
from tests.servers.worker import START_TIMEOUT_S, dispatch

pytestmark = pytest.mark.chaos

DISPATCHES = 20
PLACES = (8, 5)
"""Of two workers, each with one idle process."""
BUSY_AFTER_S = 12.0


@contextmanager
def silent_worker(
    folder: Path, environment: dict[str, str], places: int
) -> Iterator[ServerProcess]:
    folder.mkdir()
    log = folder / "worker.log"
    process = ServerProcess(
        command=[sys.executable, "-m", "tests.chaos.silent_worker"],
        log=log,
        is_ready=lambda: "Serving" in (log.read_text() if log.exists() else ""),
        environment={
            **os.environ,
            **environment,
            "LEADLINE_WORKER_PORT": "0",
            "LEADLINE_WORKER_IDLE_PROCESSES": "1",
            "LEADLINE_WORKER_MAX_CALLS": str(places),
        },
    )
    process.start(START_TIMEOUT_S)
    try:
        yield process
    finally:
        process.kill()


class Rooms:
    """Who is in which room, as LiveKit says."""

    def __init__(self, server: LiveKitServer) -> None:
        self._api = api.LiveKitAPI(server.http_url, server.api_key, server.api_secret)

    async def bots(self, room: str) -> int:
        try:
            answer = await self._api.room.list_participants(api.ListParticipantsRequest(room=room))
        except api.TwirpError:
            return 0
        return sum(p.kind == ParticipantInfo.Kind.AGENT for p in answer.participants)

    async def until(self, room: str, bots: int, *, timeout_s: float) -> None:
        async with asyncio.timeout(timeout_s):
            while await self.bots(room) != bots:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def aclose(self) -> None:
        await self._api.aclose()


async def test_each_of_twenty_gets_one_bot_or_is_told_that_all_are_busy(
    livekit_server: LiveKitServer, valkey_server: ValkeyServer, postgres_url: str, tmp_path: Path
) -> None:
    environment = {
        **livekit_server.environment,
        "REDIS_URL": valkey_server.url,
        "DATABASE_URL": postgres_url,
        "LEADLINE_DATA_DIR": str(tmp_path / "data"),
    }
    settings = Settings(**environment)  # type: ignore[arg-type]
    started: Callable[..., ServerProcess]
    async with AsyncExitStack() as stack:
        started = lambda name, places: stack.enter_context(  # noqa: E731
            silent_worker(tmp_path / name, environment, places)
        )
        rooms = Rooms(livekit_server)
        stack.push_async_callback(rooms.aclose)
        # Nobody is there yet to take this one: a caller sits in a room without a bot.
        await stack.enter_async_context(participant(livekit_server, room="early"))
        await dispatch(livekit_server, room="early", metadata=_metadata("early"))
        await asyncio.to_thread(started, "first", PLACES[0])
        await rooms.until("early", 1, timeout_s=15.0)
        await asyncio.to_thread(started, "second", PLACES[1])

        # The same call is offered to both workers.
        for _ in range(2):
            await dispatch(livekit_server, room="twice", metadata=_metadata("twice"))
        await rooms.until("twice", 1, timeout_s=15.0)

        live = await stack.enter_async_context(LiveState.opened(settings, None))
        plain = await stack.enter_async_context(LiveKitDispatcher.of(settings))
        confirmed = ConfirmedDispatcher(
            inner=plain, leases=live.leases, give_up_after_s=BUSY_AFTER_S
        )
        wanted = [f"room-{n}" for n in range(DISPATCHES)]
        answers = await asyncio.gather(
            *(confirmed.dispatch(room, call_id=f"call-{room}") for room in wanted),
            return_exceptions=True,
        )
        served = [
            room for room, answer in zip(wanted, answers, strict=True) if answer == f"call-{room}"
        ]
        busy = [answer for answer in answers if isinstance(answer, FleetBusyError)]
        # Two places are taken by the calls before.
        assert len(served) + len(busy) == DISPATCHES, answers
        assert len(served) == sum(PLACES) - 2
        for room in served:
            await rooms.until(room, 1, timeout_s=10.0)
        assert [await rooms.bots(room) for room in wanted] == [
            int(room in served) for room in wanted
        ]
        assert await rooms.bots("early") == await rooms.bots("twice") == 1


def _metadata(call_id: str) -> str:
    return dispatch_metadata(call_id=call_id, playbook=None, metadata=None)
