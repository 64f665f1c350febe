"""What is kept of the caller's words, and when they count as read."""

from __future__ import annotations

import pytest

from bot.services.stt_utterance import AudioRing, Reading, Utterance, is_garbage

RATE = 16_000


def second(value: int) -> bytes:
    return bytes([value, 0]) * RATE


class TestAudioRing:
    def test_it_keeps_what_nobody_has_forgotten(self) -> None:
        ring = AudioRing(sample_rate=RATE)
        ring.append(second(1))
        ring.append(second(2))
        ring.forget_before(RATE)
        assert (ring.begin, ring.end) == (RATE, 2 * RATE)
        assert ring.between(0, 2 * RATE) == second(2)

    def test_it_never_keeps_more_than_its_limit(self) -> None:
        ring = AudioRing(sample_rate=RATE, kept_s=2)
        for value in range(5):
            ring.append(second(value))
        assert ring.between(0, ring.end) == second(3) + second(4)
        assert ring.begin == 3 * RATE

    def test_a_future_position_forgets_only_what_there_is(self) -> None:
        ring = AudioRing(sample_rate=RATE)
        ring.append(second(1))
        ring.forget_before(9 * RATE)
        assert ring.between(0, ring.end) == b""
        ring.append(second(2))
        assert ring.between(0, ring.end) == second(2)


def utterance(*, stopped_s: float | None = 4.0) -> Utterance:
    """Speech from 1.0 s, noticed at 1.2 s; the silence is noticed 0.2 s after its end."""
    made = Utterance(noticed_at=round(1.2 * RATE), start_s=0.2, sample_rate=RATE)
    if stopped_s is not None:
        made.stopped(at=round(stopped_s * RATE), stop_s=0.2)
    return made


class TestUtterance:
    def test_words_that_reach_its_end_read_it(self) -> None:
        assert utterance().result("hello", read_to=4 * RATE, is_last=False) is Reading.READ

    def test_words_in_the_middle_leave_the_rest_unread(self) -> None:
        made = utterance()
        assert made.result("hello", read_to=2 * RATE, is_last=False) is Reading.UNREAD
        assert made.unread_s == pytest.approx(1.8)
        assert made.result("there", read_to=4 * RATE, is_last=False) is Reading.READ

    def test_while_the_caller_speaks_nothing_reads_it_whole(self) -> None:
        made = utterance(stopped_s=None)
        assert made.result("hello", read_to=3 * RATE, is_last=True) is Reading.UNREAD
        made.stopped(at=round(3.3 * RATE), stop_s=0.2)
        assert made.is_covered

    def test_nothing_for_voice_that_has_room_for_words_is_empty(self) -> None:
        assert utterance().result("", read_to=4 * RATE, is_last=False) is Reading.UNREAD
        assert utterance().result("  ", read_to=4 * RATE, is_last=True) is Reading.EMPTY

    def test_nothing_for_a_cough_is_all_there_is(self) -> None:
        assert utterance(stopped_s=1.5).result("", read_to=0, is_last=True) is Reading.READ

    def test_nothing_after_words_is_all_there_is(self) -> None:
        made = utterance()
        made.result("hello", read_to=2 * RATE, is_last=False)
        assert made.result("", read_to=4 * RATE, is_last=True) is Reading.READ

    def test_a_caller_who_goes_on_opens_it_again(self) -> None:
        made = utterance()
        made.speaks_again()
        assert made.result("hello", read_to=4 * RATE, is_last=True) is Reading.UNREAD


@pytest.mark.parametrize(
    "text",
    [
        "My name is Jane Doe.",
        "jane dot doe at acme dot com",
        "Yes.",
        "3",
        "",
        "Müller, señor, 東京",
        "no no no no no no",
    ],
)
def test_what_people_say_is_no_garbage(text: str) -> None:
    assert not is_garbage(text, audio_s=1.0)


@pytest.mark.parametrize(
    "text", ["\ufffd\ufffd name", "\x00\x01", "... !?", "a" * 61, "blah " * 100]
)
def test_what_nobody_can_have_said_is(text: str) -> None:
    assert is_garbage(text, audio_s=1.0)
