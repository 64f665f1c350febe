"""What counts as recovered: heard again, once, with nothing lost or asked again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bot.bench.recovery.caller import Voice
from bot.bench.recovery.outcome import Outcome, at_once_s, first_sound
from bot.bench.recovery.plan import Phase
from bot.caller.peer import SAMPLE_RATE


def voice(begin_s: float, end_s: float) -> Any:
    """10 ms frames of a sound."""
    frames = np.zeros(1000, dtype=np.bool_)
    frames[round(begin_s * 100) : round(end_s * 100)] = True
    return frames


def outcome(**changes: Any) -> Outcome:
    values: dict[str, Any] = {
        "call": 1,
        "phase": Phase.LISTENING,
        "exchange": 1,
        "audible_s": 1.2,
        "first_words": "Sorry, we were cut off.",
    }
    return Outcome(**{**values, **changes})


def test_the_next_bots_first_sound_counts_and_not_the_dead_ones_last() -> None:
    voices = [voice(0.5, 4.1), voice(5.2, 8.0)]
    assert first_sound(voices, [0.2, 4.8], after_s=4.0, until_s=float("inf")) == 5.2


def test_a_bot_that_comes_after_the_next_kill_does_not_count() -> None:
    voices = [voice(0.5, 4.1), voice(7.2, 8.0)]
    assert first_sound(voices, [0.2, 7.0], after_s=4.0, until_s=6.0) is None


def test_two_bots_that_talk_at_a_time_are_noticed() -> None:
    voices = [voice(0.5, 5.0), voice(4.5, 8.0)]
    assert at_once_s(voices, after_s=4.0, until_s=float("inf")) == pytest.approx(0.5)
    assert not outcome(two_at_once_s=0.5).survived


@pytest.mark.parametrize(
    "defect",
    [
        {"audible_s": None},
        {"not_gone_on": "no bot said anything more"},
        {"asked_again": ["name"]},
        {"lost": ["name: ('', 'open') instead of ('jane', 'validated')"]},
        {"broke": "no word within 25 s"},
        {"left_behind": ["a process"]},
    ],
)
def test_each_defect_counts(defect: dict[str, Any]) -> None:
    assert outcome().survived
    assert not outcome(**defect).survived


def test_after_the_goodbye_nobody_need_be_heard() -> None:
    assert outcome(phase=Phase.ENDING, audible_s=None).survived


def test_a_voice_lies_where_it_was_heard() -> None:
    loud = np.full(SAMPLE_RATE // 50, 3000, dtype=np.int16).tobytes()
    quiet = bytes(len(loud))
    arrivals = [(2.02 + 0.02 * n, loud if n >= 50 else quiet) for n in range(100)]
    heard = np.flatnonzero(Voice("TR_1", 2.0, arrivals).heard())
    assert heard[0] == pytest.approx(300, abs=2)
