"""What capture takes and gives: utterances, their surroundings, and candidates.

Values have the shapes of the lead record: a name, company, e-mail or free text is a ``str``; a
phone number is E.164 with ``;ext=``; money is ``{"min", "max", "currency", "period"}``; a count is
an ``int`` or ``{"min", "max"}``; a date is an ISO date (the latest by which); a meeting is an ISO
date-time with offset; yes/no questions and consent are ``bool``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

Value = str | int | float | bool | dict[str, int | float | str | None]


class Kind(StrEnum):
    """The kinds of value that capture reads."""

    NAME = "name"
    COMPANY = "company"
    EMAIL = "email"
    PHONE = "phone"
    TEXT = "text"
    MONEY = "money"
    COUNT = "count"
    DATE = "date"
    DATETIME = "datetime"
    BOOLEAN = "boolean"
    CONSENT = "consent"


class Answer(StrEnum):
    """What an utterance does in the conversation, whatever values it carries."""

    YES = "yes"
    NO = "no"
    CORRECTION = "correction"
    REFUSAL = "refusal"
    DO_NOT_KNOW = "do_not_know"
    HOLD_ON = "hold_on"
    QUESTION = "question"
    GOODBYE = "goodbye"
    DO_NOT_CONTACT = "do_not_contact"
    REPEAT = "repeat"
    HUMAN = "human"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Word:
    """One word as recognised, with the recogniser's confidence (0..1) where it gives one."""

    text: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Utterance:
    """What the recogniser heard: its best text, its words, and its other guesses."""

    text: str
    words: tuple[Word, ...] = ()
    alternatives: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str) -> Utterance:
        return cls(text)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known around an utterance.

    ``name``, ``company`` and ``email`` only rank candidates; they never replace what was said.
    ``now`` must carry a time zone.
    """

    now: datetime
    asked: Kind | None = None
    confirming: Kind | None = None
    confirming_value: object | None = None
    region: str = "US"
    currency: str = "USD"
    language: str = "en"
    name: str | None = None
    company: str | None = None
    email: str | None = None
    options: tuple[str, ...] = ()
    phone: str | None = None
    caller_zone: str | None = None
    """The IANA name of the time zone in which the caller says to be."""

    def about(self, kind: Kind) -> bool:
        """Whether the caller was just asked for, or just heard, a value of this kind."""
        return kind in (self.asked, self.confirming)

    def asking(self, kind: Kind) -> Surroundings:
        return replace(self, asked=kind, confirming=None, confirming_value=None)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading of an utterance.

    ``span`` counts tokens of the utterance's text (see ``tokens.tokenize``). ``partial`` carries
    a piece of a value that is not whole yet (``value`` is None then): an e-mail's ``"jane.doe@"``
    or ``"@acme.com"``, a phone's digits, a meeting's ``"2026-11-26"`` or ``"T14:00"``.
    """

    kind: Kind
    value: Value | None
    confidence: float
    text: str
    span: tuple[int, int]
    rule: str
    partial: str | None = None
