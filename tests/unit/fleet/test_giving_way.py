"""A process that gets ready waits while a call begins, and not longer."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.fleet import giving_way
from bot.fleet.giving_way import BEGINNING_S, Beginnings, give_way


@pytest.fixture
def beginnings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Beginnings]:
    monkeypatch.setenv(giving_way._WHERE, "")
    parent = Beginnings()
    yield parent
    parent.close()


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time passes only by waiting."""
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    monkeypatch.setattr(time, "monotonic", lambda: sum(pauses))
    return pauses


def told() -> bool:
    return Path(os.environ[giving_way._WHERE]).exists()


def test_nobody_waits_while_no_call_begins(beginnings: Beginnings, waited: list[float]) -> None:
    give_way()
    assert waited == []


def test_while_a_call_begins_the_next_process_waits_but_not_for_ever(
    beginnings: Beginnings, waited: list[float]
) -> None:
    beginnings.begun(0.0)
    give_way()
    assert sum(waited) == pytest.approx(giving_way.AT_MOST_S, abs=0.1)


def test_it_is_over_when_the_call_has_begun(beginnings: Beginnings) -> None:
    beginnings.begun(10.0)
    beginnings.look(10.1, is_anybody_waiting=False)
    assert told()
    beginnings.look(10.0 + BEGINNING_S, is_anybody_waiting=False)
    assert not told()


def test_it_is_over_when_another_call_waits_for_a_process(beginnings: Beginnings) -> None:
    beginnings.begun(10.0)
    beginnings.look(10.1, is_anybody_waiting=True)
    assert not told()


def test_a_process_without_such_a_parent_does_not_wait(
    monkeypatch: pytest.MonkeyPatch, waited: list[float]
) -> None:
    monkeypatch.delenv(giving_way._WHERE, raising=False)
    give_way()
    assert waited == []
