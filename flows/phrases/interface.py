"""What a language has to bring."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from flows.capture import Kind


class RepairStep(StrEnum):
    """The ladder of asking again: no step is used twice for one field."""

    REST = "rest"
    """A piece is known: ask for what is missing."""
    BEFORE_AT = "before_at"
    """The domain is known: ask for what stands before the at sign."""
    GO_ON = "go_on"
    """More than one piece is known, and there seem to be more."""
    AND_THEN = "and_then"
    """The same in other words; after it the whole is asked for again."""
    LOCAL_PART = "local_part"
    """The part of an e-mail address before the at sign."""
    DOMAIN = "domain"
    """The part of an e-mail address after the at sign."""
    LAST_DIGITS = "last_digits"
    DIGIT_BY_DIGIT = "digit_by_digit"
    WORDS_FOR_LETTERS = "words_for_letters"
    WORDS_AGAIN = "words_again"
    SPELL = "spell"
    TYPED = "typed"
    KEYPAD = "keypad"


@dataclass(frozen=True)
class RecordingWish:
    """What a caller says about the call's being recorded."""

    allowed: bool
    words: str
    """The caller's words."""
    rest: str
    """What the caller said beside them."""


class Phrases(Protocol):
    take_your_time: str
    sorry: str
    of_course: str
    goodbye: str
    human_wanted: str
    colleague_will_check: str
    not_known: str
    note_question: str

    def robot(self, persona: str, company: str) -> str:
        """The honest answer to "are you a robot?"."""

    def recorded(self, recorded: bool) -> str: ...

    def recording_wish(self, text: str) -> RecordingWish | None:
        """Whether the words allow or forbid the recording; None where they are about neither."""

    def recording_noted(self, recorded: bool, *, allowed: bool) -> str:
        """The answer to such a wish."""

    def delete_recording(self) -> str:
        """What a person has to do after an objection to the recording."""

    def without_address(self, text: str, persona: str) -> str:
        """Without the bot's own name where the caller addresses it: "Hi Ada, this is Jane"."""

    def reason(self, why: str) -> str:
        """Why a field is asked for, in a sentence; `why` is the playbook's."""

    def asks_if_robot(self, text: str) -> bool: ...

    def asks_if_recorded(self, text: str) -> bool: ...

    def is_question(self, text: str) -> bool: ...

    def corrects(self, text: str) -> bool:
        """Whether the words announce that something said before is to be changed."""

    def objects(self, text: str) -> bool:
        """Whether the words begin by saying no to what was just said in passing."""

    def without_objection(self, text: str) -> str:
        """The words behind "no, it's": what the caller says instead."""

    def contradicts(self, text: str) -> bool:
        """Whether the words begin like "sorry, it's" or "not quite": they object to what was
        said and are no plain no to a question."""

    def is_no_word(self, text: str) -> bool:
        """Whether the text is a mere sound or an objection: "uh", "huh", "not quite"."""

    def is_no_goodbye(self, text: str) -> bool:
        """Whether what looks like a goodbye is a misheard word: "maybe bye-pay"."""

    def calls_by_name(self, text: str, label: str) -> bool:
        """Whether the words speak of a field: "my budget", and not "when we need it"."""

    def kinds_named(self, text: str) -> frozenset[Kind]:
        """The kinds of value that the words name: "my number is" names a phone number."""

    def without_rate(self, text: str) -> str:
        """What follows an amount, without the "a year" that belongs to it."""

    def only_opens(self, text: str) -> bool:
        """Whether "okay" or "right" at the beginning only opens a sentence about a value."""

    def ends_it(self, text: str) -> bool:
        """Whether a no to "anything else?" means that nothing is to be added."""

    def readback(self, kind: Kind, spoken: str, nth: int) -> str:
        """A sentence that reads a value back and asks whether it is right; `nth` from 0."""

    def repair(self, kind: Kind, label: str, step: RepairStep) -> str: ...

    def which_letter(self, one: str, other: str) -> str:
        """Which of two letters it was."""

    def echo(self, spoken: str) -> str: ...

    def quoted(self, words: str) -> str:
        """The caller's own words, said again so that the caller can object."""

    def asks_for_a_yes(self, question: str) -> bool:
        """Whether a question only asks if what was said before, or in it, is right."""

    def without_lead_in(self, question: str) -> str: ...

    def number(self, value: Any) -> str: ...
