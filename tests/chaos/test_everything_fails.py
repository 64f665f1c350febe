"""Every hosted provider fails at once: the call is held by what is on this machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.chaos.conversation import Moment, talk
from tests.e2e.conftest import StartBot, greeting
from tests.emulators.faults import Fault, FaultKind, Point
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]
Speech = Callable[[str, int], bytes]


@pytest.mark.parametrize(
    ("kind", "point"),
    [
        pytest.param(FaultKind.REFUSE, Point.CONNECT, id="refused"),
        pytest.param(FaultKind.STALL_BEFORE_FIRST, Point.CONNECT, id="never connected"),
        pytest.param(FaultKind.STALL_BEFORE_FIRST, Point.ANSWER, id="connected and silent"),
    ],
)
async def test_with_every_hosted_provider_failing_the_caller_is_greeted_and_answered(
    *,
    kind: FaultKind,
    point: Point,
    start_bot: StartBot,
    providers: ProviderRig,
    livekit_server: LiveKitServer,
    speech: Speech,
) -> None:
    def fail() -> Fault:
        for provider in (providers.openai, providers.elevenlabs):
            provider.faults.inject(kind, point=point, times=None)
        return providers.deepgram.faults.inject(kind, point=point, times=None)

    heard = await talk(
        start_bot, providers, livekit_server, speech, fault=fail, moment=Moment.GREETING
    )
    if kind is FaultKind.STALL_BEFORE_FIRST and point is Point.CONNECT:
        assert heard.held_at_greeting, "the greeting waited until the connection was given up"
    turns = heard.record.turns
    assert [turn.role for turn in turns] == ["bot", "caller", "bot"]
    assert turns[0].heard_text == greeting()
    assert turns[0].rung.tts == "local"
    assert turns[1].text.lower().startswith("my name is")
    assert turns[2].rung.model_dump() == {"stt": "local", "llm": "scripted", "tts": "local"}
