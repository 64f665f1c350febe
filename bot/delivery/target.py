"""What a lead can be delivered to: the interface, and the registry for CRMs.

A CRM is a class of some forty lines in a package of its own. It is announced as an entry point of
the group `leadline.delivery_targets` (or by `register`), and chosen by `LEADLINE_DELIVERY_CRM`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import entry_points
from typing import Protocol, cast

from bot.config import Settings
from bot.errors import UsageError
from bot.records import LeadRecord

ENTRY_POINT_GROUP = "leadline.delivery_targets"


class Verdict(StrEnum):
    """What became of an attempt."""

    DELIVERED = "delivered"
    RETRY = "retry"
    """It may well succeed later."""
    REFUSED = "refused"
    """Trying again is vain until somebody has changed something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of an attempt. `detail` is for the operator: never a lead's data or a secret."""

    verdict: Verdict
    detail: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One revision of a lead on its way to one target.

    `delivery_id` is the same at every attempt: a receiver that knows it already has the lead.
    `attempt` counts from 1; from 2 on the receiver may have it.
    """

    delivery_id: str
    lead: LeadRecord = field(repr=False)
    attempt: int

    @property
    def revision(self) -> int:
        """The lead's revision: a receiver ignores one that is older than what it has."""
        return self.lead.revision


class Target(Protocol):
    """Something that takes leads. Used from one event loop."""

    @property
    def name(self) -> str:
        """Its name in the outbox; it must stay the same from one start to the next."""

    @property
    def at_once(self) -> int:
        """How many parcels it takes at the same time."""

    @property
    def timeout_s(self) -> float:
        """After how long an attempt is given up, in seconds."""

    async def deliver(self, parcel: Parcel) -> Outcome:
        """Deliver it. It is cancelled after `timeout_s`; an exception counts as `RETRY`."""

    async def aclose(self) -> None:
        """Free what it holds."""


MakeTarget = Callable[[Settings], Target]

_registered: dict[str, MakeTarget] = {}


def register(name: str, make: MakeTarget) -> None:
    """Make a target known by `name`, for `LEADLINE_DELIVERY_CRM`."""
    _registered[name] = make


def registered(name: str) -> MakeTarget:
    """What makes the target of that name.

    Raises:
        UsageError: nobody has registered it.
    """
    if name in _registered:
        return _registered[name]
    known = entry_points(group=ENTRY_POINT_GROUP)
    for entry in known:
        if entry.name == name:
            return cast("MakeTarget", entry.load())
    names = sorted({*_registered, *(entry.name for entry in known)})
    there = f"there are {', '.join(names)}" if names else "none is installed"
    raise UsageError(
        f"LEADLINE_DELIVERY_CRM: no target is called {name!r}, {there}; a package announces one "
        f"with an entry point in {ENTRY_POINT_GROUP}"
    )
