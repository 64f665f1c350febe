"""Personas: who they are, and how they hold a read-back against the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.caller.persona import load_persona, personas, read_back_is_true
from bot.errors import UsageError
from tests.unit.caller.people import DANIEL


@pytest.mark.parametrize("name", personas())
def test_a_persona_that_comes_with_leadline_answers_what_every_bot_asks(name: str) -> None:
    persona = load_persona(name)
    assert persona.name == name
    for topic in ("name", "company", "need", "email"):
        assert persona.answer(topic, 0) != persona.lost
        assert persona.truth[topic]


def test_an_answer_changes_when_asked_again_and_then_stays() -> None:
    first, second, third = (DANIEL.answer("name", nth) for nth in range(3))
    assert first != second == third


@pytest.mark.parametrize(
    ("said", "topic", "true"),
    [
        (
            "Let me read that back: daniel at green river foods dot com. Is that right?",
            "email",
            True,
        ),
        ("Let me read that back: daniel@greenriverfoods.com. Is that right?", "email", True),
        (
            "So the address is D-A-N-I-E-L at green river foods dot com, is that correct?",
            "email",
            True,
        ),
        ("daniel at green river food dot com. Is that right?", "email", False),
        ("denial at green river foods dot com, correct?", "email", False),
        (
            "delta alpha november india echo lima at green river foods dot com. Yes or no?",
            "email",
            True,
        ),
        ("Four one five, five five five, zero one three two. Is that right?", "phone", True),
        ("415-555-0132, is that correct?", "phone", True),
        ("Four one five, five five, zero one three two. Is that right?", "phone", False),
        ("So that's Green River Foods, correct?", "company", True),
        ("So that's Green River Fruits, correct?", None, False),
    ],
)
def test_a_read_back_is_compared_with_the_truth(said: str, topic: str | None, true: bool) -> None:
    assert read_back_is_true(said, DANIEL) == (topic, true)


def test_an_unknown_persona_is_one_clear_error() -> None:
    with pytest.raises(UsageError, match="no such persona or file; known are daniel-carter"):
        load_persona("nobody")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("name: [", "not YAML"),
        ("name: x\n", "about: Field required"),
        (
            "name: x\nabout: y\ntruth: {}\nanswers: {}\nspeaker: {pitch: 9}",
            r"speaker\.pitch: Input should be less",
        ),
        ("name: x\nabout: y\ntruth: {}\nanswers: {}\nanswer: {}", "answer: Extra inputs"),
    ],
)
def test_a_faulty_file_is_named_with_its_field(tmp_path: Path, text: str, error: str) -> None:
    path = tmp_path / "persona.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(UsageError, match=error):
        load_persona(str(path))
