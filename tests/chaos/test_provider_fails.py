"""A provider fails in the middle of a call: the call goes on and the lead is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.conftest import StartBot
from tests.e2e.participant import participant
from tests.emulators.faults import FaultKind
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]
Speech = Callable[[str, int], bytes]
RATE = 48_000


@pytest.mark.parametrize(
    "kind", [FaultKind.UNAUTHORIZED, FaultKind.STALL_BEFORE_FIRST, FaultKind.EMPTY]
)
async def test_an_llm_that_fails_is_replaced_by_the_scripted_dialogue(
    kind: FaultKind,
    start_bot: StartBot,
    providers: ProviderRig,
    livekit_server: LiveKitServer,
    speech: Speech,
) -> None:
    providers.deepgram.say("My name is Jane Doe.", "I work at Acme Robotics.")
    async with (
        start_bot(**providers.env(), LEADLINE_FIRST_TOKEN_TIMEOUT_S="1") as bot,
        participant(livekit_server, room=bot.room) as caller,
    ):
        await caller.bot_speaks(since=caller.joined_at)
        await caller.bot_is_silent()
        providers.openai.faults.inject(kind, times=None)
        for sentence in ("My name is Jane Doe.", "I work at Acme Robotics."):
            ended_at = await caller.say(speech(sentence, RATE))
            await caller.bot_speaks(since=ended_at)
            await caller.bot_is_silent()
        await caller.leave()
        record = await bot.record()
    assert record.end_reason == "caller_left"
    answers = [turn.heard_text for turn in record.turns if turn.role == "bot"][1:]
    assert "company" in answers[0]
    assert len(answers) == 2
