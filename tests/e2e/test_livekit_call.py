"""A conversation in a real LiveKit room, with real audio both ways."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.services.local import recognise
from tests.e2e.conftest import PATIENT, StartBot
from tests.e2e.participant import HEARING_RATE, participant
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

pytestmark = pytest.mark.e2e
Speech = Callable[[str, int], bytes]


@pytest.mark.parametrize("rate", [48_000, 16_000])
async def test_every_utterance_is_answered_and_the_lead_is_right(
    rate: int,
    start_bot: StartBot,
    providers: ProviderRig,
    livekit_server: LiveKitServer,
    speech: Speech,
) -> None:
    said = [
        "Hi, my name is Jane Doe.",
        "I work at Acme Robotics.",
        "We need help with our invoices.",
    ]
    providers.deepgram.say(*said)
    async with (
        start_bot(**providers.env(), **PATIENT) as bot,
        participant(livekit_server, room=bot.room, sample_rate=rate) as caller,
    ):
        await caller.hears_reply(1)
        for n, sentence in enumerate(said, start=1):
            await caller.say(speech(sentence, rate))
            await caller.hears_reply(n + 1)
        await caller.leave()
        record = await bot.record()
    assert record.end_reason == "caller_left"
    assert [t.text for t in record.turns if t.role == "caller"] == said
    roles = [turn.role for turn in record.turns]
    assert roles == ["bot", "caller"] * 3 + ["bot"]
    assert all(latency.voice_to_voice_ms for latency in record.latency.turns)
    assert len(record.latency.turns) == 3
    assert record.turns[0].rung.model_dump() == {
        "stt": "deepgram",
        "llm": "openai",
        "tts": "elevenlabs",
    }
    heard = recognise(bytes(caller.heard), HEARING_RATE).lower()
    assert "assistant" in heard
