"""What the caller has heard is decided by audio that left the queue, not by the clock."""

from __future__ import annotations

from processors.speech_ledger import SpeechLedger

RATE = 1000


def ledger_with(*words: tuple[str, float], speech: str = "s1") -> SpeechLedger[str]:
    ledger = SpeechLedger[str](sample_rate=RATE)
    ledger.speech_starts(speech)
    for word, offset_s in words:
        ledger.add_word(word, text=word, speech_id=speech, offset_s=offset_s)
    return ledger


def test_a_word_is_heard_once_its_middle_has_been_played() -> None:
    ledger = ledger_with(("Hello", 0.0), ("there", 0.5))
    ledger.audio_written(149)
    assert ledger.take_heard(queued_samples=0) == []
    ledger.audio_written(1)
    assert ledger.take_heard(queued_samples=0) == ["Hello"]


def test_audio_in_the_queue_has_not_been_heard() -> None:
    ledger = ledger_with(("Hello", 0.0), ("there", 0.5))
    ledger.audio_written(1000)
    assert ledger.take_heard(queued_samples=600) == ["Hello"]
    assert ledger.take_heard(queued_samples=0) == ["there"]


def test_what_was_cut_off_is_never_heard() -> None:
    ledger = ledger_with(("Hello", 0.0), ("there", 0.5))
    ledger.audio_written(200)
    ledger.take_heard(queued_samples=0)
    assert ledger.cut() == ["there"]
    ledger.audio_written(5000)
    assert ledger.take_heard(queued_samples=0) == []
    assert not ledger


def test_a_second_speech_is_timed_from_its_own_first_sample() -> None:
    ledger = ledger_with(("one", 0.0))
    ledger.add_word("two", text="two", speech_id="s2", offset_s=0.0)
    ledger.audio_written(400)
    assert ledger.take_heard(queued_samples=0) == ["one"]
    ledger.speech_starts("s2")
    ledger.audio_written(80)
    assert ledger.take_heard(queued_samples=0) == []
    ledger.audio_written(20)
    assert ledger.take_heard(queued_samples=0) == ["two"]


def test_a_word_of_a_speech_that_has_not_begun_waits() -> None:
    ledger = SpeechLedger[str](sample_rate=RATE)
    ledger.add_word("early", text="early", speech_id="s1", offset_s=0.0)
    ledger.audio_written(10_000)
    assert ledger.take_heard(queued_samples=0) == []


def test_the_end_of_a_reply_follows_its_last_word() -> None:
    ledger = ledger_with(("bye", 0.2))
    ledger.add_follower("end")
    ledger.audio_written(200)
    assert ledger.take_heard(queued_samples=0) == []
    ledger.audio_written(200)
    assert ledger.take_heard(queued_samples=0) == ["bye", "end"]


def test_words_timed_behind_the_end_of_their_audio_are_heard_at_its_end() -> None:
    ledger = ledger_with(("late", 9.0))
    ledger.audio_written(300)
    ledger.speech_ended("s1")
    assert ledger.take_heard(queued_samples=0) == ["late"]
