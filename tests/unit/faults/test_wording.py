"""Words lost and words said twice, through what a small recogniser makes of them."""

from __future__ import annotations

import pytest

from bot.bench.faults.matrix import SCRIPT
from bot.bench.faults.wording import likeness, lost, repeated, words


def test_numbers_and_addresses_are_compared_as_they_are_spoken() -> None:
    assert words("We are 25, at dan@acme.com.") == words(
        "we are twenty-five at Dan at acme dot com"
    )


@pytest.mark.parametrize("utterance", SCRIPT, ids=lambda each: each.spoken)
def test_what_a_hosted_recogniser_writes_has_lost_nothing(utterance: object) -> None:
    assert lost(utterance.spoken, utterance.written) == []  # type: ignore[attr-defined]
    assert repeated(utterance.spoken, utterance.written) == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("said", "recognised", "missing"),
    [
        ("I work for Green River Foods.", "I work for green river foods", []),
        ("I work for Green River Foods.", "I work for green river food", []),
        ("I work for Green River Foods.", "River Foods.", ["work", "green"]),
        ("I work for Green River Foods.", "", ["work", "green", "river", "foods"]),
        ("We are about twenty five people.", "about 25 people", []),
    ],
)
def test_lost_words_are_named(said: str, recognised: str, missing: list[str]) -> None:
    assert lost(said, recognised) == missing


def test_a_sentence_that_begins_again_is_said_twice() -> None:
    due = "Nice to meet you, Daniel Carter. Which company are you with?"
    assert repeated(due, due) == []
    again = "Nice to meet you. Nice to meet you, Daniel Carter. Which company are you with?"
    assert repeated(due, again) == ["nice to", "to meet", "meet you"]


def test_a_bridge_and_a_misheard_word_are_not_said_twice() -> None:
    due = "Which company are you with?"
    assert repeated(due, "One moment. One moment. Which company are you wit?") == []


def test_likeness_tells_a_whole_answer_from_half_of_it() -> None:
    due = "Green River Foods, great. What are you hoping our software can help you with?"
    assert likeness(due, "green river foods great what are you hoping are software can help") > 0.65
    assert likeness(due, "Green River Foods, great.") < 0.65
