"""Redis and Postgres stand still for 30 s in a call on real audio, and nobody hears it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.config import load_settings
from bot.storage.journal import journal_folder
from bot.storage.replay import replay_journals
from bot.storage.store import Store
from tests.e2e.conftest import PATIENT
from tests.e2e.participant import participant
from tests.e2e.test_resumed_call import RATE, Fleet
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer
from tests.servers.postgres import PostgresFactory, PostgresServer
from tests.servers.valkey import ValkeyFactory, ValkeyServer

pytestmark = pytest.mark.chaos

AWAY_S = 30.0
ANSWERED_WITHIN_S = 4.0
"""What a caller takes for an answer; a turn that waits for a store would take a time-out more."""
BEFORE = ["Hi, my name is Jane Doe."]
AWAY = [
    "I work at Acme Robotics.",
    "We need help with our invoices.",
    "About fifty thousand dollars a year.",
]
AFTER = ["We are twelve people."]


Stores = tuple[ValkeyServer, PostgresServer]


@pytest.fixture
def stores(new_valkey_server: ValkeyFactory, new_postgres_server: PostgresFactory) -> Stores:
    return new_valkey_server(), new_postgres_server()


@pytest.fixture
async def fleet(
    livekit_server: LiveKitServer,
    providers: ProviderRig,
    stores: Stores,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Fleet]:
    valkey, postgres = stores
    environment = {
        **livekit_server.environment,
        **providers.env(),
        **PATIENT,
        "LEADLINE_DATA_DIR": str(tmp_path),
        "REDIS_URL": valkey.url,
        "DATABASE_URL": postgres.new_database(),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    each = Fleet(load_settings(), livekit_server.url)
    yield each
    await each.aclose()


async def test_thirty_seconds_without_the_stores_are_not_heard_and_cost_not_a_word(
    fleet: Fleet,
    providers: ProviderRig,
    livekit_server: LiveKitServer,
    stores: Stores,
    speech: Callable[[str, int], bytes],
) -> None:
    valkey, postgres = stores
    providers.deepgram.say(*BEFORE, *AWAY, *AFTER)
    answers: list[float] = []
    bot = await fleet.bot("only")
    async with participant(livekit_server, room=fleet.room) as caller:

        async def tell(sentence: str) -> None:
            await caller.bot_is_silent()
            ended_at = await caller.say(speech(sentence, RATE))
            answers.append(await caller.bot_speaks(since=ended_at) - ended_at)

        await caller.bot_speaks(since=caller.joined_at)
        await tell(BEFORE[0])
        valkey.pause()
        postgres.pause()
        away_since = time.monotonic()
        for sentence in AWAY:
            await tell(sentence)
        assert [path.suffix for path in journal_folder(fleet.settings.data_dir).iterdir()] == [
            ".journal"
        ]
        await asyncio.sleep(max(0.0, AWAY_S - (time.monotonic() - away_since)))
        postgres.resume()
        valkey.resume()
        await tell(AFTER[0])
        await caller.bot_is_silent()
        await caller.leave()
        record = await asyncio.wait_for(bot, 30)
    assert len(answers) == len([*BEFORE, *AWAY, *AFTER])
    assert max(answers) < ANSWERED_WITHIN_S, answers
    assert record.end_reason == "caller_left"
    assert record.resumed == 0
    async with Store.opened(fleet.settings) as store:
        await replay_journals(store, journal_folder(fleet.settings.data_dir))
        stored = await store.call(record.call_id)
        lead = await store.lead(record.lead_id)
        assert len(await store.leads()) == 1
    assert [turn.text for turn in stored.turns] == [turn.text for turn in record.turns]
    assert [turn.text for turn in stored.turns if turn.role == "caller"] == [
        *BEFORE,
        *AWAY,
        *AFTER,
    ]
    assert lead.fields["name"]["value"] == "Jane Doe"
    assert lead.fields["company"]["value"] == "Acme Robotics"
    assert lead.fields["budget"]["value"]["min"] == 50_000
    assert lead.fields["team_size"]["value"] == 12
