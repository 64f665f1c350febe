"""One call, two bots: the second goes on where the first was, and the first is silent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest
from rapidfuzz import fuzz

from bot.call import Call
from bot.config import Settings, load_settings
from bot.records import CallRecord
from bot.resumption import claim_call
from bot.services.local import recognise
from bot.storage.live import LiveState
from bot.storage.store import Store
from bot.transports import BOT_IDENTITY_PREFIX, livekit_line, livekit_token
from tests.e2e.conftest import PATIENT
from tests.e2e.participant import HEARING_RATE, Participant, participant
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer
from tests.servers.valkey import ValkeyServer

pytestmark = pytest.mark.e2e
Speech = Callable[[str, int], bytes]
RATE = 48_000
ALIKE = 60
"""Of 100: a line that was not said at all stays below 50."""


class Fleet:
    """Starts one bot after another for the same room, each with a store of its own."""

    def __init__(self, settings: Settings, url: str) -> None:
        self.settings, self._url = settings, url
        self.room = f"room-{uuid4().hex[:8]}"
        self._stack = AsyncExitStack()

    async def state(self) -> tuple[Store, LiveState]:
        store = await self._stack.enter_async_context(Store.opened(self.settings))
        live = await self._stack.enter_async_context(LiveState.opened(self.settings, store))
        return store, live

    async def bot(
        self, holder: str, call_id: str | None = None, *, instead_of: str | None = None
    ) -> asyncio.Task[CallRecord]:
        store, live = await self.state()
        claim = None
        async with asyncio.timeout(10):
            while claim is None:
                if call_id is not None and instead_of is not None:
                    # It lives, and would renew what is broken off: quicker than that.
                    await live.leases.break_off(call_id, instead_of)
                claim = await claim_call(
                    settings=self.settings,
                    live=live,
                    holder=holder,
                    room=self.room,
                    call_id=call_id,
                )
        token = livekit_token(
            self.settings,
            room=self.room,
            # The same for every bot of the call: the server removes the dead one's ghost.
            identity=f"{BOT_IDENTITY_PREFIX}{claim.call_id[:12]}",
            name="Leadline",
            agent=True,
        )
        call = Call(
            settings=self.settings,
            line=livekit_line(url=self._url, token=token, room=self.room),
            room=self.room,
            store=store,
            **claim.for_call(live),
        )
        task = asyncio.create_task(call.run(), name=claim.call_id)
        self._stack.push_async_callback(self._end, call, task)
        return task

    @staticmethod
    async def _end(call: Call, task: asyncio.Task[CallRecord]) -> None:
        if not task.done():
            await call.hang_up("drained")
        await asyncio.wait({task}, timeout=15)

    async def aclose(self) -> None:
        await self._stack.aclose()


@pytest.fixture
async def fleet(
    request: pytest.FixtureRequest,
    livekit_server: LiveKitServer,
    providers: ProviderRig,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Fleet]:
    environment = {
        **livekit_server.environment,
        **providers.env(),
        **PATIENT,
        "LEADLINE_DATA_DIR": str(tmp_path),
    }
    if request.param == "valkey":
        valkey: ValkeyServer = request.getfixturevalue("valkey_server")
        environment["REDIS_URL"] = valkey.url
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    each = Fleet(load_settings(), livekit_server.url)
    yield each
    await each.aclose()


def bot_said(record: CallRecord) -> str:
    """All that the caller heard of both bots, in lower case."""
    return " ".join(turn.heard_text for turn in record.turns if turn.role == "bot").lower()


def sounds_like(due: str, recognised: str) -> bool:
    """A small recogniser hears "we've got off" for "we were cut off", and is close all the same."""
    return fuzz.partial_ratio(due, recognised) > ALIKE


async def tell(caller: Participant, speech: Speech, sentence: str) -> None:
    await caller.bot_is_silent()
    ended_at = await caller.say(speech(sentence, RATE))
    await caller.bot_speaks(since=ended_at)


@pytest.mark.parametrize("fleet", ["sqlite"], indirect=True)
async def test_a_bot_that_takes_over_goes_on_and_the_stale_one_neither_writes_nor_speaks(
    fleet: Fleet, providers: ProviderRig, livekit_server: LiveKitServer, speech: Speech
) -> None:
    said = ["Hi, my name is Jane Doe.", "I work at Acme Robotics.", "We need help with invoices."]
    providers.deepgram.say(*said)
    first = await fleet.bot("first")
    call_id = first.get_name()
    async with participant(livekit_server, room=fleet.room) as caller:
        await caller.bot_speaks(since=caller.joined_at)
        for sentence in said[:2]:
            await tell(caller, speech, sentence)
        await caller.bot_is_silent()
        heard_before = len(caller.heard)
        began_at = time.monotonic()
        second = await fleet.bot("second", call_id, instead_of="first")
        stale = await asyncio.wait_for(asyncio.shield(first), 15)
        await caller.bot_speaks(since=began_at)
        await caller.bot_is_silent(for_s=1.5)
        resumed_words = recognise(bytes(caller.heard[heard_before:]), HEARING_RATE).lower()
        await tell(caller, speech, said[2])
        await caller.bot_is_silent()
        await caller.leave()
        record = await asyncio.wait_for(second, 30)
    assert stale.call_id == record.call_id == call_id
    assert record.resumed == 1
    assert "cut off" in bot_said(record)
    assert sounds_like("we were cut off for a moment", resumed_words), resumed_words
    assert "assistant" not in resumed_words
    assert "your name" not in resumed_words
    assert [turn.n for turn in record.turns] == list(range(1, len(record.turns) + 1))
    assert [turn.text for turn in record.turns if turn.role == "caller"] == said
    store, _ = await fleet.state()
    stored = await store.call(call_id)
    assert (stored.resumed, stored.end_reason) == (1, "caller_left")
    assert [turn.text for turn in stored.turns] == [turn.text for turn in record.turns]
    lead = await store.lead(record.lead_id)
    assert lead.fields["name"]["value"] == "Jane Doe"
    assert len(await store.leads()) == 1


@pytest.mark.parametrize("fleet", ["valkey"], indirect=True)
async def test_a_caller_who_dropped_and_comes_back_is_welcomed_back(
    fleet: Fleet, providers: ProviderRig, livekit_server: LiveKitServer, speech: Speech
) -> None:
    said = ["Hi, my name is Jane Doe.", "I work at Acme Robotics."]
    providers.deepgram.say(*said)
    first = await fleet.bot("first")
    async with participant(livekit_server, room=fleet.room) as caller:
        await caller.bot_speaks(since=caller.joined_at)
        await tell(caller, speech, said[0])
        await caller.bot_is_silent()
        await caller.leave()
        assert (await asyncio.wait_for(first, 30)).end_reason == "caller_left"
    second = await fleet.bot("second")
    assert second.get_name() == first.get_name()
    async with participant(livekit_server, room=fleet.room) as caller:
        await caller.bot_speaks(since=caller.joined_at)
        await caller.bot_is_silent(for_s=1.5)
        words = recognise(bytes(caller.heard), HEARING_RATE).lower()
        await tell(caller, speech, said[1])
        await caller.bot_is_silent()
        await caller.leave()
        record = await asyncio.wait_for(second, 30)
    assert "welcome back" in bot_said(record)
    assert sounds_like("welcome back", words), words
    assert "assistant" not in words
    assert record.resumed == 1
    assert [turn.text for turn in record.turns if turn.role == "caller"] == said
