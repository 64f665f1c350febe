"""What callers say beside an answer neither fills a field nor objects to a value."""

from __future__ import annotations

import pytest

from tests.unit.flows.talk import Talk


def test_a_company_that_begins_with_no_is_no_objection_to_the_name() -> None:
    talk = Talk().says("Grace Love").says("No Limits Fitness")
    assert talk.value("name") == "Grace Love"
    assert talk.value("company") == "No Limits Fitness"


def test_a_bare_no_before_the_own_name_objects_to_it() -> None:
    talk = Talk().says("Mara Lindquist").says("no mara lindqvist")
    assert talk.value("name") == "Mara Lindqvist"
    assert talk.value("company") is None


def test_a_bound_that_begins_with_no_is_no_objection_to_the_team() -> None:
    talk = Talk().up_to("team_size").says("thirty to forty").says("no more than $30,000")
    assert talk.value("team_size") == {"min": 30, "max": 40}
    assert talk.value("budget")["max"] == 30000


@pytest.mark.parametrize(
    "chatter",
    ["my neighbor works for Google and he told me about you", "my flight is at 6 pm tomorrow",
     "sorry my dog is barking", "it's three degrees outside here", "we were founded in 1987"],
)  # fmt: skip
@pytest.mark.parametrize("asked", ["name", "company", "team_size", "budget", "timeline", "meeting"])
def test_chatter_fills_nothing(asked: str, chatter: str) -> None:
    talk = Talk().up_to(asked)
    before = {key: talk.value(key) for key in talk.conversation.playbook.keys}
    talk.says(chatter)
    assert {key: talk.value(key) for key in before} == before
    assert talk.asked == asked


def test_a_no_behind_a_moment_of_waiting_refuses_nothing() -> None:
    talk = Talk().up_to("email").says("hang on")
    assert talk.conversation.heard.waiting_for == "email"
    talk.says("no thanks")
    assert talk.status("email") == "open"
    assert talk.asked == "email"


def test_thinking_aloud_is_no_request_for_a_moment() -> None:
    talk = Talk().says("well let me see, Fatima Al-Sayed")
    assert talk.value("name") == "Fatima Al-Sayed"


def test_a_british_address_tells_where_a_national_number_belongs() -> None:
    talk = Talk().up_to("email").says("geoff at holloway books dot co dot uk").says("yes")
    talk.says("oh two oh seven nine four six oh nine five eight")
    assert talk.read_back == {"phone": "+442079460958"}
