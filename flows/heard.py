"""What the words that the caller really heard asked for and read back.

The directive says what the bot should have said; an LLM, or an interruption, may have made
something else of it. Only what is found in the heard words counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from flows import speakable
from flows.capture import Candidate, Kind, Surroundings, Utterance, read
from flows.dialogue import Directive
from flows.lead import Lead, same_value
from flows.phrases import phrases_for
from flows.playbook import Playbook, PlaybookField, Verify

_SENTENCE = re.compile(r"[^.!?]*[.!?]+(?=\s|$)|[^.!?]+$|[^.!?]*[.!?]+\S*")
_WORD = re.compile(r"[a-z0-9']+")
_ENOUGH_OF_A_QUESTION = 0.7
_SURE = 0.6
"""What is read as a value that the lead does not hold must be more than a few digits."""
_LONGEST_HEARD = 1500
_SENTENCES_AT_MOST = 12
_VALUES_AT_MOST = 3


@dataclass(frozen=True)
class Heard:
    """`read_back` waits for a yes or no; `in_passing` can be objected to."""

    asked: str | None = None
    read_back: dict[str, Any] = field(default_factory=dict)
    in_passing: dict[str, Any] = field(default_factory=dict)
    wrap_up: bool = False
    question: bool = False
    waiting_for: str | None = None
    """The field whose question stands while the caller takes their time."""


def analyse(
    text: str, *, playbook: Playbook, lead: Lead, directive: Directive, around: Surroundings
) -> Heard:
    """Finds the question and the values in the heard words. Never raises on odd text."""
    is_speech = len(text) <= _LONGEST_HEARD
    text = text[:_LONGEST_HEARD]
    if not text.strip():
        return Heard()
    silence = playbook.silence
    small_talk = (silence.still_there, silence.goodbye)
    rest = text
    for line in small_talk:
        rest = rest.replace(line, " ")
    question = "?" in rest
    wrap_up = _overlap(playbook.wrap_up, rest) >= _ENOUGH_OF_A_QUESTION
    values = _values_said(text, playbook=playbook, lead=lead, directive=directive, around=around)
    read_backs = {
        spec.key: values[spec.key]
        for spec in playbook.fields
        if spec.key in values and (spec.verify is Verify.READBACK or spec.key in directive.readback)
    }
    asked = None if wrap_up else _asked(rest, playbook=playbook, directive=directive)
    if read_backs and (
        (asked is not None and asked not in read_backs)
        or not is_speech
        or _asks_something_else(rest, read_backs, playbook=playbook, around=around)
    ):
        # A yes now answers that question: what was read back was only said in passing.
        return Heard(asked=asked, in_passing=values, wrap_up=wrap_up, question=question)
    if read_backs:
        asked = next(iter(read_backs))
    passing = {key: value for key, value in values.items() if key not in read_backs}
    if asked is None and question and not wrap_up and not read_backs:
        asked = directive.ask
    return Heard(
        asked=asked, read_back=read_backs, in_passing=passing, wrap_up=wrap_up, question=question
    )


def _asks_something_else(
    text: str, read_backs: Mapping[str, Any], *, playbook: Playbook, around: Surroundings
) -> bool:
    """Whether a question beside the value is about anything but the value's being right."""
    phrases = phrases_for(playbook.language)
    for sentence in _sentences(text):
        if "?" not in sentence or phrases.asks_for_a_yes(sentence):
            continue
        if not any(
            _readable_values(sentence, playbook.field(key).kind, value, around)
            for key, value in read_backs.items()
        ):
            return True
    return False


def _asked(text: str, *, playbook: Playbook, directive: Directive) -> str | None:
    """The field that the last question in the words is about."""
    exact = [
        (text.rfind(question), spec.key)
        for spec in playbook.fields
        for question in (*spec.questions, spec.short)
        if question in text
    ]
    if exact:
        return max(exact)[1]
    if directive.ask is not None and directive.ask_line and directive.ask_line in text:
        return directive.ask
    if (
        directive.ask is not None
        and directive.ask_line is not None
        and (_overlap(directive.ask_line, text) >= _ENOUGH_OF_A_QUESTION)
    ):
        return directive.ask
    for sentence in reversed(_sentences(text)):
        if "?" not in sentence:
            continue
        best = _by_keywords(sentence, playbook.fields)
        if best:
            return directive.ask if directive.ask in best else best[0]
    return None


def _by_keywords(sentence: str, fields: Iterable[PlaybookField]) -> list[str]:
    """Fields whose keywords occur in the question, the longest keyword first."""
    spoken = f" {' '.join(_words(sentence))} "
    found: list[tuple[int, int, str]] = []
    for index, spec in enumerate(fields):
        lengths = [
            len(words)
            for keyword in (*spec.keywords, spec.label)
            if (words := " ".join(_words(keyword))) and f" {words} " in spoken
        ]
        if lengths:
            found.append((-max(lengths), index, spec.key))
    return [key for _, _, key in sorted(found)]


