"""A name or a company that was given up, found again in the caller's own address.

The address was read back letter by letter and confirmed; where it spells a name that sounds like
what was heard before, that name is read back in its turn. Only a yes to it counts.
"""

from __future__ import annotations

from flows.capture import Kind
from flows.lead import INFERRED, Event, Evidence, FieldState, Status
from flows.playbook import PlaybookField
from flows.priors import company_from_email, name_from_email
from flows.turn import Turn

_FROM_EMAIL = {Kind.NAME: name_from_email, Kind.COMPANY: company_from_email}


def find_again(turn: Turn) -> None:
    """Proposes what the confirmed address says about the fields that are unknown."""
    email = _confirmed_email(turn)
    if email is None:
        return
    for spec in turn.playbook.fields:
        held = turn.state.lead[spec.key]
        if spec.kind in _FROM_EMAIL and held.status is Status.UNKNOWN:
            _propose(turn, spec, held, email)


def _confirmed_email(turn: Turn) -> str | None:
    for spec in turn.playbook.fields_of(Kind.EMAIL):
        held = turn.state.lead[spec.key]
        if held.status is Status.CONFIRMED and isinstance(held.value, str):
            return held.value
    return None


def _propose(turn: Turn, spec: PlaybookField, held: FieldState, email: str) -> None:
    if any(e.rule == INFERRED for e in held.evidence):
        return
    heard = [value for value in held.candidates() if isinstance(value, str)]
    value = _FROM_EMAIL[spec.kind](email, heard)
    if value is None or held.was_rejected(value):
        return
    evidence = Evidence(
        text=email, turn=turn.state.turn, value=value, confidence=0.5, rule=INFERRED
    )
    if held.take(value, evidence, Event.PIECE):
        held.asked = 0
        turn.touched.add(spec.key)
