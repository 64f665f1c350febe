"""The voice fails in a call on real audio: every sentence is spoken all the same, and once."""

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

# A pairwise sample of kind x moment; `leadline bench faults` is for the whole matrix.
SAMPLE: list[tuple[Moment, FaultKind, dict[str, Any]]] = [
    (Moment.GREETING, FaultKind.UNAUTHORIZED, {}),
    (Moment.GREETING, FaultKind.STALL_BEFORE_FIRST, {}),
    (Moment.GREETING, FaultKind.CLOSE_MIDWAY, {"chunks": 6}),
    (Moment.ANSWER, FaultKind.STALL_MIDWAY, {"chunks": 4}),
    (Moment.ANSWER, FaultKind.EMPTY, {}),
    (Moment.READBACK, FaultKind.GARBAGE, {"chunks": 5}),
    (Moment.READBACK, FaultKind.CLOSE_MIDWAY, {"chunks": 8, "abrupt": True}),
]


@pytest.mark.parametrize(("moment", "kind", "options"), SAMPLE)
async def test_a_voice_that_fails_is_followed_by_the_local_one(
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
        return providers.elevenlabs.faults.inject(kind, times=None, **options)

    heard: Heard = await talk(
        start_bot, providers, livekit_server, speech, fault=fail, moment=moment
    )
    heard.must_be_whole()
    assert heard.record.turns[-1].rung.tts == "local"
