"""The simulated caller understands what bots ask."""

from __future__ import annotations

from importlib.resources import files

import pytest
import yaml

from bot.caller.understanding import Wish, understand

PLAYBOOK = yaml.safe_load((files("flows") / "playbooks" / "b2b-software.yaml").read_text("utf-8"))
QUESTIONS = [
    (field["key"], question)
    for field in PLAYBOOK["fields"]
    for question in (*field["questions"], field["short"])
]


@pytest.mark.parametrize(("field", "question"), QUESTIONS)
def test_every_question_of_the_default_playbook_is_about_its_field(
    field: str, question: str
) -> None:
    request = understand(question)
    assert request.wish in (Wish.ANSWER, Wish.SPELL)
    assert request.topic == field


@pytest.mark.parametrize(
    ("said", "wish", "topic"),
    [
        ("Hi, this is Ada. This call is recorded.", Wish.NOTHING, None),
        ("Nice to meet you, Jo. Which company are you with?", Wish.ANSWER, "company"),
        (
            "Let me read that back: jo at acme dot com. Is that right?",
            Wish.CONFIRM,
            None,
        ),
        ("Once more, to be sure: jo at acme dot com. Yes or no?", Wish.CONFIRM, None),
        ("So the address is jo at acme dot com, is that correct?", Wish.CONFIRM, None),
        (
            "Sorry about that. Could you give me just the part before the at sign again?",
            Wish.LOCAL_PART,
            "email",
        ),
        ("Could you give me just the part after the at sign again?", Wish.DOMAIN, "email"),
        (
            "Could you spell the e-mail with a word for each letter, like N as in November?",
            Wish.NATO,
            "email",
        ),
        ("Which part is wrong? The last four digits again, please?", Wish.LAST_DIGITS, "phone"),
        (
            "I'm sorry. Could you say the whole number again, one digit at a time?",
            Wish.ANSWER,
            "phone",
        ),
        ("Got that so far. And the rest of the number?", Wish.REST, "phone"),
        ("Got that so far. And the rest of the address?", Wish.REST, "email"),
        ("Sorry, could you spell the full name for me?", Wish.SPELL, "name"),
        ("Is there anything you'd like to add or change?", Wish.ANYTHING_ELSE, None),
        ("Are you still there?", Wish.STILL_THERE, None),
        ("Thank you, that's all I need. Goodbye!", Wish.GOODBYE, None),
        ("What is the weather like?", Wish.UNKNOWN, None),
    ],
)
def test_wishes_are_told_apart(said: str, wish: Wish, topic: str | None) -> None:
    request = understand(said)
    assert (request.wish, request.topic) == (wish, topic)
