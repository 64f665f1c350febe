"""What a database would refuse does not reach it."""

from __future__ import annotations

import math
from typing import Any

import pytest

from bot.storage.mapping import storable, turn_values, write_lead
from bot.storage.models import Lead
from tests.unit.storage.samples import lead_of, turn_of


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("Zoë Müller 🙂", "Zoë Müller 🙂"),
        ("nul\0byte", "nulbyte"),
        ("lone \ud800 surrogate", "lone ? surrogate"),
        (math.nan, None),
        (math.inf, None),
        ({"a\0": ["b\0", {"c": -math.inf}]}, {"a": ["b", {"c": None}]}),
        (12, 12),
        (None, None),
    ],
)
def test_storable(value: Any, stored: Any) -> None:
    assert storable(value) == stored


def test_a_turn_with_times_that_are_no_numbers_is_still_kept() -> None:
    row = turn_values("call-1", turn_of(1, end_s=math.nan, text="a\0b"))
    assert (row["end_s"], row["text"]) == (0.0, "ab")


def test_only_a_change_of_content_makes_a_revision() -> None:
    row = Lead(lead_id="lead-1")
    assert write_lead(row, lead_of(), is_new=True)
    assert not write_lead(row, lead_of(updated_at=lead_of().created_at), is_new=False)
    assert row.revision == 1
    assert write_lead(row, lead_of(score=99), is_new=False)
    assert (row.revision, row.score) == (2, 99)
