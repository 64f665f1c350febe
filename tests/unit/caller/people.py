"""Somebody who calls in these tests."""

from __future__ import annotations

from bot.caller.persona import Persona

DANIEL = Persona(
    name="daniel",
    about="Calls in tests.",
    truth={
        "name": "Daniel Carter",
        "company": "Green River Foods",
        "email": "daniel@greenriverfoods.com",
        "phone": "+14155550132",
    },
    answers={
        "name": ["My name is Daniel Carter.", "It's Daniel Carter."],
        "company": ["I work for Green River Foods."],
        "team_size": ["About forty people."],
        "email": ["It's daniel at green river foods dot com.", "daniel, at green river foods."],
    },
)
