"""When to try again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.backoff import parse_retry_after, wait_s

NOW = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)


def test_it_doubles_up_to_the_longest() -> None:
    waits = [wait_s(attempt=n, first_s=2, longest_s=100, chance=1) for n in range(1, 9)]
    assert waits == [2, 4, 8, 16, 32, 64, 100, 100]


@given(
    attempt=st.integers(1, 100_000),
    chance=st.floats(0, 1),
    retry_after_s=st.none() | st.floats(0, 1e12),
)
def test_it_is_always_between_half_the_first_and_the_longest(
    attempt: int, chance: float, retry_after_s: float | None
) -> None:
    wait = wait_s(
        attempt=attempt, first_s=2, longest_s=60, chance=chance, retry_after_s=retry_after_s
    )
    assert 1 <= wait <= 60
    if retry_after_s is not None:
        assert wait >= min(retry_after_s, 60)


def test_half_of_it_is_left_to_chance() -> None:
    assert wait_s(attempt=3, first_s=2, longest_s=60, chance=0) == 4
    assert wait_s(attempt=3, first_s=2, longest_s=60, chance=0.5) == 6


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3", 3),
        (" 120 ", 120),
        ("Thu, 05 Mar 2026 15:00:30 GMT", 30),
        ("Thursday, 05-Mar-26 15:01:00 GMT", 60),
        ("Thu, 05 Mar 2026 14:00:00 GMT", 0),
        ("99999999999999999999", 999999999999),
        ("-3", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Thu, 99 Mar 2026 15:00:30 GMT", None),
        ("١٢", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, NOW) == seconds
