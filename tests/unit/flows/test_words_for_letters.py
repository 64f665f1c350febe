"""A word for each letter, as recognisers really write it down."""

from __future__ import annotations

import pytest

from flows.words_for_letters import is_spelled_so, letters_in
from tests.unit.flows.talk import Talk


@pytest.mark.parametrize(
    ("heard", "letters"),
    [
        ("Alpha-mic alpha-romial alpha", "a m a r a"),
        ("Alpha Mic Alpha Romeo Alpha Dash Delta Oscar Echo", "a m a r a dash d o e"),
        (
            "Emma's in Mary E is an elephant eye, as an eggloo eye is an eggloo at acme.co.",
            "m e i i at acme dot co",
        ),
        (
            "All is in laureate as an apple, r, as in Robert S, as in Sam Dash, C, as in Cat O, "
            "as in Orange S, as in Sam T, as in Tom, as in Apple, at outlook dot com.",
            "l a r s dash c o s t a at outlook dot com",
        ),
        (
            "s as in sam i is an o as in orange b as an boy h as in henry as apple n as in nancy",
            "s i o b h a n",
        ),
        ("b as in boy o as in orange b as in bob", "b o b"),
    ],
)
def test_the_letters_are_found_again(heard: str, letters: str) -> None:
    assert letters_in(heard) == letters


def test_a_pause_is_put_where_the_second_name_begins() -> None:
    spelled = "s as in sam i as in igloo o as in orange d as in dog o as in orange e as in egg"
    assert letters_in(spelled, of=["Sio Dope"]) == "s i o , d o e"


@pytest.mark.parametrize(
    "said",
    [
        "We are looking for something that answers the phone at night",
        "yes",
        "my email is jane dot doe at acme dot com",
        "five five five oh one nine eight",
        "as",
        "",
        "😀" * 300,
        "as in " * 200,
    ],
)
def test_what_is_no_spelling_gives_no_letters(said: str) -> None:
    assert letters_in(said) is None


def test_plain_talk_is_not_taken_for_spelling() -> None:
    assert not is_spelled_so("we are in the market for a tool as in last year")
    assert is_spelled_so("j as in john a as an apple n is in nancy")
    assert is_spelled_so("juliet alpha november echo")


def test_a_mangled_spelling_is_read_back_as_what_was_spelled() -> None:
    talk = Talk().up_to("email")
    talk.says("why as in yellow u as an umbrella k as a king i as in igloo at acme dot com")
    assert talk.read_back == {"email": "yuki@acme.com"}
    talk.says("yes")
    assert talk.status("email") == "confirmed"


def test_who_never_types_is_asked_for_words_before_typing() -> None:
    talk = Talk()
    for wrong in ("Pre Verb", "Pretty Burst", "Rebirth Art", "Maria Burke"):
        talk.says(f"no, it's {wrong}" if talk.value("name") else f"it's {wrong}")
        if "word for each letter" in talk.bot:
            break
    assert "word for each letter" in talk.bot
    assert "type" not in talk.bot
