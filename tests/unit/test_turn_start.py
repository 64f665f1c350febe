"""A caller who talks on while their bot is replaced does not cut the next one's first words off."""

from __future__ import annotations

import pytest
from pipecat.frames.frames import TranscriptionFrame, VADUserStartedSpeakingFrame
from pipecat.turns.user_start import BaseUserTurnStartStrategy

from bot.turn_start import turn_starts


@pytest.mark.parametrize(
    ("number", "frame"),
    [
        (0, VADUserStartedSpeakingFrame()),
        (1, TranscriptionFrame("so", "caller", "2026-11-22T12:00:00Z")),
    ],
)
@pytest.mark.parametrize("may_interrupt", [True, False])
async def test_it_is_asked_at_each_turn_whether_the_bot_is_cut_off(
    number: int, frame: VADUserStartedSpeakingFrame | TranscriptionFrame, may_interrupt: bool
) -> None:
    strategy: BaseUserTurnStartStrategy = turn_starts(lambda: may_interrupt)[number]
    begun: list[bool] = []

    async def started(_: object, params: object) -> None:
        begun.append(bool(getattr(params, "enable_interruptions", None)))

    strategy.add_event_handler("on_user_turn_started", started)
    await strategy.process_frame(frame)
    assert begun == [may_interrupt]
