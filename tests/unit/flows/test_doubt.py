"""Other readings of what was said: one is read back at once, between two a letter is asked for."""

from __future__ import annotations

from tests.unit.flows.talk import Talk


def heard(text: str, *alternatives: str) -> Talk:
    talk = Talk().up_to("email")
    talk.conversation.caller_said(text, alternatives=alternatives)
    talk.hears(talk.conversation.reply())
    return talk


def test_the_recognisers_other_guess_is_read_back_after_a_no() -> None:
    talk = heard("jane dot doe at acme dot com", "jade dot doe at acme dot com")
    assert talk.read_back == {"email": "jane.doe@acme.com"}
    talk.says("no")
    assert talk.read_back == {"email": "jade.doe@acme.com"}
    talk.says("yes")
    assert talk.status("email") == "confirmed"


def test_between_two_guesses_only_the_letter_is_asked_for() -> None:
    talk = heard(
        "lee at acme dot com",
        "bee at acme dot com",
        "dee at acme dot com",
    ).says("no")
    assert "B as in boy or D as in dog?" in talk.bot
    assert talk.asked == "email"
    talk.says("D as in dog")
    assert talk.read_back == {"email": "dee@acme.com"}


def test_a_letter_may_be_named_by_its_example_alone() -> None:
    talk = heard("lee at acme dot com", "bee at acme dot com", "dee at acme dot com").says("no")
    talk.says("as in boy")
    assert talk.read_back == {"email": "bee@acme.com"}


def test_the_question_for_the_letter_comes_once() -> None:
    talk = heard("lee at acme dot com", "bee at acme dot com", "dee at acme dot com").says("no")
    talk.says("what a day")
    assert "B as in boy" not in talk.bot
    assert talk.asked == "email"
