"""The machine of a field: only the table moves it, and the docs show the same table."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.lead import EVIDENCE_KEPT, TRANSITIONS, Event, Evidence, FieldState, Status

DOCS = Path(__file__).parents[3] / "docs" / "dialogue.md"


def _table_in_docs() -> dict[tuple[str, str], str]:
    rows = [
        [cell.strip() for cell in line.strip("|\n ").split("|")]
        for line in DOCS.read_text("utf-8").splitlines()
        if line.startswith("|")
    ]
    events = rows[0][1:]
    found = {}
    for row in rows[2:]:
        padded = row[1:] + [""] * (len(events) - len(row) + 1)
        for event, target in zip(events, padded, strict=True):
            if target:
                found[(row[0].strip("*"), event)] = target
    return found


def test_the_docs_show_the_table_of_the_code() -> None:
    in_code = {(s.value, e.value): target.value for (s, e), target in TRANSITIONS.items()}
    assert _table_in_docs() == in_code


def test_only_a_yes_to_a_validated_value_confirms() -> None:
    ways = {pair for pair, target in TRANSITIONS.items() if target is Status.CONFIRMED}
    assert ways == {(Status.VALIDATED, Event.YES), (Status.CONFIRMED, Event.YES)}


def test_a_refusal_ends_only_when_the_caller_brings_the_field_up() -> None:
    ways = {event for (status, event) in TRANSITIONS if status is Status.REFUSED}
    assert ways == {Event.PIECE, Event.VALUE, Event.REFUSAL}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("event", Event)
def test_what_is_not_in_the_table_changes_nothing(status: Status, event: Event) -> None:
    field = FieldState(status=status, value="x")
    happened = field.happen(event)
    assert happened == ((status, event) in TRANSITIONS)
    assert field.status is TRANSITIONS.get((status, event), status)


def test_a_rejected_value_is_never_taken_again() -> None:
    field = FieldState()
    words = Evidence(text="jane at acme dot com", turn=1, value="jane@acme.com")
    assert field.take("jane@acme.com", words, Event.VALUE)
    assert field.reject()
    assert not field.take("Jane@Acme.com", words, Event.VALUE)
    assert field.value is None
    assert field.candidates() == ["jane@acme.com"]


def test_evidence_is_bounded_and_keeps_the_first_words() -> None:
    field = FieldState()
    for turn in range(100):
        field.note(Evidence(text=f"words {turn}", turn=turn))
    assert len(field.evidence) == EVIDENCE_KEPT
    assert field.evidence[0].text == "words 0"
    assert field.evidence[-1].text == "words 99"
