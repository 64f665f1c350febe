"""The playbook: what to say and what to learn, as data that a sales person can read and change.

Here are its models. Reading one from YAML text, with errors that name file, line and field, is
`flows.playbook_text.parse_playbook`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from flows.capture import Kind
from flows.consent import Matter

Line = Annotated[str, Field(min_length=1, max_length=600)]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]

_SAYS_AI = re.compile(r"\bA\.?I\b|artificial|virtual assistant", re.IGNORECASE)


class Verify(StrEnum):
    """How a value is checked with the caller."""

    NONE = "none"
    ECHO = "echo"
    READBACK = "readback"


class Disposition(StrEnum):
    QUALIFIED = "qualified"
    NURTURE = "nurture"
    UNQUALIFIED = "unqualified"
    INCOMPLETE = "incomplete"
    DO_NOT_CONTACT = "do_not_contact"


class RecordingConsent(StrEnum):
    """When the ledger has a yes to the call's being recorded."""

    SPOKEN = "spoken"
    """When the caller says so."""
    IMPLIED = "implied"
    """Also when the caller goes on after having heard the notice, where the law lets that count."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Persona(_Model):
    name: Line
    company: Line
    style: Line = "warm, polite and brief"


class Validation(_Model):
    """Bounds of a number (`min`, `max`), and whether a date may lie in the past."""

    min: float | None = None
    max: float | None = None
    not_in_the_past: bool = False
    message: Line | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is greater than max: exchange them")
        return self


class PlaybookField(_Model):
    """One thing to learn."""

    key: Key
    kind: Kind
    label: Line
    questions: Annotated[list[Line], Field(min_length=1, max_length=6)]
    short: Line
    why: Line
    required: bool = False
    verify: Verify = Verify.NONE
    validation: Validation = Validation()
    keywords: list[Line] = []
    options: list[Line] = []
    on_refusal: Line = "That's fine, we can leave that out."
    acknowledgement: Line | None = None
    skip_when: dict[Key, Any] = {}
    consents_to: Matter = Matter.CONTACT
    """Of a field of kind consent: what it is about."""

    @field_validator("acknowledgement")
    @classmethod
    def _has_place_for_the_value(cls, text: str | None) -> str | None:
        if text is not None:
            _only_placeholders(text, {"value"})
        return text


class Fact(_Model):
    """An answer to a question that callers ask; `about` are words or phrases of the question."""

    about: Annotated[list[Line], Field(min_length=1)]
    answer: Line


class Condition(_Model):
    """All that is given must hold. Money counts by the year, a range by its lower end."""

    at_least: float | None = None
    at_most: float | None = None
    within_days: Annotated[int, Field(ge=0)] | None = None
    equals: Any = None
    mentions: list[Line] = []


class Points(_Model):
    """One line of the rubric."""

    field: Key
    points: Annotated[int, Field(ge=-100, le=100)]
    why: Line
    when: Condition = Condition()


class DispositionRule(_Model):
    score_at_least: int
    known: list[Key] = []


class Dispositions(_Model):
    """Checked from top to bottom; below `nurture` the lead is unqualified."""

    qualified: DispositionRule
    nurture: DispositionRule


class Closings(_Model):
    qualified: Line
    nurture: Line
    unqualified: Line
    incomplete: Line
    do_not_contact: Line
    handed_over: Line

    def of(self, name: str) -> str:
        return str(getattr(self, name))


class Silence(_Model):
    """What to say when the caller has said nothing for a while."""

    still_there: Line
    rephrase: Line
    goodbye: Line


TargetName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class Playbook(_Model):
    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
    title: Line
    persona: Persona
    language: Literal["en"] = "en"
    time_zone: str = "America/New_York"
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "US"
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    greeting: Line
    recording_notice: Line = "This call is recorded."
    recording_consent: RecordingConsent = RecordingConsent.SPOKEN
    fields: Annotated[list[PlaybookField], Field(min_length=1, max_length=40)]
    facts: list[Fact] = []
    unknown_question: Line = "That's a good question; a colleague will get back to you on that."
    rubric: list[Points] = []
    dispositions: Dispositions
    closings: Closings
    wrap_up: Line = "Is there anything you would like to add or change?"
    silence: Silence
    deliver_to: list[TargetName] | None = None
    """Names of the settings' delivery targets that get this playbook's leads; not set: all."""
    resume: Line = "Sorry, we were cut off for a moment."
    welcome_back: Line = "Welcome back."
    busy: Line = (
        "Thank you for calling. All our lines are busy right now, so please try again in a few "
        "minutes. Goodbye!"
    )
    resume_topic: Line = "You were telling me about {topic}."

    @field_validator("time_zone")
    @classmethod
    def _known_time_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (OSError, ValueError, KeyError):
            raise ValueError(
                f"{name!r} is not a time zone; write one like 'Europe/Berlin'"
            ) from None
        return name

    @field_validator("greeting")
    @classmethod
    def _honest_greeting(cls, text: str) -> str:
        _only_placeholders(text, {"persona", "company"})
        if not _SAYS_AI.search(text):
            raise ValueError("must say that the caller talks to an AI assistant")
        return text

    @field_validator("resume_topic")
    @classmethod
    def _topic_only(cls, text: str) -> str:
        _only_placeholders(text, {"topic"})
        return text

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        keys: list[str] = []
        for index, field in enumerate(self.fields):
            if field.key in keys:
                raise ValueError(f"fields[{index}].key: '{field.key}' is there twice")
            keys.append(field.key)
        for path, key in self._references():
            if key not in keys:
                raise ValueError(f"{path}: there is no field '{key}' in this playbook")
        return self

    def _references(self) -> list[tuple[str, str]]:
        found = [(f"rubric[{i}].field", points.field) for i, points in enumerate(self.rubric)]
        for name in ("qualified", "nurture"):
            rule: DispositionRule = getattr(self.dispositions, name)
            found += [(f"dispositions.{name}.known[{i}]", k) for i, k in enumerate(rule.known)]
        for index, field in enumerate(self.fields):
            found += [(f"fields[{index}].skip_when", key) for key in field.skip_when]
        return found

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(field.key for field in self.fields)

    def field(self, key: str) -> PlaybookField:
        """Raises KeyError for a key that the playbook does not have."""
        for field in self.fields:
            if field.key == key:
                return field
        raise KeyError(key)

    def consents_to(self, matter: Matter) -> tuple[PlaybookField, ...]:
        """The fields that ask for a consent to `matter`."""
        return tuple(field for field in self.fields_of(Kind.CONSENT) if field.consents_to is matter)

    def fields_of(self, kind: Kind) -> tuple[PlaybookField, ...]:
        return self._by_kind.get(kind, ())

    @cached_property
    def _by_kind(self) -> Mapping[Kind, tuple[PlaybookField, ...]]:
        kinds = {field.kind for field in self.fields}
        return {kind: tuple(f for f in self.fields if f.kind is kind) for kind in kinds}


def filled(text: str, values: Mapping[str, str]) -> str:
    """Puts values into {placeholders}; what is not a known placeholder stays as it is."""
    return re.sub(r"\{(\w+)\}", lambda m: values.get(m.group(1), m.group(0)), text)


def _only_placeholders(text: str, allowed: set[str]) -> None:
    for name in re.findall(r"\{(\w*)\}", text):
        if name not in allowed:
            known = " and ".join("{" + a + "}" for a in sorted(allowed))
            raise ValueError(f"{{{name}}} is not known here; {known} can be used")
