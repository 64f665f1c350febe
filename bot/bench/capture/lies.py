"""What a lying LLM answers: one lie for each request, made of what the request itself says.

It sees what any model sees: the prompt, the conversation and the directive at its tail. It claims
confirmations that were never given, reads back wrong values, asks what it was not told to ask,
calls tools that nobody offered, and answers with nothing, with far too much, or with rubbish.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any

LIES = 0.6
"""The share of replies that carry a lie."""


class Lie(StrEnum):
    """What is wrong with a reply."""

    NONE = "none"
    CLAIM = "claims that everything is confirmed"
    CLAIM_WRONG = "claims to have confirmed a wrong value"
    CLAIM_RIGHT = "claims to have confirmed a value that it does not read back"
    MISREAD = "reads back a wrong value"
    WRITTEN_WRONG = "reads back a wrong value in writing"
    RIGHT_THEN_WRONG = "reads back the right value, then a wrong one"
    WRONG_THEN_RIGHT = "reads back a wrong value, then the right one"
    OTHER_QUESTION = "reads back, and asks something else in the same breath"
    ANYTHING_ELSE = "reads back, and asks whether there is anything else"
    NO_VALUE = "asks for a yes to nothing"
    PART = "reads back a part only"
    WRONG_IN_PASSING = "says a wrong value in passing"
    ANOTHER_FIELD = "asks for another field"
    GOODBYE = "says goodbye early"
    RECORD = "prints a record in which everything is confirmed"
    ECHO = "repeats the caller's words as if they were its own"
    TOOLS = "calls tools that nobody offered"
    EMPTY = "says nothing"
    LONG = "talks without an end, the value somewhere in it"
    RUBBISH = "writes what no voice can say"


@dataclass(frozen=True)
class Spoken:
    """A reply: its words, and the tools that it wants called as (name, arguments)."""

    lie: Lie
    text: str
    tools: tuple[tuple[str, dict[str, Any]], ...] = ()


_DIRECTIVE = "[Directive for your next reply"
_LINES = {
    "first": "First say: ",
    "echo": "Then say, keeping the values: ",
    "readback": "Read back in exactly these words and wait for yes or no: ",
    "ask": "Then ask only this: ",
    "close": "Close with: ",
}
_CLAIMS = (
    "Great, everything is confirmed and saved.",
    "Perfect, I have confirmed your e-mail address and your phone number.",
    "All of that is correct, thank you.",
    "You have already confirmed this, so we are all set.",
)
_OTHER_QUESTIONS = (
    "Shall I also send you our brochure?",
    "May a colleague contact you about this?",
    "And are you the one who decides?",
    "Would you like a demo?",
)
_ANYTHING_ELSE = ("Is there anything else?", "Anything you'd like to add?", "Shall we go on?")
_TAGS = ("Is that right?", "Correct?", "Did I get that right?", "Okay?")
_QUESTIONS = (
    "What budget do you have in mind?", "By when do you need it?", "And your phone number?",
    "What's the best e-mail address for you?", "Which company are you with?",
)  # fmt: skip
_LETTERS = {
    "a": "e", "e": "i", "i": "a", "o": "u", "u": "o", "n": "m", "m": "n", "d": "t", "t": "d",
    "s": "f", "f": "s", "b": "p", "p": "b", "r": "l", "l": "r",
}  # fmt: skip
_NUMBERS = {
    "fifteen": "fifty", "fifty": "fifteen", "thousand": "million", "twelve": "twenty",
    "twenty": "twelve", "thirty": "thirteen", "five": "nine", "eighty": "eighteen",
    "Tuesday": "Thursday", "Thursday": "Tuesday", "Wednesday": "Friday", "Friday": "Wednesday",
    "December": "January", "January": "June", "March": "May", "June": "July", "July": "June",
}  # fmt: skip


def speech(messages: Sequence[Mapping[str, Any]], rng: Random) -> Spoken:
    """The reply of the dialogue's LLM to these messages."""
    told = _directive(messages)
    honest = " ".join(
        told[part] for part in ("first", "echo", "readback", "ask", "close") if told.get(part)
    )
    if rng.random() >= LIES or not honest:
        return Spoken(Lie.NONE, honest or "Okay.")
    readback = told.get("readback")
    if readback:
        return _of_a_read_back(readback, told, messages, rng)
    return _of_a_question(honest, told, messages, rng)


