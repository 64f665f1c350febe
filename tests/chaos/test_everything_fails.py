"""Every hosted provider fails at once: the call is held by what is on this machine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.chaos.conversation import GREETING_WITHIN_S, Moment, talk
from tests.e2e.conftest import StartBot
from tests.emulators.faults import FaultKind
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]
Speech = Callable[[str, int], bytes]


@pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.STALL_BEFORE_FIRST])
async def test_with_every_hosted_provider_failing_the_caller_is_greeted_and_answered(
    kind: FaultKind,
    start_bot: StartBot,
    providers: ProviderRig,
    livekit_server: LiveKitServer,
    speech: Speech,
) -> None:
    def fail() -> None:
        for provider in (providers.deepgram, providers.elevenlabs, providers.openai):
            provider.faults.inject(kind, times=None)

    heard = await talk(
        start_bot, providers, livekit_server, speech, fault=fail, moment=Moment.GREETING
    )
    assert heard.greeted_after_s < GREETING_WITHIN_S
    failed = {problem.service for problem in heard.record.problems or []}
    assert failed == {"llm:openai", "tts:elevenlabs"}
    turns = heard.record.turns
    assert [turn.role for turn in turns] == ["bot", "caller", "bot"]
    assert turns[1].text.lower().startswith("my name is")
    assert turns[2].rung.model_dump() == {"stt": "local", "llm": "scripted", "tts": "local"}
