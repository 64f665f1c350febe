"""A read-back is short, and in the form in which people say such a value."""

from __future__ import annotations

import pytest

from flows.capture import Kind, Surroundings, Utterance, read
from flows.speakable import Style, say
from tests.unit.flows.talk import ANSWERS, NOW, Talk

EMAILS = {
    "jane.doe@acme.com": "jane dot doe at acme dot com",
    "sales@initech.de": "sales at initech dot D E",
    "jdoe@gmail.com": "J D O E at gmail dot com",
    "xkcd42@acme.io": "X K C D 4 2 at acme dot I O",
    "info@bbc.co.uk": "info at B B C dot C O dot U K",
    "mei-ling@acme.co": "mei dash ling at acme dot C O",
    "n_77@initech.com": "N underscore 7 7 at initech dot com",
}
PHONES = {
    ("+14155552671", "US"): "4 1 5, 5 5 5, 2 6 7 1",
    ("+14155552671;ext=12", "US"): "4 1 5, 5 5 5, 2 6 7 1, extension 1 2",
    ("+442079460958", "GB"): "0 2 0, 7 9 4 6, 0 9 5 8",
    ("+447911123456", "GB"): "0 7 9 1 1, 1 2 3, 4 5 6",
    ("+493012345678", "DE"): "0 3 0, 1 2 3 4, 5 6 7 8",
    ("+33123456789", "FR"): "0 1, 2 3, 4 5, 6 7, 8 9",
    ("+919876543210", "IN"): "0 9 8, 7 6 5, 4 3 2 1 0",
    ("+442079460958", "US"): "plus 4 4, 2 0, 7 9 4 6, 0 9 5 8",
    ("+33123456789", "DE"): "plus 3 3, 1, 2 3, 4 5, 6 7, 8 9",
}


@pytest.mark.parametrize("address", EMAILS)
def test_an_address_is_spelled_only_where_it_is_not_words(address: str) -> None:
    assert say(Kind.EMAIL, address) == EMAILS[address]


@pytest.mark.parametrize(("number", "region"), PHONES)
def test_digits_are_grouped_as_the_country_groups_them(number: str, region: str) -> None:
    assert say(Kind.PHONE, number, region=region) == PHONES[number, region]


@pytest.mark.parametrize(("number", "region"), PHONES)
@pytest.mark.parametrize("style", Style)
def test_a_number_that_was_read_back_is_the_number(number: str, region: str, style: Style) -> None:
    said = say(Kind.PHONE, number, style, region=region)
    around = Surroundings(now=NOW, asked=Kind.PHONE, region=region)
    found = read(Kind.PHONE, Utterance.of(f"Let me read that back: {said}. Is that right?"), around)
    assert found[0].value == number


@pytest.mark.parametrize("address", EMAILS)
@pytest.mark.parametrize("style", Style)
def test_an_address_that_was_read_back_is_the_address(address: str, style: Style) -> None:
    around = Surroundings(now=NOW, asked=Kind.EMAIL)
    said = say(Kind.EMAIL, address, style)
    found = read(Kind.EMAIL, Utterance.of(f"Let me read that back: {said}. Is that right?"), around)
    assert found[0].value == address


def test_what_is_said_in_passing_costs_no_turn() -> None:
    """Name, company, team, budget, timeline and meeting are each said with the next question."""
    talk = Talk()
    for key, heard in (
        ("name", "Jane Doe"),
        ("company", "Acme Corporation"),
        ("team_size", "one hundred and twenty people"),
        ("budget", "fifty thousand dollars"),
        ("timeline", "March 31st"),
    ):
        before = talk.up_to(key).conversation.snapshot()["committed"]["turn"]
        talk.says(ANSWERS[key])
        assert heard.casefold() in talk.bot.casefold()
        assert list(talk.echoed) == [key]
        assert talk.asked not in (None, key)
        assert not talk.read_back
        assert talk.conversation.snapshot()["committed"]["turn"] <= before + 1
