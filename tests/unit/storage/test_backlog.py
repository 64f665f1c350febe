"""What waits to be written: in order, coalesced, bounded by its worth."""

from __future__ import annotations

import pytest

from bot.storage.backlog import Backlog, FinishWrite, StartWrite, TurnWrite
from tests.unit.storage.samples import call_of, latency_of, lead_of, turn_of


def started(capacity: int = 100) -> Backlog:
    backlog = Backlog(capacity=capacity)
    backlog.start(call_of(), lead_of())
    write = backlog.next()
    assert isinstance(write, StartWrite)
    backlog.done(write)
    return backlog


def written_turns(backlog: Backlog) -> list[TurnWrite]:
    writes: list[TurnWrite] = []
    while isinstance(write := backlog.next(), TurnWrite):
        writes.append(write)
        backlog.done(write)
    return writes


def test_beginning_turns_and_end_are_written_in_this_order() -> None:
    backlog = Backlog(capacity=10)
    backlog.start(call_of(), lead_of())
    backlog.turn(turn_of(1), None, None)
    backlog.turn(turn_of(2), None, None)
    backlog.finish(call_of(), lead_of())
    kinds = []
    while (write := backlog.next()) is not None:
        kinds.append(type(write))
        backlog.done(write)
    assert kinds == [StartWrite, TurnWrite, TurnWrite, FinishWrite]
    assert not len(backlog)


def test_only_the_newest_lead_is_written_and_with_the_newest_turn() -> None:
    backlog = started()
    for n in (1, 2, 3):
        backlog.turn(turn_of(n), lead_of(score=n), None)
    leads = [write.lead.score if write.lead else None for write in written_turns(backlog)]
    assert leads == [None, None, 3]


def test_a_turn_that_is_known_better_replaces_the_one_that_waits() -> None:
    backlog = started()
    backlog.turn(turn_of(1, heard_text="hel"), None, None)
    backlog.turn(turn_of(1, heard_text="hello"), None, latency_of(1))
    [write] = written_turns(backlog)
    assert write.turn.heard_text == "hello"
    assert write.latency == latency_of(1)


def test_what_is_renewed_during_a_write_is_written_again() -> None:
    backlog = started()
    backlog.turn(turn_of(1, heard_text="hel"), lead_of(score=1), None)
    under_way = backlog.next()
    assert under_way is not None
    backlog.turn(turn_of(1, heard_text="hello"), lead_of(score=2), None)
    backlog.done(under_way)
    [again] = written_turns(backlog)
    assert again.turn.heard_text == "hello"
    assert again.lead is not None
    assert again.lead.score == 2


def test_a_turn_that_comes_during_a_write_takes_the_newest_lead_with_it() -> None:
    backlog = started()
    backlog.turn(turn_of(1), lead_of(score=1), None)
    under_way = backlog.next()
    assert under_way is not None
    backlog.turn(turn_of(2), lead_of(score=2), None)
    backlog.done(under_way)
    [second] = written_turns(backlog)
    assert (second.turn.n, second.lead and second.lead.score) == (2, 2)


def test_a_full_backlog_drops_latencies_first_then_the_oldest_turns_never_the_lead() -> None:
    backlog = started(capacity=3)
    for n in (1, 2, 3, 4):
        backlog.turn(turn_of(n), lead_of(score=n), latency_of(n))
    backlog.finish(call_of(), lead_of(score=5))
    writes = written_turns(backlog)
    assert [write.turn.n for write in writes] == [2, 3, 4]
    assert [write.latency for write in writes] == [None, None, None]
    assert (backlog.dropped_latencies, backlog.dropped_turns) == (4, 1)
    assert isinstance(end := backlog.next(), FinishWrite)
    assert end.lead.score == 5


def test_a_refused_turn_leaves_its_lead_for_the_next() -> None:
    backlog = started()
    backlog.turn(turn_of(1), lead_of(score=7), None)
    refused = backlog.next()
    assert refused is not None
    backlog.give_up(refused)
    assert backlog.next() is None
    backlog.turn(turn_of(2), None, None)
    [write] = written_turns(backlog)
    assert write.lead is not None
    assert write.lead.score == 7


def test_a_turn_before_the_beginning_is_an_error() -> None:
    with pytest.raises(ValueError, match="start"):
        Backlog(capacity=1).turn(turn_of(1), None, None)
