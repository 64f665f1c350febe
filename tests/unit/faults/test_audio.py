"""Silence is measured on the recorded audio, to 10 ms."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import pytest

from bot.bench.faults.audio import Silence, audible, silence_after, stretches
from bot.bench.faults.recording import AlignedRecording, places
from bot.caller.peer import FRAME_BYTES, FRAME_MS

RATE = 24_000


def sound(*stretches: tuple[float, float], length_s: float, loudness: float = 3000) -> bytes:
    """A tone in each stretch, and the noise that a codec leaves elsewhere."""
    at = np.arange(round(length_s * RATE)) / RATE
    voice = np.random.default_rng(1).normal(0, 30, len(at))
    for begin, end in stretches:
        inside = (at >= begin) & (at < end)
        voice += np.where(inside, loudness * np.sin(2 * np.pi * 180 * at), 0)
    return bytes(voice.astype(np.int16).tobytes())


def silence(caller: bytes, bot: bytes, **stretch: float) -> Silence:
    return silence_after(audible(caller, RATE), audible(bot, RATE), **stretch)  # type: ignore[arg-type]


@pytest.mark.parametrize("wait_s", [0.35, 0.36, 1.8, 2.73])
def test_the_wait_is_from_the_callers_last_sound_to_the_bots_first(wait_s: float) -> None:
    measured = silence(
        sound((1.0, 2.0), length_s=8),
        sound((2.0 + wait_s, 2.6 + wait_s), length_s=8),
        from_s=0.5,
        to_s=7,
    )
    assert measured.first_s == pytest.approx(wait_s, abs=0.0101)


def test_a_pause_of_the_caller_is_not_the_bots_silence() -> None:
    measured = silence(
        sound((1.0, 1.4), (2.0, 2.5), length_s=6), sound((3.0, 4.0), length_s=6), from_s=0.5, to_s=6
    )
    assert measured.first_s == pytest.approx(0.5, abs=0.0101)


def test_a_hole_in_an_answer_is_the_longest_silence_and_what_follows_it_is_none() -> None:
    measured = silence(
        sound((1.0, 2.0), length_s=9), sound((2.5, 3.0), (4.2, 5.0), length_s=9), from_s=0.5, to_s=9
    )
    assert measured.first_s == pytest.approx(0.5, abs=0.0101)
    assert measured.longest_s == pytest.approx(1.2, abs=0.0101)


def test_sound_before_the_caller_spoke_and_after_the_exchange_is_not_this_exchanges() -> None:
    measured = silence(
        sound((1.0, 2.0), length_s=9), sound((0.2, 0.6), (6.0, 7.0), length_s=9), from_s=0.7, to_s=5
    )
    assert measured == Silence(None, None)


def test_who_joins_waits_from_then_on() -> None:
    measured = silence_after(
        audible(sound(length_s=4), RATE),
        audible(sound((1.3, 3.0), length_s=4), RATE),
        from_s=0,
        to_s=4,
        caller_speaks=False,
    )
    assert measured.first_s == pytest.approx(1.3, abs=0.0101)


def test_a_click_is_no_sound_and_neither_is_what_a_codec_leaves() -> None:
    assert not audible(sound((1.0, 1.01), length_s=3), RATE).any()
    assert not audible(sound(length_s=3), RATE).any()
    quiet_voice = audible(sound((1.0, 2.0), length_s=3, loudness=400), RATE)
    assert int(quiet_voice.sum()) == pytest.approx(100, abs=1)


def test_stretches_of_sound_are_divided_by_pauses_between_sentences_only() -> None:
    heard = audible(sound((1.0, 1.5), (1.8, 2.5), (4.0, 4.5), length_s=6), RATE)
    found = stretches(heard, from_s=0.5, to_s=6)
    assert found == [pytest.approx(each, abs=0.02) for each in ((0.85, 2.65), (3.85, 4.65))]
    assert stretches(heard, from_s=5, to_s=6) == []


class TestFramesThatComeLate:
    STREAM: ClassVar = [(n + 1) * 0.02 for n in range(100)]

    def test_frames_in_time_are_where_they_are(self) -> None:
        assert places(self.STREAM) == pytest.approx([at - 0.02 for at in self.STREAM])

    def test_a_burst_after_a_busy_moment_falls_back_to_where_it_belongs(self) -> None:
        late = [max(at, 1.0) if 0.5 < at < 1.0 else at for at in self.STREAM]
        assert places(late) == pytest.approx([at - 0.02 for at in self.STREAM])

    def test_a_silence_on_the_wire_moves_all_that_follows(self) -> None:
        gap = [at if at < 1.0 else at + 0.73 for at in self.STREAM]
        assert places(gap) == pytest.approx([at - 0.02 for at in gap])

    def test_nothing_recorded_is_nothing(self) -> None:
        assert places([]) == []


def test_a_recording_has_a_late_burst_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 100.0
    monkeypatch.setattr("bot.caller.peer.time.monotonic", lambda: clock)
    recording = AlignedRecording()
    recording.start()
    loud = np.full(FRAME_BYTES // 2, 3000, dtype=np.int16).tobytes()
    for n in range(100):
        # From 0.5 s to 1.0 s nobody took the frames; then all came at once.
        clock = 100 + max((n + 1) * FRAME_MS / 1000, 1.0 if 25 <= n < 50 else 0.0)
        recording.take_bot(loud if 40 <= n < 60 else bytes(FRAME_BYTES))
    recording.finish()
    heard = np.flatnonzero(audible(recording.side("bot"), recording.sample_rate))
    assert heard[0] == pytest.approx(80, abs=1)
    assert heard[-1] == pytest.approx(119, abs=1)
    assert len(recording.side("caller")) == len(recording.side("bot"))
