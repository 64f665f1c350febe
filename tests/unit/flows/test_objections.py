"""What was said in passing can be objected to, however badly the objection is heard."""

from __future__ import annotations

import pytest

from tests.unit.flows.talk import Talk


def test_the_rate_of_an_amount_is_not_a_date() -> None:
    talk = Talk().up_to("budget").says("$73,000 a year")
    talk.says("Sorry, no, 63k a year")
    assert talk.value("budget")["min"] == 63000
    assert talk.value("timeline") is None
    assert talk.asked == "timeline"


def test_an_objection_that_repeats_a_teen_meant_its_ty() -> None:
    talk = Talk().up_to("team_size").says("about fifteen people").says("no, fifteen people")
    assert talk.echoed == {"team_size": 50}
    assert talk.says("forty thousand dollars").value("team_size") == 50


def test_an_objection_that_repeats_a_name_asks_for_it_in_another_way() -> None:
    talk = Talk().says("My name is Carlo Okafor").says("no, it's Carlo Okafor")
    assert talk.status("name") == "open"
    assert talk.asked == "name"
    assert talk.status("company") == "open"


@pytest.mark.parametrize("garbled", ["ko, Northwind", "nk, it's Northwind", "o, Northwind."])
def test_a_name_nearly_the_same_corrects_even_when_the_no_was_misheard(garbled: str) -> None:
    talk = Talk().up_to("company").says("I'm with Northwund").says(garbled)
    assert talk.value("company") == "Northwind"
    assert talk.asked == "need"
    assert talk.value("need") is None


def test_a_plain_no_answers_the_question_and_not_the_value_in_passing() -> None:
    talk = Talk().up_to("timeline").says("by the end of March")
    assert talk.asked == "decision_maker"
    talk.says("No.")
    assert talk.value("timeline") == "2027-03-31"
    assert talk.value("decision_maker") is False


def test_a_no_to_anything_else_is_no_objection() -> None:
    asked = Talk().up_to("meeting").says("Thursday at two pm")
    assert asked.echoed == {"meeting": "2026-11-26T14:00:00-05:00"}
    assert "anything" in asked.bot
    told = Talk().up_to("meeting").says("Thursday at two pm").says("No, that's all, thanks")
    assert told.conversation.done
    assert told.value("meeting") == "2026-11-26T14:00:00-05:00"


def test_digits_of_an_address_are_no_phone_number_that_was_read_back() -> None:
    talk = Talk().up_to("phone").says("four one five, five five five, two six seven one")
    talk.conversation.bot_began()
    talk.conversation.bot_heard(
        "So that's 4 1 5 5 5 5 2 6 7 1 at acme dot com. Is that right?", complete=True
    )
    assert "phone" not in talk.read_back
    assert talk.only_says("yes").status("phone") == "validated"


def test_an_invalid_correction_does_not_bring_the_rejected_value_back() -> None:
    talk = Talk().up_to("meeting").says("Thursday at two pm")
    talk.says("No, yesterday at four pm")
    value = talk.value("meeting")
    assert value is None or value > "2026-11-23"
    assert not any(talk.conversation.lead["meeting"].was_rejected(v) for v in [value] if v)


def test_okay_at_the_beginning_of_a_value_is_no_consent() -> None:
    talk = Talk().up_to("consent_to_contact")
    talk.says("Okay, my number is two one two, five five five, oh one nine eight")
    assert talk.value("consent_to_contact") is None
    assert talk.read_back == {"phone": "+12125550198"}


def test_an_address_at_the_company_that_was_just_said_is_no_other_company() -> None:
    talk = Talk().up_to("company").says("I'm with Green River Foods")
    talk.says("My email is daniel dot carter at green river foods dot com")
    assert talk.read_back == {"email": "daniel.carter@greenriverfoods.com"}
    assert talk.value("company") == "Green River Foods"


def test_a_bare_yes_is_no_need() -> None:
    talk = Talk().up_to("need").says("Yes, that's right.")
    assert talk.value("need") is None
    assert talk.says("Yes, we lose leads in spreadsheets").value("need") is not None
