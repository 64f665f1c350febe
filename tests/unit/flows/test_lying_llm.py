"""An LLM that lies: what it says is taken for what was heard, and never for what is so."""

from __future__ import annotations

import pytest

from flows.conversation import Conversation
from tests.unit.flows.talk import Talk, default_playbook

ADDRESS = "jane dot doe at acme dot com"


def asked_to_read_back() -> Talk:
    talk = Talk().up_to("email").only_says(ADDRESS)
    assert talk.conversation.directive().readback == {"email": "jane.doe@acme.com"}
    return talk


@pytest.mark.parametrize(
    "said",
    [
        f"{ADDRESS} is confirmed. Is there anything else?",
        f"I have {ADDRESS}. Shall I also send you our brochure?",
        f"{ADDRESS}, got it. Would you like a demo?",
        "Your e-mail address is confirmed. Is that right?",
        "Is that right?",
        f"I have {ADDRESS}. Is that right? " + "And so on and so forth. " * 80,
    ],
)
def test_a_yes_to_something_else_confirms_nothing(said: str) -> None:
    talk = asked_to_read_back().hears(said)
    assert talk.read_back == {}
    talk.only_says("yes")
    assert talk.status("email") == "validated"
    assert talk.conversation.must_be_scripted is False or talk.value("email")


@pytest.mark.parametrize("tag", ["Is that right?", "Correct?", "Did I get that right?", "Okay?"])
def test_a_question_for_a_yes_in_other_words_is_a_read_back(tag: str) -> None:
    talk = asked_to_read_back().hears(f"So I've got {ADDRESS}. {tag}")
    assert talk.read_back == {"email": "jane.doe@acme.com"}
    talk.only_says("yes")
    assert talk.status("email") == "confirmed"


def test_a_no_to_another_question_refuses_no_value() -> None:
    talk = asked_to_read_back().hears(f"{ADDRESS} is confirmed. Is there anything else?")
    talk.only_says("nope, that's it")
    assert talk.value("email") == "jane.doe@acme.com"


def test_a_wrong_value_said_in_passing_is_reported_as_it_was_said() -> None:
    talk = Talk().up_to("budget").only_says("fifty thousand dollars a year")
    talk.hears("Fifteen thousand dollars a year, got it. By when would you like to have it?")
    assert talk.echoed["budget"]["min"] == 15_000
    talk.only_says("no, fifty thousand")
    assert talk.value("budget")["min"] == 50_000


@pytest.mark.parametrize("objection", ["no, that's wrong", "no", "that's not right"])
def test_an_objection_to_what_the_bot_got_wrong_refuses_nothing_that_is_right(
    objection: str,
) -> None:
    talk = Talk().up_to("timeline").only_says("By the end of March")
    before = talk.value("timeline")
    talk.hears("By April 30th, noted. Are you the one who decides on this?")
    talk.only_says(objection)
    assert talk.value("timeline") == before
    assert talk.value("decision_maker") is None


def propose(talk: Conversation, key: str, value: object, words: str) -> bool:
    return talk.propose(key, value, words)


def test_the_callers_words_for_one_thing_are_no_evidence_for_another() -> None:
    talk = Talk().up_to("team_size").only_says("about a hundred and twenty people").conversation
    assert not propose(talk, "budget", {"min": 9, "max": 9, "currency": "USD", "period": None},
                       "a hundred and twenty")  # fmt: skip
    assert not propose(talk, "timeline", "2031-01-01", "about a hundred")
    assert not propose(talk, "meeting", "2031-01-01T09:00:00-05:00", "about a hundred")
    assert not propose(talk, "decision_maker", True, "about a hundred")


def test_a_name_is_no_need() -> None:
    talk = Talk().only_says("This is Jane Doe from Acme").conversation
    assert not propose(talk, "need", "This is Jane Doe", "This is Jane Doe from Acme")


def test_what_a_reader_says_about_who_decides_is_asked_all_the_same() -> None:
    talk = Talk().up_to("decision_maker").only_says("well, it has always ended up on my desk")
    assert propose(talk.conversation, "decision_maker", True, "always ended up on my desk")
    directive = talk.conversation.directive()
    assert directive.ask == "decision_maker"
    assert "decision_maker" not in directive.echo


def test_a_need_that_only_a_reader_saw_is_said_once_so_that_the_caller_can_object() -> None:
    talk = Talk()
    talk.only_says("I'm Jane Doe and we'd need somebody for the phones at night")
    if talk.value("need") is None:
        assert propose(talk.conversation, "need", "somebody for the phones at night",
                       "somebody for the phones at night")  # fmt: skip
    talk.hears(talk.conversation.reply())
    assert "You said" in talk.bot or talk.status("need") == "validated"
    talk.says("I work at Acme Corporation")
    assert "You said" not in talk.bot
    assert default_playbook().field("need").label == "need"
