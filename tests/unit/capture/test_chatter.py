"""What a caller says beside the matter is no answer, whatever was asked for."""

from __future__ import annotations

import pytest

from flows.capture import Kind, Surroundings, Utterance, read
from tests.unit.capture.table import NOW, load

VALUES = [
    kind for kind in Kind if kind not in {Kind.TEXT, Kind.BOOLEAN, Kind.CONSENT}
]  # A need and a decision may well be told through somebody else.
SAID = [said for lines in load("chatter").values() for said in lines]


@pytest.mark.parametrize("said", SAID)
def test_nothing_is_read_of_what_is_beside_the_matter(said: str) -> None:
    taken = {
        kind.value: found[0].value
        for kind in VALUES
        if (found := read(kind, Utterance.of(said), Surroundings(now=NOW, asked=kind)))
        and found[0].value is not None
    }
    assert taken == {}


@pytest.mark.parametrize(
    ("kind", "said", "value"),
    [
        (Kind.COMPANY, "my neighbor works for Google, and we're with Acme Corp", "Acme Corp"),
        (Kind.NAME, "Peter told me to call you, my name is Mara Lindqvist", "Mara Lindqvist"),
        (Kind.COUNT, "my kid turned fifteen today, but we are twelve people", 12),
        (Kind.NAME, "that's a good question, um, Mara Lindqvist, if that helps", "Mara Lindqvist"),
        (Kind.NAME, "well, let me see, Mara Lindqvist, as far as I know", "Mara Lindqvist"),
        (Kind.EMAIL, "that's a good one, um, m for mary, a for apple, t for tom, at acme dot com",
         "mat@acme.com"),
        (Kind.COMPANY, "The Weather Company", "The Weather Company"),
        (Kind.COMPANY, "Six Degrees Consulting", "Six Degrees Consulting"),
        (Kind.COMPANY, "Used To Be Furniture", "Used To Be Furniture"),
        (Kind.DATETIME, "I'm busy on Monday, Tuesday at ten works", "2026-11-24T10:00:00-05:00"),
        (Kind.DATETIME, "Friday at three doesn't work, Friday at four does",
         "2026-11-27T16:00:00-05:00"),
    ],
)  # fmt: skip
def test_the_answer_beside_it_is_read(kind: Kind, said: str, value: object) -> None:
    found = read(kind, Utterance.of(said), Surroundings(now=NOW, asked=kind))
    assert found[0].value == value


@pytest.mark.parametrize(
    "said", ["sorry my dog is barking", "it's raining here", "can you hear me okay", "I'm driving"]
)
def test_small_talk_is_no_need(said: str) -> None:
    around = Surroundings(now=NOW, asked=Kind.TEXT)
    assert not read(Kind.TEXT, Utterance.of(said), around)
