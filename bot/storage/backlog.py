"""What one call still has to write: pure, bounded, and in the order of its worth.

A later lead replaces an earlier one that was not written yet, and so does a turn with the same
number. When it is full, latencies go first, then the oldest turns; the call's beginning and end
and its lead are never dropped. `next` gives the next transaction, `done` takes it off: a backlog
that lives on disk can keep the same verbs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWrite:
    """The call begins (or is resumed)."""

    call: CallRecord
    lead: LeadRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnWrite:
    """One turn; the lead goes with the newest turn that waits."""

    call_id: str
    turn: TurnRecord
    lead: LeadRecord | None
    latency: TurnLatency | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishWrite:
    """The call is over."""

    call: CallRecord
    lead: LeadRecord


Write = StartWrite | TurnWrite | FinishWrite


class Backlog:
    """The writes of one call that wait, at most `capacity` turns and latencies."""

    def __init__(self, *, capacity: int) -> None:
        self._capacity = capacity
        self._call_id: str | None = None
        self._start: StartWrite | None = None
        self._turns: dict[int, TurnRecord] = {}
        self._latencies: dict[int, TurnLatency] = {}
        self._lead: LeadRecord | None = None
        self._finish: FinishWrite | None = None
        self.dropped_latencies = 0
        self.dropped_turns = 0

    def __len__(self) -> int:
        """How many transactions wait."""
        return len(self._turns) + (self._start is not None) + (self._finish is not None)

    @property
    def call_id(self) -> str:
        """Whose writes these are; empty before its start."""
        return self._call_id or ""

    def start(self, call: CallRecord, lead: LeadRecord) -> None:
        """The call begins."""
        self._call_id = call.call_id
        self._start = StartWrite(call=call, lead=lead)

    def begin_again(self, call_id: str) -> None:
        """The call was begun before, by a process that is gone."""
        self._call_id = call_id

    def turn(self, turn: TurnRecord, lead: LeadRecord | None, latency: TurnLatency | None) -> None:
        """A turn, for the first time or again.

        Raises:
            ValueError: if the call did not begin.
        """
        if self._call_id is None:
            raise ValueError("a turn came before its call's start")
        self._turns[turn.n] = turn
        if latency is not None:
            self._latencies[turn.n] = latency
        if lead is not None:
            self._lead = lead
        self._shrink()

    def finish(self, call: CallRecord, lead: LeadRecord) -> None:
        """The call is over; its record carries all turns, also those dropped before."""
        self._call_id = call.call_id
        self._lead = None
        self._finish = FinishWrite(call=call, lead=lead)

    def clear(self) -> None:
        """The call is somebody else's now: nothing of it waits any more."""
        self._start = self._finish = self._lead = None
        self._turns.clear()
        self._latencies.clear()

    def pending(self) -> list[Write]:
        """Everything that waits, in its order; the lead with the newest turn."""
        writes: list[Write] = [self._start] if self._start is not None else []
        newest = next(reversed(self._turns), None)
        for n, turn in self._turns.items():
            writes.append(
                TurnWrite(
                    call_id=self._call_id or "",
                    turn=turn,
                    lead=self._lead if n == newest else None,
                    latency=self._latencies.get(n),
                )
            )
        return [*writes, self._finish] if self._finish is not None else writes

    def lean(self) -> Iterator[list[Write]]:
        """What waits, ever less of it by its worth, for a disk that is full; nothing is dropped.

        At last there is the call's beginning or end, and the lead.
        """
        writes = self.pending()
        yield writes
        writes = [_without_latency(write) for write in writes]
        yield writes
        turns = len(self._turns)
        while turns > 1:
            turns //= 2
            yield _with_newest_turns(writes, turns)
        yield [_without_turns(write) for write in _with_newest_turns(writes, 1)]

    def shed(self) -> bool:
        """Drop what is worth least: a latency, then a turn; never the lead. False: none is left."""
        if self._latencies:
            del self._latencies[next(iter(self._latencies))]
            self.dropped_latencies += 1
        elif len(self._turns) > 1:
            del self._turns[next(iter(self._turns))]
            self.dropped_turns += 1
        elif (finish := self._finish) is not None and finish.call.latency.turns:
            self.dropped_latencies += len(finish.call.latency.turns)
            latency = finish.call.latency.model_copy(update={"turns": []})
            call = finish.call.model_copy(update={"latency": latency})
            self._finish = FinishWrite(call=call, lead=finish.lead)
        elif finish is not None and finish.call.turns:
            self.dropped_turns += 1
            call = finish.call.model_copy(update={"turns": finish.call.turns[1:]})
            self._finish = FinishWrite(call=call, lead=finish.lead)
        else:
            return False
        return True

    def next(self) -> Write | None:
        """The transaction to write now, or None; it stays here until it is `done`."""
        if self._start is not None:
            return self._start
        if self._turns and self._call_id is not None:
            n = next(iter(self._turns))
            # Never a lead that is ahead of the turns: the newest lead goes with the newest turn.
            lead = self._lead if len(self._turns) == 1 else None
            return TurnWrite(
                call_id=self._call_id,
                turn=self._turns[n],
                lead=lead,
                latency=self._latencies.get(n),
            )
        return self._finish

    def done(self, write: Write) -> None:
        """That transaction is written. What was renewed meanwhile stays."""
        if isinstance(write, StartWrite):
            self._start = None if self._start is write else self._start
        elif isinstance(write, FinishWrite):
            self._finish = None if self._finish is write else self._finish
        else:
            self._turn_done(write)

    def give_up(self, write: Write) -> None:
        """The database refuses it for good: its turn is lost, its lead goes with the next."""
        lead = self._lead
        self.done(write)
        self._lead = lead
        if isinstance(write, TurnWrite) and self._turns.get(write.turn.n) is write.turn:
            del self._turns[write.turn.n]
            self._latencies.pop(write.turn.n, None)

    def _turn_done(self, write: TurnWrite) -> None:
        n = write.turn.n
        if write.lead is not None and self._lead is write.lead:
            self._lead = None
        if self._turns.get(n) is not write.turn:
            return
        if self._latencies.get(n) is write.latency:
            self._latencies.pop(n, None)
        # A newer lead must still be written, and a turn is what carries it.
        if n not in self._latencies and (self._lead is None or len(self._turns) > 1):
            del self._turns[n]

    def _shrink(self) -> None:
        while len(self._turns) + len(self._latencies) > self._capacity:
            if self._latencies:
                del self._latencies[next(iter(self._latencies))]
                self.dropped_latencies += 1
            else:
                del self._turns[next(iter(self._turns))]
                self.dropped_turns += 1


def _without_latency(write: Write) -> Write:
    if isinstance(write, TurnWrite):
        return replace(write, latency=None)
    latency = write.call.latency.model_copy(update={"turns": []})
    return replace(write, call=write.call.model_copy(update={"latency": latency}))


def _with_newest_turns(writes: list[Write], number: int) -> list[Write]:
    turns = [write for write in writes if isinstance(write, TurnWrite)]
    dropped = {id(write) for write in turns[: len(turns) - number]}
    return [write for write in writes if id(write) not in dropped]


def _without_turns(write: Write) -> Write:
    """Of a beginning or an end; a turn is what carries the lead while the call runs."""
    if isinstance(write, TurnWrite):
        return write
    return replace(write, call=write.call.model_copy(update={"turns": []}))
