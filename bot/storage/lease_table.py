"""Where leases are kept: the interface of Redis and SQL, and a table in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseTiming:
    """How long a lease lives without its holder, and how often the holder renews it, in seconds."""

    ttl_s: float
    refresh_s: float

    def __post_init__(self) -> None:
        """A lease must survive two renewals that were lost."""
        if self.refresh_s * 3 > self.ttl_s:
            raise ValueError("refresh_s must be at most a third of ttl_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """The answer to a wish for a lease: ours, with the newest token that the table knows of."""

    is_ours: bool
    newest_token: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningCall:
    """A call that somebody began and nobody ended."""

    call_id: str
    holder: str
    token: int
    is_held: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """All running calls. `incarnation` changes when the server restarted or failed over."""

    incarnation: str
    calls: tuple[RunningCall, ...]


class LeaseTable(Protocol):
    """One row a name. Every method raises `StorageUnavailableError` when the table is away.

    A lease is taken in two steps: `reserve` keeps all others out, then the token is drawn where
    tokens are counted, then `confirm` writes it. So a token is only drawn by who gets the lease.
    """

    timing: LeaseTiming

    async def reserve(self, name: str, holder: str) -> Reservation:
        """Keep the name for `holder`, unless another one has it."""

    async def confirm(self, name: str, holder: str, token: int, *, is_call: bool) -> bool:
        """Turn the reservation into a lease. False: it was too late, somebody else has it."""

    async def refresh(self, name: str, holder: str, token: int, *, is_call: bool) -> bool:
        """Live on; a table that forgot the lease learns it again. False: somebody took it.

        Raises:
            LeaseReservedError: somebody is about to; only the fence can say.
        """

    async def release(self, name: str, holder: str, token: int, *, is_over: bool) -> None:
        """Give it back. `is_over`: the call has ended, nobody need take it over."""

    async def break_off(self, name: str, holder: str) -> bool:
        """End the lease of a holder who is known to be dead; whether it had it."""

    async def forget(self, name: str) -> None:
        """The call is no longer to be looked after."""

    async def holder(self, name: str) -> str | None:
        """Who has it now."""

    async def survey(self) -> Survey:
        """All running calls."""

    async def aclose(self) -> None:
        """Give back connections."""


# A lost renewal or two must not end a call; a lost host shall be noticed within about a second.
MEMORY_TIMING = LeaseTiming(ttl_s=1.0, refresh_s=0.25)


@dataclass(slots=True)
class _Row:
    holder: str
    token: int
    is_call: bool
    until: float


class InMemoryLeaseTable:
    """For one process without a store, and for tests."""

    def __init__(
        self,
        *,
        timing: LeaseTiming = MEMORY_TIMING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.timing = timing
        self._clock = clock
        self._rows: dict[str, _Row] = {}
        self._tokens: dict[str, int] = {}

    async def reserve(self, name: str, holder: str) -> Reservation:
        """Keep the name for `holder`, unless another one has it."""
        row = self._live(name)
        if row is not None and row.holder != holder:
            return Reservation(is_ours=False)
        is_call = name in self._rows and self._rows[name].is_call
        self._rows[name] = _Row(holder, 0, is_call, self._end())
        return Reservation(is_ours=True, newest_token=self._tokens.get(name, 0))

    async def confirm(self, name: str, holder: str, token: int, *, is_call: bool) -> bool:
        """Turn the reservation into a lease."""
        row = self._live(name)
        if (row is not None and row.holder != holder) or token < self._tokens.get(name, 0):
            return False
        self._tokens[name] = token
        self._rows[name] = _Row(holder, token, is_call, self._end())
        return True

    async def refresh(self, name: str, holder: str, token: int, *, is_call: bool) -> bool:
        """Live on."""
        row = self._live(name)
        if self._tokens.get(name, 0) > token or (row is not None and row.holder != holder):
            return False
        self._tokens[name] = token
        self._rows[name] = _Row(holder, token, is_call, self._end())
        return True

    async def release(self, name: str, holder: str, token: int, *, is_over: bool) -> None:
        """Give it back."""
        row = self._rows.get(name)
        if row is None or (row.holder, row.token) != (holder, token):
            return
        row.until = self._clock()
        if is_over or not row.is_call:
            del self._rows[name]

    async def break_off(self, name: str, holder: str) -> bool:
        """End the lease of a holder who is known to be dead."""
        row = self._live(name)
        if row is None or row.holder != holder:
            return False
        row.until = self._clock()
        return True

    async def forget(self, name: str) -> None:
        """The call is no longer to be looked after."""
        self._rows.pop(name, None)

    async def holder(self, name: str) -> str | None:
        """Who has it now."""
        row = self._live(name)
        return row.holder if row is not None else None

    async def survey(self) -> Survey:
        """All running calls."""
        return Survey(
            incarnation="memory",
            calls=tuple(
                RunningCall(
                    call_id=name,
                    holder=row.holder,
                    token=row.token,
                    is_held=self._live(name) is not None,
                )
                for name, row in self._rows.items()
                if row.is_call
            ),
        )

    async def aclose(self) -> None:
        """Nothing to give back."""

    def _live(self, name: str) -> _Row | None:
        row = self._rows.get(name)
        return row if row is not None and row.until > self._clock() else None

    def _end(self) -> float:
        return self._clock() + self.timing.ttl_s
