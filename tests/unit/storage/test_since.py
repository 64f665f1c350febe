"""`--since`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.commands.stored import parse_since, plain, shown
from bot.errors import UsageError


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("24h", timedelta(hours=24)),
        ("7d", timedelta(days=7)),
        ("2W", timedelta(weeks=2)),
    ],
)
def test_a_span_counts_back_from_now(text: str, span: timedelta) -> None:
    before = datetime.now(UTC)
    since = parse_since(text)
    assert since is not None
    assert before - span <= since <= datetime.now(UTC) - span


def test_a_date_is_midnight_here() -> None:
    assert parse_since("2026-01-31") == datetime(2026, 1, 31).astimezone()


def test_a_time_with_an_offset_is_taken_as_it_is() -> None:
    assert parse_since("2026-01-31T10:00:00+02:00") == datetime(2026, 1, 31, 8, tzinfo=UTC)


def test_without_since_there_is_no_limit() -> None:
    assert parse_since(None) is None


@pytest.mark.parametrize("text", ["", "yesterday", "24", "h", "-3h", "2026-13-01", "999999h"])
def test_anything_else_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="--since"):
        parse_since(text)


def test_a_callers_words_do_not_act_on_the_terminal() -> None:
    assert plain("[red]a\x1b[31mb\x07").plain == "[red]a�[31mb�"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (5.0, "5"),
        ({"min": 5.5, "max": None}, "min 5.5"),
        (["a", 1], "a, 1"),
    ],
)
def test_values_for_people(value: object, text: str) -> None:
    assert shown(value) == text
