"""Between the records and the tables."""

from __future__ import annotations

import json
import math
import statistics
from datetime import datetime
from typing import Any

from bot.records import (
    CallRecord,
    Cost,
    CostLine,
    Latency,
    LeadRecord,
    Rungs,
    TurnLatency,
    TurnRecord,
)
from bot.storage.models import Call, Lead, LeadField, Turn, TurnTiming

_STORED = {"room", "transport", "playbook", "cost", "problems"}
# What changes by itself does not make a new revision.
_NOT_CONTENT = {"lead_id", "revision", "created_at", "updated_at"}


def storable(value: Any) -> Any:
    """The value without what a database refuses: NUL, lone surrogates, NaN and infinity.

    A recogniser never writes them, but typed messages and model output can hold anything.
    """
    if isinstance(value, str):
        if value.isascii() and "\0" not in value:
            return value
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_call(row: Call, call: CallRecord) -> None:
    """Everything of the call but its turns; what the row knows already is overwritten."""
    data = storable(call.model_dump(mode="json", include=_STORED))
    row.lead_id = call.lead_id
    row.room, row.transport, row.playbook = data["room"], data["transport"], data["playbook"]
    row.started_at, row.ended_at = call.started_at, call.ended_at
    row.end_reason, row.resumed = call.end_reason, call.resumed
    row.p50_ms, row.p95_ms = call.latency.p50_ms, call.latency.p95_ms
    row.latency_missing = call.latency.missing
    if data["problems"] is not None:  # They are known at its end only.
        row.problems = data["problems"]
    row.cost_usd, row.cost_lines = data["cost"]["total_usd"] or 0.0, data["cost"]["lines"]


def turn_values(call_id: str, turn: TurnRecord) -> dict[str, Any]:
    """The turn's row."""
    data: dict[str, Any] = storable(turn.model_dump(mode="json"))
    rung = data.pop("rung")
    times = {name: data[name] or 0.0 for name in ("start_s", "end_s")}
    return {"call_id": call_id, **data, **times, **rung}


def timing_values(call_id: str, latency: TurnLatency) -> dict[str, Any]:
    """The row of a turn's latency."""
    return {"call_id": call_id, **storable(latency.model_dump(mode="json"))}


def write_lead(row: Lead, lead: LeadRecord, *, is_new: bool) -> bool:
    """Put the lead into its row; counts the revision up if its content changed, and says so."""
    content = storable(lead.model_dump(mode="json", exclude=_NOT_CONTENT))
    if is_new:
        row.created_at, row.revision = lead.created_at, lead.revision
    elif all(getattr(row, name) == value for name, value in content.items()):
        return False
    else:
        row.revision = max(row.revision + 1, lead.revision)
    for name, value in content.items():
        setattr(row, name, value)
    row.updated_at = lead.updated_at
    return True


def field_rows(lead: Lead) -> list[LeadField]:
    """One row for each field of the lead."""
    return [
        LeadField(
            lead_id=lead.lead_id,
            field=name,
            position=position,
            status=str(state.get("status", "unknown")),
            value_text=_as_text(state.get("value")),
            evidence=state.get("evidence") or [],
        )
        for position, (name, state) in enumerate(lead.fields.items())
    ]


def revision_values(lead: Lead) -> dict[str, Any]:
    """The row that keeps the lead as it is in its present revision."""
    names = ("lead_id", "revision", "disposition", "score", "fields", "summary", "next_action")
    return {name: getattr(lead, name) for name in (*names, "updated_at")}


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def call_record(
    row: Call, turns: list[Turn] | None = None, timings: list[TurnTiming] | None = None
) -> CallRecord:
    """The record of a row. A call that did not come to its end has its latency summed up here."""
    measured = [
        TurnLatency(n=timing.n, voice_to_voice_ms=timing.voice_to_voice_ms, parts=timing.parts)
        for timing in timings or []
    ]
    latency = Latency(
        turns=measured, p50_ms=row.p50_ms, p95_ms=row.p95_ms, missing=row.latency_missing
    )
    if row.ended_at is None and row.p50_ms is None:
        _sum_up(latency)
    return CallRecord.model_validate(
        {
            "call_id": row.call_id,
            "room": row.room,
            "transport": row.transport,
            "playbook": row.playbook,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
            "end_reason": row.end_reason,
            "resumed": row.resumed,
            "turns": [turn_record(turn) for turn in turns or []],
            "latency": latency,
            "cost": Cost(
                total_usd=row.cost_usd,
                lines=[CostLine.model_validate(line) for line in row.cost_lines],
            ),
            "problems": row.problems,
            "lead_id": row.lead_id,
        }
    )


def _sum_up(latency: Latency) -> None:
    times = [t.voice_to_voice_ms for t in latency.turns if t.voice_to_voice_ms is not None]
    if not times:
        return
    nearest_rank = math.ceil(0.95 * len(times)) - 1
    latency.p50_ms, latency.p95_ms = statistics.median(times), sorted(times)[nearest_rank]


def turn_record(row: Turn) -> TurnRecord:
    """The record of a turn's row."""
    return TurnRecord.model_validate(
        {
            "n": row.n,
            "role": row.role,
            "text": row.text,
            "heard_text": row.heard_text,
            "interrupted": row.interrupted,
            "start_s": row.start_s,
            "end_s": row.end_s,
            "rung": Rungs(stt=row.stt, llm=row.llm, tts=row.tts),
        }
    )


def lead_record(row: Lead) -> LeadRecord:
    """The record of a lead's row."""
    names = LeadRecord.model_fields.keys() - {"consents"}
    return LeadRecord.model_validate({name: getattr(row, name) for name in names})


def wipe_call(row: Call, now: datetime) -> None:
    """Leave of a call what is about nobody: when, how long, why it ended, what it cost.

    The room goes, too: telephony puts the caller's number into its name.
    """
    row.room = ""
    row.erased_at = now


def wipe_lead(row: Lead, now: datetime) -> None:
    """Leave of a lead its score and disposition, which are about nobody without the rest."""
    row.fields, row.score_reasons = {}, []
    row.summary = row.next_action = ""
    row.erased_at = now
