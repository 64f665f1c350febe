"""The hosted recogniser fails, at the start or in the middle of a word: nobody's words are lost."""

from __future__ import annotations

import re

import pytest
from rapidfuzz import fuzz

from tests.chaos.stt_faults import FAULTS, SAID, Speech, SttFault, suffer
from tests.e2e.conftest import StartBot
from tests.emulators.faults import FaultKind
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

pytestmark = [pytest.mark.e2e, pytest.mark.chaos]

ALIKE = 75
"""Of 100: "robotics" and "robotic" are one word here, "my" and "by" are not."""

SAMPLE = {
    "refuse at start",
    "stall_before_first at start",
    "stall_before_first in an answer",
    "reset in an answer",
    "empty in an answer",
    "garbage in an answer",
}


def times_heard(word: str, recognised: list[str]) -> int:
    """How often a word was heard, allowing for an ending that a small recogniser gets wrong."""
    return sum(fuzz.ratio(word, each) >= ALIKE for each in recognised)


@pytest.mark.parametrize(
    "fault", [fault for fault in FAULTS if fault.name in SAMPLE], ids=lambda fault: fault.name
)
async def test_every_utterance_is_answered_once_and_no_word_is_lost(
    fault: SttFault,
    start_bot: StartBot,
    providers: ProviderRig,
    livekit_server: LiveKitServer,
    speech: Speech,
) -> None:
    call = await suffer(
        fault,
        start_bot=start_bot,
        providers=providers,
        livekit_server=livekit_server,
        speech=speech,
    )
    assert [turn.role for turn in call.record.turns] == ["bot", "caller"] * 2 + ["bot"]
    heard = [turn for turn in call.record.turns if turn.role == "caller"]
    for turn, words in zip(heard, SAID.values(), strict=True):
        recognised = re.findall(r"\w+", turn.text.lower())
        assert [times_heard(word, recognised) for word in words] == [1] * len(words), turn.text
    assert heard[0].rung.stt == "local"
    if fault.when == "at start" and fault.kind is FaultKind.STALL_BEFORE_FIRST:
        assert call.held_at_greeting, "the greeting waited until the connection was given up"
