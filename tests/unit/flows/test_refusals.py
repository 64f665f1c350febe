"""Whose refusal it is: the field that was asked for, or the one that is named."""

from __future__ import annotations

import pytest

from tests.unit.flows.talk import Talk


def test_a_refusal_is_about_the_question_and_not_about_a_word_in_it() -> None:
    talk = Talk().up_to("timeline").says("I'd rather not say when we need it in place")
    assert talk.status("timeline") == "refused"
    assert talk.status("need") == "validated"


@pytest.mark.parametrize(
    "text",
    ["I'd rather not share my budget", "I'd rather not talk about budget"],
)
def test_a_field_that_is_named_is_the_one_that_is_refused(text: str) -> None:
    talk = Talk().up_to("team_size").says(text)
    assert talk.status("budget") == "refused"
    assert talk.status("team_size") == "open"


def test_a_refusal_stays_until_the_caller_brings_it_up() -> None:
    talk = Talk().up_to("budget").says("I'd rather not say")
    assert talk.status("budget") == "refused"
    talk.up_to("phone")
    assert talk.status("budget") == "refused"
    talk.says("Actually, our budget is fifty thousand dollars a year")
    assert talk.status("budget") == "validated"
