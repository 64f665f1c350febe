"""What can go wrong at a provider, as data: one `Fault` per misbehaviour, taken in turn.

A WebSocket provider is asked twice: when a client connects, and for each answer on the open
connection (an utterance for Deepgram, a context for ElevenLabs). An HTTP provider is asked once
for both. `Point` says which of them a fault waits for.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any


class Point(StrEnum):
    """Where a fault strikes."""

    CONNECT = "connect"
    ANSWER = "answer"


class FaultKind(StrEnum):
    """The classes of misbehaviour; each provider renders them in its own wire format."""

    REFUSE = "refuse"
    UNAUTHORIZED = "unauthorized"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    STALL_BEFORE_FIRST = "stall_before_first"
    STALL_MIDWAY = "stall_midway"
    CLOSE_MIDWAY = "close_midway"
    EMPTY = "empty"
    SLOW = "slow"
    GARBAGE = "garbage"


_AT_CONNECT = frozenset(
    {
        FaultKind.REFUSE,
        FaultKind.UNAUTHORIZED,
        FaultKind.RATE_LIMITED,
        FaultKind.SERVER_ERROR,
    }
)

_STATE = frozenset({"released", "holding", "struck"})
"""Fields of a fault that are no part of its description."""

HTTP_STATUS = {
    FaultKind.UNAUTHORIZED: 401,
    FaultKind.RATE_LIMITED: 429,
    FaultKind.SERVER_ERROR: 500,
}


@dataclass(kw_only=True, eq=False)
class Fault:
    """One misbehaviour.

    Args:
        kind: what happens.
        times: how many requests it hits; None means until cleared.
        after: how many requests pass unharmed first (2: the third request is the first hit).
        point: where it strikes; by default the natural place of its kind.
        path: only requests whose path begins with this.
        retry_after_s: the `Retry-After` of a 429, in seconds.
        delay_s: what SLOW adds before the first byte, in seconds.
        stall_s: how long a stall lasts; None means until the client leaves or it is cleared.
        chunks: how many pieces of an answer are let through before a MIDWAY fault.
        abrupt: CLOSE_MIDWAY cuts the TCP connection instead of closing with a code.
    """

    kind: FaultKind
    times: int | None = 1
    after: int = 0
    point: Point | None = None
    path: str = ""
    retry_after_s: float = 1.0
    delay_s: float = 2.0
    stall_s: float | None = None
    chunks: int = 1
    abrupt: bool = False
    released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    holding: int = field(default=0, init=False, repr=False)
    """Requests that are stalled right now, and whose clients still wait."""
    struck: int = field(default=0, init=False, repr=False)
    """Requests that it has hit so far."""

    @property
    def strikes_at(self) -> Point:
        if self.point is not None:
            return self.point
        return Point.CONNECT if self.kind in _AT_CONNECT else Point.ANSWER

    async def hold(self) -> None:
        """Waits out a stall: its own length, or until the fault is cleared."""
        self.holding += 1
        try:
            await asyncio.wait_for(self.released.wait(), self.stall_s)
        except TimeoutError:
            return
        finally:
            self.holding -= 1

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "Fault":
        """Reads a fault from the control endpoint's JSON.

        Raises:
            ValueError: an unknown kind, point or field; the message names it.
        """
        known = {f.name for f in fields(cls)} - _STATE
        if unknown := set(raw) - known:
            raise ValueError(f"unknown field {sorted(unknown)[0]!r}; known: {sorted(known)}")
        if "kind" not in raw:
            raise ValueError(f"kind is missing; one of {[k.value for k in FaultKind]}")
        values = dict(raw)
        values["kind"] = FaultKind(values["kind"])
        if values.get("point") is not None:
            values["point"] = Point(values["point"])
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _STATE}


class FaultPlan:
    """The faults that are still to come, in the order they were given."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._pending: list[Fault] = list(faults)
        self._given: list[Fault] = list(self._pending)

    @property
    def pending(self) -> tuple[Fault, ...]:
        return tuple(self._pending)

    def add(self, *faults: Fault) -> None:
        self._pending.extend(faults)
        self._given.extend(faults)

    def inject(self, kind: FaultKind, **options: Any) -> Fault:
        """Shorthand for `add(Fault(kind=..., ...))`; returns the fault, to clear or release it."""
        fault = Fault(kind=kind, **options)
        self.add(fault)
        return fault

    def clear(self) -> None:
        """No more faults, and whatever is stalled goes on."""
        self._pending.clear()
        for fault in self._given:
            fault.released.set()
        self._given.clear()

    def take(self, point: Point, path: str = "") -> Fault | None:
        """The fault that this request must suffer, if any. Counts the request for those in wait."""
        for fault in list(self._pending):
            if fault.strikes_at is not point or not path.startswith(fault.path):
                continue
            if fault.after > 0:
                fault.after -= 1
                continue
            fault.struck += 1
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._pending.remove(fault)
            return fault
        return None
