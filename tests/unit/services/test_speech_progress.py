"""How far a text was spoken when its voice fell silent."""

from __future__ import annotations

from bot.services.speech_progress import SpeechProgress


def test_a_word_is_whole_when_the_next_one_has_begun() -> None:
    progress = SpeechProgress("one two three")
    assert progress.word("one", 0.0) == []
    assert progress.word("two", 0.4) == []
    assert progress.sound(0.5) == [("one", 0.0)]


def test_what_is_left_begins_with_the_word_that_was_cut() -> None:
    progress = SpeechProgress("one twenty three")
    progress.word("one", 0.0)
    progress.word("twenty", 0.4)
    progress.sound(0.5)
    words, rest = progress.broken_off()
    assert (words, rest) == ([], "twenty three")


def test_the_last_word_is_not_repeated_if_its_sound_has_come() -> None:
    progress = SpeechProgress("one two three")
    progress.word("one", 0.0)
    progress.word("two", 0.4)
    progress.sound(0.8)
    words, rest = progress.broken_off()
    assert (words, rest) == ([("two", 0.4)], "three")


def test_without_word_times_the_length_of_the_sound_tells() -> None:
    progress = SpeechProgress("hello there my friend")
    progress.sound(0.75)
    assert progress.broken_off() == ([], "my friend")


def test_a_text_of_which_nothing_was_heard_is_left_whole() -> None:
    assert SpeechProgress("one two").broken_off() == ([], "one two")


def test_sound_that_is_far_too_short_is_no_whole_text() -> None:
    progress = SpeechProgress("a text of some forty characters, spoken.")
    progress.sound(0.3)
    assert progress.is_cut_short
    progress.sound(1.5)
    assert not progress.is_cut_short


def test_only_the_end_is_missing_when_every_word_was_spoken() -> None:
    progress = SpeechProgress("one two")
    progress.word("one", 0.0)
    progress.word("two", 0.4)
    progress.sound(0.45)
    assert not progress.is_whole
    progress.sound(0.3)
    assert progress.is_whole
