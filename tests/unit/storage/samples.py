"""A call, its turns and its lead, as short as a test wants them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord

BEGAN = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)

# What must not be found anywhere after an erasure, nor in a log.
PERSONAL = ("Zebulon Quark", "zebulon.quark@acme-personal.example", "+12025550147")


def call_of(name: str = "1", **changes: Any) -> CallRecord:
    """The call `call-NAME`, which runs."""
    values: dict[str, Any] = {
        "call_id": f"call-{name}",
        "room": f"room-{PERSONAL[2]}",
        "transport": "livekit",
        "playbook": "b2b-software",
        "started_at": BEGAN,
        "lead_id": f"lead-{name}",
    }
    return CallRecord(**values | changes)


def lead_of(name: str = "1", **changes: Any) -> LeadRecord:
    """The lead `lead-NAME` with a person's name, e-mail and budget."""
    person, email, _ = PERSONAL
    values: dict[str, Any] = {
        "lead_id": f"lead-{name}",
        "call_id": f"call-{name}",
        "playbook": "b2b-software",
        "disposition": "incomplete",
        "score": 20,
        "score_reasons": [{"points": 20, "why": f"{person} decides", "field": "name"}],
        "fields": {
            "name": field_of(person, "validated"),
            "email": field_of(email, "confirmed"),
            "budget": field_of({"min": 5, "max": None, "currency": "USD"}, "heard"),
            "company": field_of(None, "open"),
        },
        "summary": f"{person} wants a demo.",
        "next_action": f"Write to {email}",
        "created_at": BEGAN,
        "updated_at": BEGAN + timedelta(minutes=1),
    }
    return LeadRecord(**values | changes)


def field_of(value: Any, status: str) -> dict[str, Any]:
    """A field's state with one piece of evidence."""
    evidence = [{"text": f"it is {value}", "turn": 2, "source": "rules"}] if value else []
    return {"value": value, "status": status, "evidence": evidence}


def turn_of(n: int, **changes: Any) -> TurnRecord:
    """Turn `n`: the bot's if it is odd."""
    text = f"turn {n} of {PERSONAL[0]}"
    values: dict[str, Any] = {
        "n": n,
        "role": "bot" if n % 2 else "caller",
        "text": text,
        "heard_text": text,
        "start_s": float(n),
        "end_s": n + 0.5,
    }
    return TurnRecord(**values | changes)


def latency_of(n: int, voice_to_voice_ms: float | None = 500.0) -> TurnLatency:
    """The latency of turn `n`."""
    return TurnLatency(n=n, voice_to_voice_ms=voice_to_voice_ms, parts={"llm_ms": 200.0})