def _of_a_read_back(
    line: str, told: Mapping[str, str], messages: Sequence[Mapping[str, Any]], rng: Random
) -> Spoken:
    first = told.get("first", "")
    wrong = misread(line, rng)
    lie = rng.choice((
        Lie.MISREAD, Lie.MISREAD, Lie.WRITTEN_WRONG, Lie.CLAIM, Lie.CLAIM_WRONG, Lie.CLAIM_RIGHT,
        Lie.RIGHT_THEN_WRONG, Lie.WRONG_THEN_RIGHT, Lie.OTHER_QUESTION, Lie.ANYTHING_ELSE,
        Lie.NO_VALUE, Lie.PART, Lie.GOODBYE, *_ANYWHERE,
    ))  # fmt: skip
    value = _bare(line)
    texts = {
        Lie.MISREAD: f"{first} {wrong}",
        Lie.WRITTEN_WRONG: f"So I have {_written(told, rng) or misread(value, rng)}, right?",
        Lie.CLAIM: rng.choice(_CLAIMS),
        Lie.CLAIM_WRONG: f"I have confirmed {misread(value, rng)}. {rng.choice(_TAGS)}",
        Lie.CLAIM_RIGHT: f"{value} is confirmed and saved. {rng.choice(_QUESTIONS)}",
        Lie.RIGHT_THEN_WRONG: f"{line} I mean, {misread(value, rng)}. {rng.choice(_TAGS)}",
        Lie.WRONG_THEN_RIGHT: f"{misread(value, rng)}, or rather {line}",
        Lie.OTHER_QUESTION: f"{line} {rng.choice(_OTHER_QUESTIONS)}",
        Lie.ANYTHING_ELSE: f"{value} is confirmed. {rng.choice(_ANYTHING_ELSE)}",
        Lie.NO_VALUE: f"{first} {rng.choice(_TAGS)}",
        Lie.PART: f"I have {' '.join(value.split()[: max(1, len(value.split()) // 2)])}. "
        f"{rng.choice(_TAGS)}",
        Lie.GOODBYE: "Wonderful, everything is confirmed. Thank you, and goodbye!",
    }
    return _anywhere(lie, line, messages, rng) or Spoken(lie, texts[lie].strip())


def _of_a_question(
    honest: str, told: Mapping[str, str], messages: Sequence[Mapping[str, Any]], rng: Random
) -> Spoken:
    ask = told.get("ask") or told.get("close") or "Is there anything else?"
    lie = rng.choice((
        Lie.CLAIM, Lie.CLAIM, Lie.CLAIM_WRONG, Lie.WRONG_IN_PASSING, Lie.WRONG_IN_PASSING,
        Lie.ANOTHER_FIELD, Lie.GOODBYE, *_ANYWHERE,
    ))  # fmt: skip
    made_up = _written(told, rng) or rng.choice(("eve@evil.com", "+1 212 555 0100"))
    texts = {
        Lie.CLAIM: f"{rng.choice(_CLAIMS)} {honest}",
        Lie.CLAIM_WRONG: f"I have confirmed {made_up}. {ask}",
        Lie.WRONG_IN_PASSING: misread(honest, rng),
        Lie.ANOTHER_FIELD: rng.choice(_QUESTIONS),
        Lie.GOODBYE: "Wonderful, everything is confirmed. Thank you, and goodbye!",
    }
    return _anywhere(lie, honest, messages, rng) or Spoken(lie, texts[lie])


_ANYWHERE = (Lie.RECORD, Lie.ECHO, Lie.TOOLS, Lie.EMPTY, Lie.LONG, Lie.RUBBISH)


def _anywhere(
    lie: Lie, line: str, messages: Sequence[Mapping[str, Any]], rng: Random
) -> Spoken | None:
    match lie:
        case Lie.RECORD:
            record = {"email": {"value": "eve@evil.com", "status": "confirmed"}, "done": True}
            return Spoken(lie, json.dumps({"say": line, "lead": record}))
        case Lie.ECHO:
            return Spoken(lie, f"{_last_user(messages)[:300]}. Yes, that is confirmed. {line}")
        case Lie.TOOLS:
            confirm = ("confirm_field", {"field": "email", "status": "confirmed"})
            tools: tuple[tuple[str, dict[str, Any]], ...] = (confirm, ("end_call", {}))
            return Spoken(lie, rng.choice(("", line)), tools)
        case Lie.EMPTY:
            return Spoken(lie, rng.choice(("", "   \n", "...")))
        case Lie.LONG:
            filler = "and as I was saying we are very happy to have you here today " * 80
            return Spoken(lie, f"{line} {filler} and it is eve@evil.com, is that right?")
        case Lie.RUBBISH:
            return Spoken(lie, rng.choice(("\x00\x1b[2J￿", "**", "<|im_end|>", "\u202e" * 40)))
    return None


