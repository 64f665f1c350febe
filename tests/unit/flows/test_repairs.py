"""Repair: every way of asking once, what was said is kept, and nothing goes round in circles."""

from __future__ import annotations

import re

import pytest

from flows.lead import Status
from tests.unit.flows.talk import Talk

READ_BACK = "jane dot doe at acme dot com"


def questions(text: str) -> list[str]:
    return [s.strip() for s in re.findall(r"[^.?!]*\?", text)]


def test_a_partial_number_is_an_attempt_and_no_question_comes_twice() -> None:
    talk = Talk().up_to("phone")
    asked = questions(talk.bot)
    for _ in range(15):
        talk.says("four one five")
        if talk.asked != "phone":
            break
        asked += questions(talk.bot)
    assert talk.status("phone") == "unknown"
    assert "415" in talk.conversation.lead["phone"].candidates()
    assert "Settle the phone number with the caller." in talk.conversation.lead.follow_ups
    assert len(asked) == len(set(asked)) < 12
    assert "Settle the phone number" in talk.conversation.next_action


def test_a_number_in_two_finals_with_odd_punctuation_is_joined() -> None:
    talk = Talk().up_to("phone").says("My number is two, one, two.")
    talk.says("five, five, five, zero one eight seven.")
    assert talk.read_back == {"phone": "+12125550187"}


def test_a_date_in_answer_to_the_budget_is_the_timeline_and_the_budget_is_asked_again() -> None:
    talk = Talk().up_to("budget").says("by the end of Q1")
    assert talk.value("timeline") == "2027-03-31"
    assert talk.value("budget") is None
    assert talk.asked == "budget"


def test_an_amount_during_a_read_back_is_the_budget_and_the_read_back_comes_again() -> None:
    talk = Talk().up_to("email").says(READ_BACK)
    talk.says("fifty, no sorry, fifteen thousand a year")
    assert talk.value("budget")["min"] == 15000
    assert talk.read_back == {"email": "jane.doe@acme.com"}
    talk.says("yes")
    assert talk.status("email") == "confirmed"
    assert talk.echoed["budget"]["min"] == 15000


@pytest.mark.parametrize(
    "unclear",
    [
        ("hmm I guess", "well", "I guess so, maybe"),
        ("hmm no wait", "hang on", "almost", "not sure", "I suppose", "whatever"),
        ("right, uh", "sure, one second", "I guess", "um", "hm"),
    ],
)
def test_unclear_answers_to_a_read_back_lose_nothing(unclear: tuple[str, ...]) -> None:
    talk = Talk().up_to("email").says(READ_BACK)
    for answer in unclear:
        talk.says(answer)
    held = talk.conversation.lead["email"]
    assert held.status is not Status.CONFIRMED
    assert held.value == "jane.doe@acme.com" or "jane.doe@acme.com" in held.candidates()


def test_an_unclear_answer_never_becomes_a_part_of_the_address() -> None:
    talk = Talk().up_to("email").says(READ_BACK).says("hmm no wait").says("almost")
    assert talk.read_back == {"email": "jane.doe@acme.com"}


def test_bringing_up_a_number_does_not_move_the_meeting() -> None:
    talk = Talk().up_to("meeting").says("Tuesday at two in the afternoon")
    talk.says("actually, my number is six five oh, double three five, seven nine eight four")
    assert talk.value("meeting") == "2026-11-24T14:00:00-05:00"
    assert talk.read_back == {"phone": "+16503357984"}


def test_a_budget_said_in_passing_is_no_phone_number() -> None:
    talk = Talk().up_to("team_size")
    talk.says("twenty, and our budget is seventy-five to one hundred and fifty thousand dollars")
    assert set(talk.echoed) == {"team_size", "budget"}


def test_sorry_eighteen_corrects_eighty_people_and_not_the_budget() -> None:
    talk = Talk().up_to("team_size")
    talk.says("eighty people, and our budget is $20,000 a month").says("sorry, it's eighteen")
    assert talk.value("team_size") == 18
    assert talk.value("budget")["min"] == 20000


def test_a_correction_of_a_name_is_no_company_and_no_need() -> None:
    talk = Talk().says("this is Dmetri Weber, from Acme Logistics")
    talk.says("sorry, it's Dmitri Weber")
    assert talk.value("name") == "Dmitri Weber"
    assert talk.value("company") == "Acme Logistics"
    assert talk.value("need") is None
    talk.says("not quite, Dmitry Weber")
    assert talk.value("need") is None


def test_an_objection_that_cannot_be_read_asks_again_instead_of_going_on() -> None:
    talk = Talk().up_to("team_size").says("ninety people").says("sorry, it's users")
    assert talk.value("team_size") is None
    assert talk.asked == "team_size"


def test_after_two_wrong_names_the_third_is_read_back_and_needs_a_yes() -> None:
    talk = Talk().says("Maria Burke").says("no, it's Marla Brook").says("no, it's Priya Brooks")
    assert talk.read_back == {"name": "Priya Brooks"}
    talk.says("exactly")
    assert talk.status("name") == "confirmed"
    assert talk.value("name") == "Priya Brooks"


