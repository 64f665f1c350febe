"""Every line of the tables in ``cases/`` is read as it says."""

from __future__ import annotations

from typing import Any

import pytest

from flows.capture import Answer, Kind, Surroundings, Utterance, amend, answer, read
from tests.unit.capture.table import NOW, Case, cases, load, value_of

CASES = cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_was_said_is_read(case: Case) -> None:
    found = read(case.kind, Utterance.of(case.said), case.around)
    best = found[0] if found else None
    if case.piece is not None:
        assert best is not None
        assert (best.value, best.partial) == (None, case.piece)
    else:
        assert (best.value if best else None) == case.value


ANSWERS = [(verdict, said) for verdict, lines in load("answers").items() for said in lines]


@pytest.mark.parametrize(("verdict", "said"), ANSWERS)
def test_what_a_caller_answers_to_a_read_back(verdict: str, said: str) -> None:
    around = Surroundings(
        now=NOW, confirming=Kind.EMAIL, confirming_value="jane.doe@acme.com", asked=None
    )
    assert answer(Utterance.of(said), around) is Answer(verdict)


CORRECTIONS = [
    (heading, said, corrected)
    for heading, lines in load("corrections").items()
    for said, corrected in lines.items()
]


@pytest.mark.parametrize(("heading", "said", "corrected"), CORRECTIONS)
def test_a_correction_changes_only_what_it_speaks_of(
    heading: str, said: str, corrected: Any
) -> None:
    word, _, written = heading.partition(" ")
    kind = Kind(word)
    known = value_of(kind, int(written) if kind is Kind.COUNT else written)
    around = Surroundings(now=NOW, confirming=kind, confirming_value=known)
    found = amend(kind, known, Utterance.of(said), around)
    assert (found.value if found else None) == value_of(kind, corrected)


def test_the_tables_hold_at_least_five_hundred_utterances() -> None:
    assert len(CASES) + len(ANSWERS) + len(CORRECTIONS) >= 500