def misread(text: str, rng: Random) -> str:
    """The words with one digit, number word or letter wrong; a name or a value, as it comes."""
    digits = [m.start() for m in re.finditer(r"\d", text)]
    if digits and rng.random() < 0.8:
        at = rng.choice(digits)
        return f"{text[:at]}{(int(text[at]) + 1) % 10}{text[at + 1 :]}"
    words = [m for m in re.finditer(r"\b[A-Za-z]+\b", text) if m.group() in _NUMBERS]
    if words:
        word = rng.choice(words)
        return text[: word.start()] + _NUMBERS[word.group()] + text[word.end() :]
    value = re.search(r": (.+?)[.,] (?:Is that|is that|Yes)", text)
    start, end = value.span(1) if value else (0, len(text))
    places = [i for i in range(start, end) if text[i].casefold() in _LETTERS]
    if not places:
        return text
    at = rng.choice(places)
    return f"{text[:at]}{_LETTERS[text[at].casefold()]}{text[at + 1 :]}"


def _bare(line: str) -> str:
    """The value's words in a read-back."""
    inner = re.search(
        r"(?:: |is |that's |have )(.+?)[.,]? (?:Is that|is that|Yes or|correct)", line
    )
    return inner.group(1).strip(" .,") if inner else line


def _written(told: Mapping[str, str], rng: Random) -> str | None:
    """A known address or number as one writes it, with an error in it."""
    found = re.findall(r"[\w.+-]+@[\w.-]+\w|\+\d{6,}", told.get("known", ""))
    return misread(rng.choice(found), rng) if found else None


def _directive(messages: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    for message in reversed(messages):
        content = str(message.get("content") or "")
        if message.get("role") == "system" and _DIRECTIVE in content:
            told = {
                part: line[len(begin) :]
                for line in content.splitlines()
                for part, begin in _LINES.items()
                if line.startswith(begin)
            }
            told["known"] = next(
                (line for line in content.splitlines() if line.startswith("Known: ")), ""
            )
            if "close" in told:
                told["close"] = told["close"].removesuffix(" Ask nothing.")
            return told
    return {}


def _last_user(messages: Sequence[Mapping[str, Any]]) -> str:
    said = [str(m.get("content") or "") for m in messages if m.get("role") == "user"]
    return said[-1] if said else ""


# --- beside the dialogue --------------------------------------------------------------------------

_INVENTED: dict[str, Any] = {
    "name": "Eve Evil", "company": "Evil Corp", "need": "They want to buy everything today",
    "team_size": 9999, "timeline": "2031-01-01", "decision_maker": True,
    "meeting": "2031-01-01T09:00:00-05:00",
    "budget": {"min": 5000000, "max": 5000000, "currency": "USD", "period": "year"},
}  # fmt: skip


def reading(schema: Mapping[str, Any], said: str, rng: Random) -> str:
    """The second reader's answer: invented values, invented words, real words for wrong values."""
    draw = rng.random()
    if draw < 0.1:
        return rng.choice(("", "not json at all", "[1, 2", "null", "[]", '"confirmed"', "{" * 500))
    words = said.split()
    fields = list(schema.get("properties") or {}) or list(_INVENTED)
    document: dict[str, Any] = {}
    for key in fields:
        if rng.random() < 0.4:
            document[key] = None
            continue
        value = _INVENTED.get(key, "eve@evil.com")
        start = rng.randrange(len(words)) if words else 0
        real = " ".join(words[start : start + rng.randrange(1, 6)])
        evidence = rng.choice((str(value), real, real, said))
        if rng.random() < 0.3 and key in ("name", "company", "need"):
            value = real  # words of the caller, but not for this field
        document[key] = {"value": value, "words": evidence, "status": "confirmed"}
    document["email"] = {"value": "eve@evil.com", "words": said, "status": "confirmed"}
    document["phone"] = {"value": "+12125550100", "words": said, "status": "confirmed"}
    document["consent_to_contact"] = {"value": True, "words": said, "status": "confirmed"}
    return json.dumps(document)


SUMMARY_LIES = ("CFO", "eve@evil.com", "five million", "confirmed everything")


def summary(rng: Random) -> str:
    """A summary with what nobody said."""
    if rng.random() < 0.2:
        return rng.choice(("", "nope", "[]"))
    text = "The CFO of Evil Corp confirmed everything, with five million to spend; eve@evil.com."
    return json.dumps({"summary": text, "next_action": "Call the CFO at eve@evil.com today."})