def test_after_three_wrong_values_the_caller_is_asked_for_words_and_then_to_type() -> None:
    talk = Talk().up_to("email").says("june dot ray at acme dot com")
    talk.says("no, it's jade dot ray at acme dot com").says("no, it's jake dot ray at acme dot com")
    talk.says("no, it's jean dot ray at acme dot com")
    assert "word for each letter" in talk.bot
    talk.says("joan dot ray at acme dot com").says("no, it's jan dot ray at acme dot com")
    assert "type the e-mail address" in talk.bot
    talk.says("jane.ray@acme.com")
    assert talk.read_back == {"email": "jane.ray@acme.com"}


def test_what_was_typed_is_not_voted_over() -> None:
    talk = Talk().up_to("email").says("chloe at rclad dot org").says("no")
    talk.says("chloe at riclad dot org").says("no").says("chloe@iclad.org")
    assert talk.value("email") == "chloe@iclad.org"


def test_correcting_the_address_leaves_the_budget_alone() -> None:
    talk = Talk().up_to("email")
    before = talk.value("budget")
    talk.says("siobhan at silver dot com").says("wrong, it's five pound hot tow on silver.com")
    assert talk.value("budget") == before


def test_a_value_between_hold_on_and_the_end_is_no_request_to_wait() -> None:
    talk = Talk().up_to("team_size").says("twelve, no wait, two hundred and fifty")
    assert talk.value("team_size") == 250
    assert talk.asked == "budget"


def test_a_question_about_the_question_is_no_need() -> None:
    talk = Talk().up_to("need").says("why do you need that?")
    assert talk.value("need") is None
    assert "so that the right specialist" in talk.bot


def test_an_address_with_dashes_is_whole() -> None:
    talk = Talk().up_to("email").says("bianca at harbor dash point dash insurance dot com")
    assert talk.read_back == {"email": "bianca@harbor-point-insurance.com"}


def test_what_is_read_back_is_alone_so_that_a_no_can_mean_nothing_else() -> None:
    talk = Talk().says("This is Jane Doe, my email is jane dot doe at acme dot com")
    assert talk.read_back == {"email": "jane.doe@acme.com"}
    assert talk.echoed == {}
    talk.says("yes")
    assert talk.echoed == {"name": "Jane Doe"}


def test_a_sound_is_no_name() -> None:
    talk = Talk().says("Jane Doe").says("it's uh")
    assert talk.value("company") is None
    assert talk.asked == "company"


def test_correcting_an_address_is_no_answer_to_a_yes_or_no_question() -> None:
    talk = Talk().up_to("decision_maker")
    talk.says("no, jane dot doe at icloud dot com")
    assert talk.value("decision_maker") is None
    assert talk.read_back == {"email": "jane.doe@icloud.com"}


def test_a_misheard_word_with_bye_in_it_does_not_end_the_call() -> None:
    talk = Talk().up_to("budget").says("Maybe Bye-pay")
    assert not talk.conversation.done
    assert talk.asked == "budget"


def test_a_goodbye_ends_the_call() -> None:
    for goodbye in ("bye-bye", "okay, goodbye", "Bye!"):
        assert Talk().up_to("budget").says(goodbye).conversation.done


def test_an_address_that_is_nearly_the_callers_name_is_read_back_as_the_name() -> None:
    talk = Talk().up_to("email").says("june dot dough at acme dot com").says("no")
    talk.says("jayne dot dough at acme dot com")
    assert talk.read_back == {"email": "jane.doe@acme.com"}


def test_a_prior_that_was_refused_is_not_proposed_again() -> None:
    talk = Talk().up_to("email").says("june dot dough at acme dot com").says("no")
    talk.says("jayne dot dough at acme dot com").says("no, it's jade dot doe at acme dot com")
    assert talk.read_back == {"email": "jade.doe@acme.com"}
    assert talk.says("yes").status("email") == "confirmed"


NEVER_RIGHT = ("Victor Manson", "no, Baker Manson", "no, Victor Mansun", "no, no")


def test_a_name_that_was_given_up_is_found_again_in_the_confirmed_address() -> None:
    talk = Talk()
    for heard in (*NEVER_RIGHT, "uh", "d-d-d-d", "uh"):
        talk.says(heard)
    assert talk.status("name") == "unknown"
    talk.up_to("email").says("victor dot mensah at gmail dot com").says("yes")
    assert talk.read_back == {"name": "Victor Mensah"}
    assert talk.status("name") == "heard"
    assert talk.says("yes").status("name") == "confirmed"


def test_what_the_address_says_about_the_name_is_dropped_at_a_no() -> None:
    talk = Talk()
    for heard in (*NEVER_RIGHT, "uh", "d-d-d-d", "uh"):
        talk.says(heard)
    talk.up_to("email").says("victor dot mensah at gmail dot com").says("yes").says("no")
    assert talk.status("name") != "confirmed"
    assert talk.value("name") is None