def _values_said(
    text: str, *, playbook: Playbook, lead: Lead, directive: Directive, around: Surroundings
) -> dict[str, Any]:
    said: dict[str, Any] = {}
    beside_echoes = text
    for line in directive.echo_lines:
        # "Seventy-five thousand to a hundred and fifty thousand" is no phone number.
        beside_echoes = beside_echoes.replace(line, " ")
    # An address may contain what looks like a number; it claims its words first.
    for spec in sorted(playbook.fields, key=lambda f: f.kind is not Kind.EMAIL):
        state = lead[spec.key]
        if spec.verify is Verify.READBACK:
            least = 0.0 if state.value is not None else _SURE
            readings = [
                r
                for r in _readable_values(beside_echoes, spec.kind, state.value, around)
                if r.confidence >= least
            ]
            value = _the_one(readings, state.value)
            if value is not None and _belongs_to(spec, value, playbook, lead):
                said[spec.key] = value
            if spec.kind is Kind.EMAIL:
                for reading in readings:
                    text = _without(text, reading.text)
                    beside_echoes = _without(beside_echoes, reading.text)
        elif (
            spec.key in directive.echo or spec.key in directive.readback
        ) and state.value is not None:
            if _says(text, spec.kind, state.value, around):
                said[spec.key] = state.value
            elif (other := _said_instead(text, spec, around)) is not None:
                said[spec.key] = other
    return said


def _said_instead(text: str, spec: PlaybookField, around: Surroundings) -> Any:
    """Another value in the words with which the field's own is acknowledged; None: there is none.

    Whoever hears it will object to it, and not to what the lead holds.
    """
    if not spec.acknowledgement or "{value}" not in spec.acknowledgement:
        return None
    before, _, after = spec.acknowledgement.partition("{value}")
    start = text.casefold().find(before.casefold()) if before else 0
    stop = text.find(after, start + len(before)) if start >= 0 else -1
    if stop < 0:
        return None
    words = (_sentences(text[start + len(before) : stop]) or [""])[-1]
    reading = _best(words, spec.kind, around)
    return reading.value if reading is not None else None


def _belongs_to(spec: PlaybookField, value: Any, playbook: Playbook, lead: Lead) -> bool:
    """With several fields of one kind a value belongs to the one that holds it."""
    peers = playbook.fields_of(spec.kind)
    holders = [p.key for p in peers if same_value(lead.value(p.key), value)]
    return spec.key in holders if holders else lead.value(spec.key) is not None or len(peers) == 1


def _readable_values(text: str, kind: Kind, ours: Any, around: Surroundings) -> list[Candidate]:
    """The values of a kind in the words, each once."""
    if kind is Kind.EMAIL and not re.search(r"@|\bat\b", text, re.IGNORECASE):
        return []
    found: list[Candidate] = []
    for part in _sentences(text):
        rest = part
        while (candidate := _best(rest, kind, around)) is not None:
            if not any(same_value(candidate.value, other.value) for other in found):
                found.append(candidate)
            shorter = _without(rest, candidate.text)
            if shorter == rest or len(found) >= _VALUES_AT_MOST:
                break
            rest = shorter
    if not found and (whole := _best(text, kind, around)) is not None:
        found = [whole]
    if ours is not None and len(found) < 2 and _the_one(found, ours) != ours:
        excerpt = _excerpt(text, kind, ours, around)
        reading = _best(excerpt, kind, around) if excerpt is not None else None
        if reading is not None and same_value(reading.value, ours):
            return [reading]
    return found


def _the_one(readings: Sequence[Candidate], ours: Any) -> Any:
    """The one value that was read back; of several, one that is not ours: they do not agree."""
    if len(readings) > 1:
        return next((r.value for r in readings if not same_value(r.value, ours)), None)
    return readings[0].value if readings else None


def _best(text: str, kind: Kind, around: Surroundings) -> Candidate | None:
    for candidate in read(kind, Utterance.of(text), around.asking(kind)):
        if candidate.value is not None:
            return candidate
    return None


def _without(text: str, part: str) -> str:
    start = text.casefold().find(part.casefold()) if part else -1
    return f"{text[:start]} , {text[start + len(part) :]}" if start >= 0 else text


def _excerpt(text: str, kind: Kind, value: Any, around: Surroundings) -> str | None:
    """The value's own spoken form, where the words contain it from beginning to end."""
    heard = f" {' '.join(_words(text))} "
    for style, now in product(speakable.Style, (None, around.now)):
        spoken = speakable.say(kind, value, style, now=now, region=around.region)
        words = " ".join(_words(spoken))
        if words and f" {words} " in heard:
            return spoken
    return None


def _says(text: str, kind: Kind, value: Any, around: Surroundings) -> bool:
    if kind in (Kind.BOOLEAN, Kind.CONSENT):
        return False
    if kind is Kind.TEXT:
        return f" {' '.join(_words(str(value)))} " in f" {' '.join(_words(text))} "
    if _excerpt(text, kind, value, around) is not None:
        return True
    readings = (_best(sentence, kind, around) for sentence in _sentences(text))
    return any(r is not None and same_value(r.value, value) for r in readings)


def _overlap(question: str, text: str) -> float:
    """The share of a question's words that the heard text has, in order."""
    wanted, heard = _words(question), iter(_words(text))
    found = sum(1 for word in wanted if any(word == other for other in heard))
    return found / len(wanted) if wanted else 0.0


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _sentences(text: str) -> list[str]:
    return [s.strip() for s in _SENTENCE.findall(text) if s.strip()][-_SENTENCES_AT_MOST:]
