"""livekit-server is killed and comes back in the middle of a call: nobody has left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.config import load_settings
from tests.e2e.conftest import PATIENT
from tests.e2e.participant import participant
from tests.e2e.test_resumed_call import RATE, Fleet
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitFactory, LiveKitServer

pytestmark = pytest.mark.chaos

DOWN_S = 1.0
BACK_WITHIN_S = 25.0
"""Measured: the bot is back after 5.6 s, the caller after 7.0 s."""


@pytest.fixture
def server(new_livekit_server: LiveKitFactory) -> LiveKitServer:
    return new_livekit_server()


@pytest.fixture
async def fleet(
    server: LiveKitServer, providers: ProviderRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Fleet]:
    environment = {
        **server.environment,
        **providers.env(),
        **PATIENT,
        "LEADLINE_DATA_DIR": str(tmp_path / "data"),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    each = Fleet(load_settings(), server.url)
    yield each
    await each.aclose()


async def test_the_call_goes_on_without_a_second_greeting(
    fleet: Fleet,
    providers: ProviderRig,
    server: LiveKitServer,
    speech: Callable[[str, int], bytes],
) -> None:
    said = ["Hi, my name is Jane Doe.", "I work at Acme Robotics."]
    providers.deepgram.say(*said)
    bot = await fleet.bot("only")
    async with participant(server, room=fleet.room) as caller:
        back = asyncio.Event()
        caller.room.on("reconnected", back.set)
        caller.room.on("track_subscribed", lambda *_: back.set())
        await caller.bot_speaks(since=caller.joined_at)
        await caller.bot_is_silent()
        ended_at = await caller.say(speech(said[0], RATE))
        await caller.bot_speaks(since=ended_at)
        await caller.bot_is_silent()
        back.clear()
        await asyncio.to_thread(server.kill)
        await asyncio.sleep(DOWN_S)
        await asyncio.to_thread(server.start)
        async with asyncio.timeout(BACK_WITHIN_S):
            await back.wait()
            # Until the bot is in the room again, too, what is said is heard by nobody.
            while not any(  # noqa: ASYNC110
                publication.subscribed
                for other in caller.room.remote_participants.values()
                for publication in other.track_publications.values()
            ):
                await asyncio.sleep(0.05)
        assert not bot.done()
        since = time.monotonic()
        ended_at = await caller.say(speech(said[1], RATE))
        answered_at = await caller.bot_speaks(since=ended_at)
        assert answered_at > since
        await caller.bot_is_silent()
        await caller.leave()
        record = await asyncio.wait_for(bot, 30)
    assert record.end_reason == "caller_left"
    assert [turn.text for turn in record.turns if turn.role == "caller"] == said
    greetings = [turn for turn in record.turns if "AI assistant" in turn.heard_text]
    assert len(greetings) == 1
    assert "cut off" not in " ".join(turn.heard_text for turn in record.turns)
