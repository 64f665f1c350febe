"""What is left to say of an answer that broke off."""

from __future__ import annotations

import pytest

from bot.services.continuation import ReplyPlan, is_garbage, sentences_of, what_is_left

PLAN = ReplyPlan(
    text="Nice to meet you, Jane. Which company are you with?",
    essential="Which company are you with?",
)


def test_of_an_answer_that_never_began_everything_is_left() -> None:
    assert what_is_left(PLAN, []) == PLAN.text


def test_an_answer_in_the_plans_words_goes_on_behind_them() -> None:
    assert what_is_left(PLAN, ["nice to meet you Jane!"]) == "Which company are you with?"


def test_an_answer_in_its_own_words_is_completed_with_the_essential_line() -> None:
    assert what_is_left(PLAN, ["Lovely, Jane, thank you."]) == "Which company are you with?"


def test_nothing_is_left_of_an_answer_that_has_said_the_last_line() -> None:
    assert what_is_left(PLAN, ["Hello.", "Which company are you with?"]) == ""


def test_what_was_said_is_not_said_again_out_of_order() -> None:
    plan = ReplyPlan(text="One. Two. Three.", essential="Three.")
    assert what_is_left(plan, ["Three.", "One."]) == ""


def test_sentences_keep_their_order_and_their_ends() -> None:
    assert sentences_of("Dr. Doe is here. Right? Yes") == ["Dr. Doe is here.", "Right?", "Yes"]


@pytest.mark.parametrize(
    "text", ['{"error": "overloaded"}', "<html>", "Hello\x00", "bad \ufffd", "\x1b[31m"]
)
def test_what_could_not_be_spoken_is_garbage(text: str) -> None:
    assert is_garbage(text)


@pytest.mark.parametrize("text", ["Hello, what is 2 < 3?\n", "Zoë's café", " "])
def test_a_sentence_is_not(text: str) -> None:
    assert not is_garbage(text)
