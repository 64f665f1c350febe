"""An answer that takes long is announced; a call whose budget is used up ends with a goodbye."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.services.local import recognise
from tests.e2e.conftest import StartBot
from tests.e2e.participant import HEARING_RATE, participant
from tests.emulators.faults import FaultKind
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]
Speech = Callable[[str, int], bytes]
RATE = 48_000


async def test_a_turn_that_takes_long_is_bridged_and_then_answered(
    start_bot: StartBot, providers: ProviderRig, livekit_server: LiveKitServer, speech: Speech
) -> None:
    providers.deepgram.say("My name is Jane Doe.")
    patient = {"LEADLINE_FIRST_TOKEN_FLOOR_S": "9", "LEADLINE_FIRST_TOKEN_TIMEOUT_S": "9"}
    async with (
        start_bot(**providers.env(), **patient) as bot,
        participant(livekit_server, room=bot.room) as caller,
    ):
        await caller.hears_reply(1)
        silent = providers.openai.faults.inject(FaultKind.STALL_BEFORE_FIRST)
        before = len(caller.heard)
        ended_at = await caller.say(speech("My name is Jane Doe.", RATE))
        await caller.bot_speaks(since=ended_at)
        assert silent.holding, "what was heard first is no answer: the LLM has not spoken yet"
        providers.openai.faults.clear()
        await caller.hears_reply(2)
        await caller.leave()
        record = await bot.record()
    said = recognise(bytes(caller.heard[before:]), HEARING_RATE).lower()
    assert said.count("moment") == 1
    assert "company" in said
    # It is no part of the answer.
    answer = record.turns[-1]
    assert answer.heard_text == "Nice to meet you, Jane Doe. Which company are you with?"
    assert answer.rung.model_dump() == {"stt": "deepgram", "llm": "openai", "tts": "elevenlabs"}
    assert {"openai", "elevenlabs"} <= {line.service for line in record.cost.lines}


async def test_a_call_whose_turns_are_used_up_ends_with_a_goodbye(
    start_bot: StartBot, providers: ProviderRig, livekit_server: LiveKitServer
) -> None:
    async with (
        start_bot(**providers.env(), LEADLINE_MAX_TURNS="1") as bot,
        participant(livekit_server, room=bot.room),
    ):
        record = await bot.record()
    assert record.end_reason == "max_duration"
    goodbye = bot.call._playbook.closings.incomplete
    assert [turn.heard_text for turn in record.turns][1:] == [goodbye]
