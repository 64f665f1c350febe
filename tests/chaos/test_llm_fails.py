"""The LLM fails in a call on real audio: every turn is answered all the same, and once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos.conversation import Heard, Moment, talk
from tests.e2e.conftest import StartBot
from tests.emulators.faults import Fault, FaultKind
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]
Speech = Callable[[str, int], bytes]

# A pairwise sample of kind x moment. A greeting is never the LLM's: there its fault is there
# from the start.
SAMPLE: list[tuple[Moment, FaultKind, dict[str, Any]]] = [
    (Moment.GREETING, FaultKind.UNAUTHORIZED, {}),
    (Moment.ANSWER, FaultKind.SERVER_ERROR, {}),
    (Moment.ANSWER, FaultKind.STALL_BEFORE_FIRST, {}),
    (Moment.ANSWER, FaultKind.CLOSE_MIDWAY, {"chunks": 8}),
    (Moment.READBACK, FaultKind.STALL_MIDWAY, {"chunks": 7}),
    (Moment.READBACK, FaultKind.EMPTY, {}),
    (Moment.READBACK, FaultKind.GARBAGE, {"chunks": 3}),
]


@pytest.mark.parametrize(("moment", "kind", "options"), SAMPLE)
async def test_an_llm_that_fails_is_followed_by_the_scripted_dialogue(
    *,
    moment: Moment,
    kind: FaultKind,
    options: dict[str, Any],
    start_bot: StartBot,
    providers: ProviderRig,
    livekit_server: LiveKitServer,
    speech: Speech,
) -> None:
    def fail() -> Fault:
        return providers.openai.faults.inject(kind, times=None, **options)

    heard: Heard = await talk(
        start_bot, providers, livekit_server, speech, fault=fail, moment=moment
    )
    heard.must_be_whole()
    assert "scripted" in [turn.rung.llm for turn in heard.record.turns]
