"""Values of a lead are shown as people write them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.web.values import written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (40, "40"),
        (1_250_000, "1,250,000"),
        ("Daniel Carter", "Daniel Carter"),
        ("2027-03-31", "Wed 31 Mar 2027"),
        ("2026-11-24T10:00:00-05:00", "Tue 24 Nov 2026, 10:00"),
        ("2026-is not a date", "2026-is not a date"),
        ({"min": 30000, "max": 30000, "currency": "USD", "period": "year"}, "$30,000 a year"),
        ({"min": 20, "max": 50}, "20 to 50"),
        (
            {"min": None, "max": 5000, "currency": "CHF", "period": "month"},
            "up to CHF 5,000 a month",
        ),
        ({"min": 10000, "max": None, "currency": "EUR", "period": None}, "from €10,000"),
        ({"min": None, "max": None}, ""),
    ],
)
def test_a_value_reads_well(value: Any, text: str) -> None:
    assert written(value) == text
