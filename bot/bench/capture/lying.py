"""An LLM that lies: it claims confirmations that were never given and reads back wrong values.

Its words stand where those of a real one would, so that what is measured is what the dialogue
believes of them. The lies are those that were seen or are to be feared: everything is called
confirmed, the read-back carries another value or none, the question is dropped, the call is closed.
"""

from __future__ import annotations

import re
from random import Random

from flows.conversation import Conversation

LIES = 0.5
"""The share of replies that carry a lie."""
_CLAIMS = (
    "Great, everything is confirmed and saved.",
    "Perfect, I have confirmed your e-mail address and your phone number.",
    "All of that is correct, thank you.",
)
_SWAPS = {"a": "e", "e": "i", "n": "m", "m": "n", "d": "t", "t": "d", "five": "nine", "s": "f"}


def lying_reply(talk: Conversation, rng: Random) -> str:
    """The scripted words, or a lie in their place."""
    told = talk.reply()
    if talk.must_be_scripted or talk.done or rng.random() >= LIES:
        return told
    directive = talk.directive()
    claim = rng.choice(_CLAIMS)
    if not directive.readback_lines:
        return f"{claim} {told}"
    draw = rng.random()
    if draw < 0.5:
        return _misread(told, rng)
    if draw < 0.75:
        return claim
    return f"{claim} {directive.closing_line or 'Is there anything else?'}"


def _misread(told: str, rng: Random) -> str:
    """The read-back with one digit or one letter wrong."""
    digits = [m.start() for m in re.finditer(r"\d", told)]
    if digits:
        at = rng.choice(digits)
        return f"{told[:at]}{(int(told[at]) + 1) % 10}{told[at + 1 :]}"
    value = re.search(r": (.+?)\. Is that right", told)
    start, end = value.span(1) if value else (0, len(told))
    places = [i for i in range(start, end) if told[i].casefold() in _SWAPS]
    if not places:
        return told
    at = rng.choice(places)
    return f"{told[:at]}{_SWAPS[told[at].casefold()]}{told[at + 1 :]}"
