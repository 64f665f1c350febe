"""What a journal holds that nobody else has saved, though its bot has lost the call since.

A bot's journal is refused by the fence once another bot has the call: as a rule the other one began
with all of it. But if the session was lost with Redis, or was older, then the journal alone knows
what the caller had said; and if the call was only declared over, the journal knows how it ended.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Any, Self

from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord
from bot.storage.backlog import StartWrite, TurnWrite, Write

GIVE_UP_AFTER = timedelta(hours=24)
"""A call that has not ended by then has no bot any more: it is not waited for."""

_WORTH = {"confirmed": 3, "refused": 2, "validated": 2, "heard": 1}


class Salvage(Enum):
    """What became of it."""

    NOTHING_NEW = auto()
    SAVED = auto()
    LATER = auto()
    """Another bot has the call now, and what it saves would undo ours."""


@dataclass(slots=True, kw_only=True)
class Remains:
    """The newest state that a journal's writes come to."""

    call_id: str
    call: CallRecord | None = None
    """As it began, or as it ended."""
    turns: dict[int, TurnRecord] = field(default_factory=dict)
    latencies: dict[int, TurnLatency] = field(default_factory=dict)
    lead: LeadRecord | None = None

    @classmethod
    def of(cls, writes: Iterable[Write]) -> Self | None:
        """None: there is nothing."""
        remains: Self | None = None
        for write in writes:
            if remains is None:
                owner = write.call_id if isinstance(write, TurnWrite) else write.call.call_id
                remains = cls(call_id=owner)
            remains._add(write)
        return remains

    def _add(self, write: Write) -> None:
        if isinstance(write, TurnWrite):
            self.turns[write.turn.n] = write.turn
            if write.latency is not None:
                self.latencies[write.latency.n] = write.latency
        else:
            self.call = write.call
            self.turns |= {turn.n: turn for turn in write.call.turns}
            self.latencies |= {latency.n: latency for latency in write.call.latency.turns}
            if isinstance(write, StartWrite) and self.lead is not None:
                return
        self.lead = write.lead or self.lead

    @property
    def has_ended(self) -> bool:
        """Whether its bot came to the call's end."""
        return self.call is not None and self.call.ended_at is not None

    def is_worth_waiting(self, started_at: datetime) -> bool:
        """Whether a call without an end may still come to one."""
        return datetime.now(UTC) - started_at < GIVE_UP_AFTER


def merged(ours: LeadRecord, saved: LeadRecord) -> LeadRecord | None:
    """The saved lead with what only we know for sure, as a later revision; None: it knows it all.

    What the newer bot has heard stays, whatever ours was: the caller may have corrected it.
    """
    better = {
        name: state
        for name, state in ours.fields.items()
        if _is_better(state, saved.fields.get(name) or {})
    }
    if not better:
        return None
    reasons = [reason for reason in saved.score_reasons if reason.field not in better]
    reasons += [reason for reason in ours.score_reasons if reason.field in better]
    return saved.model_copy(
        update={
            "fields": {**saved.fields, **better},
            "score_reasons": reasons,
            "score": sum(reason.points for reason in reasons),
            "updated_at": datetime.now(UTC),
        }
    )


def _is_better(ours: dict[str, Any], saved: dict[str, Any]) -> bool:
    """The other bot has heard nothing of it, or the same and is less sure."""
    is_untouched = saved.get("value") is None and not saved.get("evidence")
    is_alike = ours.get("value") is not None and ours.get("value") == saved.get("value")
    return _worth(ours) > _worth(saved) and (is_untouched or is_alike)


def _worth(state: dict[str, Any]) -> int:
    return _WORTH.get(str(state.get("status")), 0)
