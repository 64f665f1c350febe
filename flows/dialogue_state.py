"""Everything the dialogue knows, committed up to some moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flows.lead import Lead


class Ending(StrEnum):
    """Why the conversation goes towards its end before every question is answered."""

    NONE = ""
    GOODBYE = "goodbye"
    DO_NOT_CONTACT = "do_not_contact"
    HUMAN = "human"
    SILENCE = "silence"


@dataclass
class DialogueState:
    """Everything the dialogue knows, committed up to some moment."""

    lead: Lead
    turn: int = 0
    """The caller's turns so far."""
    asked: str | None = None
    """The field that the caller was last asked for, as far as the caller heard it."""
    read_back: dict[str, Any] = field(default_factory=dict)
    """What the caller heard read back in the last bot turn, waiting for a yes or a no."""
    echoed: dict[str, Any] = field(default_factory=dict)
    """What the caller heard in passing in the last bot turn."""
    remarks: list[str] = field(default_factory=list)
    """Sentences that the next reply begins with: answers, acknowledgements, apologies."""
    holding: bool = False
    """The caller asked for a moment."""
    holds: int = 0
    """Moments asked for in a row."""
    wrap_ups: int = 0
    """How often the caller heard "anything to add?"."""
    repeat: bool = False
    """The caller asked to hear the last reply again."""
    wrapped_up: bool = False
    """The caller has heard "anything to add?" and has nothing."""
    wrap_up_heard: bool = False
    other_question: bool = False
    """The bot's last question was none of the playbook's: a no to it refuses no value."""
    ending: Ending = Ending.NONE
    closed: bool = False
    """The caller has heard the last words."""
    parked: list[str] = field(default_factory=list)
    """Fields whose read-back never got a clear answer."""
    said: list[str] = field(default_factory=list)
    """The caller's latest turns, newest last: what a proposal's evidence must occur in."""
    asked_then: list[str | None] = field(default_factory=list)
    """The field that each of those turns was asked for."""
    caller_zone: str | None = None
    """The IANA name of the time zone in which the caller says to be."""
    notice_heard: bool = False
    """The caller has heard that the call is recorded."""

    def copy(self) -> DialogueState:
        return DialogueState(
            lead=self.lead.copy(),
            turn=self.turn,
            asked=self.asked,
            read_back=dict(self.read_back),
            echoed=dict(self.echoed),
            remarks=list(self.remarks),
            holding=self.holding,
            holds=self.holds,
            wrap_ups=self.wrap_ups,
            repeat=self.repeat,
            wrapped_up=self.wrapped_up,
            wrap_up_heard=self.wrap_up_heard,
            other_question=self.other_question,
            ending=self.ending,
            closed=self.closed,
            parked=list(self.parked),
            said=list(self.said),
            asked_then=list(self.asked_then),
            caller_zone=self.caller_zone,
            notice_heard=self.notice_heard,
        )

    def snapshot(self) -> dict[str, Any]:
        document = dict(vars(self))
        document["lead"] = self.lead.snapshot()
        document["ending"] = self.ending.value
        return {k: (list(v) if isinstance(v, list) else v) for k, v in document.items()}

    @classmethod
    def from_snapshot(cls, document: Mapping[str, Any]) -> DialogueState:
        values = dict(document)
        values["lead"] = Lead.from_snapshot(values["lead"])
        values["ending"] = Ending(values["ending"])
        return cls(**values)
