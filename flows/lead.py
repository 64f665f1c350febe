"""The lead: a state for each field, its evidence, and the only table by which it changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from flows.consent import Consent
from flows.evidence import Evidence as Evidence  # noqa: PLC0414 - a lead's, too.
from flows.evidence import Source as Source  # noqa: PLC0414

EVIDENCE_KEPT = 20
"""Pieces of evidence kept for one field; a recogniser that loops must not grow the lead."""


class Status(StrEnum):
    OPEN = "open"
    HEARD = "heard"
    VALIDATED = "validated"
    CONFIRMED = "confirmed"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Event(StrEnum):
    """What can happen to a field."""

    PIECE = "piece"
    """A part of a value, a value that does not validate, or a proposal of the second reader."""
    VALUE = "value"
    """The caller said a value that validates: the first one, another one, or a correction."""
    UNOPPOSED = "unopposed"
    """A value was said to the caller in passing, and the next caller turn did not object."""
    YES = "yes"
    """Exactly this value was heard by the caller in a read-back, and a new turn said yes."""
    NO = "no"
    """The caller objected to the value and gave no other."""
    REFUSAL = "refusal"
    """The caller does not want to say."""
    GIVING_UP = "giving_up"
    """The caller does not know, or every way of asking has failed."""


TRANSITIONS: Mapping[tuple[Status, Event], Status] = MappingProxyType(
    {
        (Status.OPEN, Event.PIECE): Status.HEARD,
        (Status.OPEN, Event.VALUE): Status.VALIDATED,
        (Status.OPEN, Event.REFUSAL): Status.REFUSED,
        (Status.OPEN, Event.GIVING_UP): Status.UNKNOWN,
        (Status.HEARD, Event.PIECE): Status.HEARD,
        (Status.HEARD, Event.VALUE): Status.VALIDATED,
        (Status.HEARD, Event.UNOPPOSED): Status.VALIDATED,
        (Status.HEARD, Event.NO): Status.OPEN,
        (Status.HEARD, Event.REFUSAL): Status.REFUSED,
        (Status.HEARD, Event.GIVING_UP): Status.UNKNOWN,
        (Status.VALIDATED, Event.PIECE): Status.HEARD,
        (Status.VALIDATED, Event.VALUE): Status.VALIDATED,
        (Status.VALIDATED, Event.UNOPPOSED): Status.VALIDATED,
        (Status.VALIDATED, Event.YES): Status.CONFIRMED,
        (Status.VALIDATED, Event.NO): Status.OPEN,
        (Status.VALIDATED, Event.REFUSAL): Status.REFUSED,
        (Status.VALIDATED, Event.GIVING_UP): Status.UNKNOWN,
        (Status.CONFIRMED, Event.VALUE): Status.VALIDATED,
        (Status.CONFIRMED, Event.YES): Status.CONFIRMED,
        (Status.CONFIRMED, Event.NO): Status.OPEN,
        (Status.CONFIRMED, Event.REFUSAL): Status.REFUSED,
        (Status.REFUSED, Event.PIECE): Status.HEARD,
        (Status.REFUSED, Event.VALUE): Status.VALIDATED,
        (Status.REFUSED, Event.REFUSAL): Status.REFUSED,
        (Status.UNKNOWN, Event.PIECE): Status.HEARD,
        (Status.UNKNOWN, Event.VALUE): Status.VALIDATED,
        (Status.UNKNOWN, Event.REFUSAL): Status.REFUSED,
        (Status.UNKNOWN, Event.GIVING_UP): Status.UNKNOWN,
    }
)
"""The whole machine. A pair that is not here does not happen: the field stays as it is."""

SETTLED = frozenset({Status.VALIDATED, Status.CONFIRMED})
ASKABLE = frozenset({Status.OPEN, Status.HEARD})


INFERRED = "from another field"
"""The rule of evidence that one field gives for another."""


@dataclass
class FieldState:
    """One field of the lead. Only `happen` changes `status`."""

    status: Status = Status.OPEN
    value: Any = None
    evidence: list[Evidence] = field(default_factory=list)
    rejected: list[Any] = field(default_factory=list)
    """Values the caller said no to; none of them is ever proposed again."""
    pieces: list[str] = field(default_factory=list)
    """Words of an incomplete e-mail or phone number, to be joined with the next turn."""
    partial: str | None = None
    """What those pieces make so far: "jane.doe@", "@acme.com", digits."""
    failures: int = 0
    """How many ways of asking have failed: the rung of the repair ladder."""
    asked: int = 0
    """How often the caller heard the question, or a read-back."""
    lines: list[str] = field(default_factory=list)
    """The questions for the field that the caller has heard, word by word: none comes twice."""
    readbacks: int = 0
    """How often the caller heard the present value read back."""
    echoed: Any = None
    """The value the caller last heard in passing."""

    def happen(self, event: Event) -> bool:
        """Moves the status by the table; False, and nothing changed, for what is not in it."""
        target = TRANSITIONS.get((self.status, event))
        if target is None:
            return False
        self.status = target
        return True

    def take(self, value: Any, evidence: Evidence, event: Event) -> bool:
        """Takes a value with its evidence; False if the table forbids it or it was rejected."""
        if value is not None and self.was_rejected(value):
            return False
        if not self.happen(event):
            return False
        if value != self.value:
            self.readbacks = 0
            self.echoed = None
        self.value = value
        self.forget_pieces()
        self.note(evidence)
        return True

    def forget_pieces(self) -> None:
        self.pieces.clear()
        self.partial = None

    def reject(self) -> bool:
        """The caller said no to the present value."""
        if self.value is None or not self.happen(Event.NO):
            return False
        if not self.was_rejected(self.value):
            self.rejected.append(self.value)
        self.value = None
        self.readbacks = 0
        self.echoed = None
        return True

    def refuse(self, evidence: Evidence) -> bool:
        if not self.happen(Event.REFUSAL):
            return False
        self.value = None
        self.forget_pieces()
        self.note(evidence)
        return True

    def give_up(self, evidence: Evidence | None = None) -> bool:
        if not self.happen(Event.GIVING_UP):
            return False
        self.value = None
        self.forget_pieces()
        if evidence is not None:
            self.note(evidence)
        return True

    def note(self, evidence: Evidence) -> None:
        if evidence in self.evidence:
            return
        self.evidence.append(evidence)
        if len(self.evidence) > EVIDENCE_KEPT:
            del self.evidence[1]

    def was_rejected(self, value: Any) -> bool:
        return any(same_value(value, old) for old in self.rejected)

    @property
    def is_inferred(self) -> bool:
        """The present value was never said as a whole: another field speaks for it."""
        return self.status is Status.HEARD and any(
            e.rule == INFERRED and same_value(e.value, self.value) for e in self.evidence
        )

    def candidates(self) -> list[Any]:
        """Every value that was ever read for the field, in order, each once."""
        found: list[Any] = []
        for value in [*(e.value for e in self.evidence), *self.rejected]:
            if value is not None and value not in found:
                found.append(value)
        return found

    def copy(self) -> FieldState:
        """A field is copied several times a turn: without the constructor it takes a tenth."""
        twin = object.__new__(FieldState)
        twin.__dict__.update(self.__dict__)
        twin.evidence, twin.rejected = list(self.evidence), list(self.rejected)
        twin.pieces, twin.lines = list(self.pieces), list(self.lines)
        return twin

    def document(self) -> dict[str, Any]:
        """What the world sees: value, status, evidence, and the candidates of what is unknown."""
        document: dict[str, Any] = {
            "value": self.value,
            "status": self.status.value,
            "evidence": [
                {"text": e.text, "turn": e.turn, "source": e.source.value} for e in self.evidence
            ],
        }
        if self.status is Status.UNKNOWN:
            document["candidates"] = self.candidates()
        return document

    def snapshot(self) -> dict[str, Any]:
        return {
            "status": self.status.value,
            "value": self.value,
            "evidence": [e.document() for e in self.evidence],
            "rejected": list(self.rejected),
            "pieces": list(self.pieces),
            "partial": self.partial,
            "failures": self.failures,
            "asked": self.asked,
            "lines": list(self.lines),
            "readbacks": self.readbacks,
            "echoed": self.echoed,
        }

    @classmethod
    def from_snapshot(cls, document: Mapping[str, Any]) -> FieldState:
        return cls(
            status=Status(document["status"]),
            value=document["value"],
            evidence=[Evidence.from_document(e) for e in document["evidence"]],
            rejected=list(document["rejected"]),
            pieces=list(document["pieces"]),
            partial=document["partial"],
            failures=int(document["failures"]),
            asked=int(document["asked"]),
            lines=[str(line) for line in document.get("lines", ())],
            readbacks=int(document["readbacks"]),
            echoed=document["echoed"],
        )


@dataclass
class Lead:
    """What is known about the caller: a state for each field of the playbook, in its order."""

    fields: dict[str, FieldState]
    do_not_contact: bool = False
    consents: list[Consent] = field(default_factory=list)
    """The exact words by which contact or recording was allowed or forbidden, oldest first."""
    follow_ups: list[str] = field(default_factory=list)
    """What a person has to take care of."""

    @classmethod
    def empty(cls, keys: Iterable[str]) -> Lead:
        return cls(fields={key: FieldState() for key in keys})

    def __getitem__(self, key: str) -> FieldState:
        return self.fields[key]

    def value(self, key: str) -> Any:
        state = self.fields.get(key)
        return state.value if state is not None else None

    def settled(self) -> dict[str, Any]:
        """The values that are validated or confirmed."""
        return {key: s.value for key, s in self.fields.items() if s.status in SETTLED}

    def follow_up(self, what: str) -> None:
        if what not in self.follow_ups:
            self.follow_ups.append(what)

    def copy(self) -> Lead:
        return Lead(
            fields={key: state.copy() for key, state in self.fields.items()},
            do_not_contact=self.do_not_contact,
            consents=list(self.consents),
            follow_ups=list(self.follow_ups),
        )

    def document(self) -> dict[str, Any]:
        return {key: state.document() for key, state in self.fields.items()}

    def snapshot(self) -> dict[str, Any]:
        return {
            "fields": {key: state.snapshot() for key, state in self.fields.items()},
            "do_not_contact": self.do_not_contact,
            "consents": [e.document() for e in self.consents],
            "follow_ups": list(self.follow_ups),
        }

    @classmethod
    def from_snapshot(cls, document: Mapping[str, Any]) -> Lead:
        return cls(
            fields={k: FieldState.from_snapshot(v) for k, v in document["fields"].items()},
            do_not_contact=bool(document["do_not_contact"]),
            consents=[Consent.from_document(e) for e in document["consents"]],
            follow_ups=[str(f) for f in document["follow_ups"]],
        )


def same_value(one: Any, other: Any) -> bool:
    """Equal as a person would say: letters of either case are the same."""
    if isinstance(one, str) and isinstance(other, str):
        return one.casefold() == other.casefold()
    return type(one) is type(other) and bool(one == other)
