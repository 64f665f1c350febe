"""Whatever is killed or frozen: the caller keeps a bot, which goes on where the last one was."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import uuid4

import pytest

from bot.bench.recovery.fleet import Fleet
from bot.bench.recovery.plan import Target
from bot.config import load_settings
from bot.storage.live import LiveState
from bot.storage.store import Store
from tests.e2e.conftest import PATIENT
from tests.e2e.obedient_llm import follow_the_directive
from tests.e2e.participant import Participant, participant
from tests.emulators.openai import OpenAIEmulator
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer
from tests.servers.valkey import ValkeyServer
from tests.servers.worker import dispatch

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
Speech = Callable[[str, int], bytes]
RATE = 48_000
FROZEN_S = 10.0
DEAD_SOUND_S = 0.5
"""What the killed bot had sent plays on in the caller's buffer for less than this."""
SAID = (
    "Hi, my name is Jane Doe.",
    "I work at Acme Robotics.",
    "We need help with invoices.",
    "We are forty people.",
)


@pytest.fixture
async def recogniser() -> AsyncIterator[ProviderRig]:
    """Providers without latencies: a voice of tones, a recogniser that knows what is said."""
    async with ProviderRig(openai=OpenAIEmulator(fallback=follow_the_directive), quick=True) as rig:
        rig.deepgram.say(*SAID)
        yield rig


@pytest.fixture
def environment(
    livekit_server: LiveKitServer,
    valkey_server: ValkeyServer,
    postgres_url: str,
    recogniser: ProviderRig,
    tmp_path: Path,
) -> dict[str, str]:
    """What every worker and the test itself are told."""
    return {
        **livekit_server.environment,
        **recogniser.env(),
        **PATIENT,
        "REDIS_URL": valkey_server.url,
        "DATABASE_URL": postgres_url,
        "LEADLINE_DATA_DIR": str(tmp_path),
    }


@pytest.fixture
async def fleet(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Fleet]:
    """No worker yet."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    workers = Fleet(tmp_path, load_settings())
    yield workers
    await asyncio.to_thread(workers.kill_all)


async def hears_of_the_cut(caller: Participant, since: float) -> None:
    """The next bot's own sound, and its line."""
    known = len(caller.bot_turns)
    await caller.bot_speaks(since=since + DEAD_SOUND_S)
    await caller.hears_reply(known + 1)
    assert "cut off" in caller.bot_turns[known]["heard_text"]


async def tell(caller: Participant, speech: Speech, sentence: str) -> None:
    known = len(caller.bot_turns)
    await caller.say(speech(sentence, RATE))
    await caller.hears_reply(known + 1)


async def test_a_caller_keeps_their_bot_whatever_is_killed(
    fleet: Fleet, livekit_server: LiveKitServer, speech: Speech
) -> None:
    sentences = {sentence: speech(sentence, RATE) for sentence in SAID}
    call_id = f"call-{uuid4().hex[:8]}"
    await fleet.grow_to(2)
    async with participant(livekit_server, room=call_id) as caller:
        await dispatch(livekit_server, room=call_id, metadata=json.dumps({"call_id": call_id}))
        await caller.hears_reply(1)

        # Its process is killed while it listens.
        killed_at = time.monotonic()
        fleet.kill(call_id, Target.JOB)
        await hears_of_the_cut(caller, killed_at)

        # Again, while it answers.
        ended_at = await caller.say(sentences[SAID[0]])
        await caller.bot_speaks(since=ended_at)
        killed_at = time.monotonic()
        fleet.kill(call_id, Target.JOB)
        await hears_of_the_cut(caller, killed_at)
        await tell(caller, speech, SAID[1])

        # Its worker is killed, with all processes.
        await fleet.warm(2)
        killed_at = time.monotonic()
        fleet.kill(call_id, Target.WORKER)
        await hears_of_the_cut(caller, killed_at)
        await tell(caller, speech, SAID[2])

        # It is frozen, and wakes up when another one has the call.
        await fleet.warm(1)
        frozen, frozen_at = fleet.holder(call_id), time.monotonic()
        assert frozen is not None
        os.kill(frozen, signal.SIGSTOP)
        await hears_of_the_cut(caller, frozen_at)
        await tell(caller, speech, SAID[3])
        await asyncio.sleep(max(0.0, frozen_at + FROZEN_S - time.monotonic()))
        turns, woken_at = len(caller.bot_turns), time.monotonic()
        os.kill(frozen, signal.SIGCONT)
        assert await fleet.is_rid_of([frozen])
        assert not [at for at in caller.loud_at if at > woken_at]
        assert len(caller.bot_turns) == turns

    settings = load_settings()
    async with (
        Store.opened(settings) as store,
        LiveState.opened(settings, store) as live,
        asyncio.timeout(30),
    ):
        # The database tells nobody of a change: it is asked.
        while (record := await store.call(call_id)).ended_at is None:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        lead = await store.lead(record.lead_id)
        assert await fleet.is_rid_of(fleet.holders(call_id))
        assert await live.leases.holder(call_id) is None
        assert len(await store.leads()) == 1
    assert (record.resumed, record.end_reason) == (4, "caller_left")
    assert [turn.text for turn in record.turns if turn.role == "caller"] == list(SAID)
    assert [turn.n for turn in record.turns] == list(range(1, len(record.turns) + 1))
    values = {key: value["value"] for key, value in lead.fields.items()}
    assert (values["name"], values["company"]) == ("Jane Doe", "Acme Robotics")
    assert values["team_size"] == 40
    asked = " ".join(turn.heard_text for turn in record.turns[4:] if turn.role == "bot")
    assert "your name" not in asked
