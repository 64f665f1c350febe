"""The records that outlive a call: the call, its turns and its lead.

The shapes are the public contract (`leadline calls show`, `leads show`, the webhook's body).
Times are aware datetimes, printed as ISO 8601; durations carry their unit in the name.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

EndReason = Literal[
    "completed",
    "caller_left",
    "no_caller",
    "max_duration",
    "do_not_contact",
    "handed_over",
    "voicemail",
    "busy",
    "drained",
    "failed",
]
Disposition = Literal["qualified", "nurture", "unqualified", "incomplete", "do_not_contact"]


class Record(BaseModel):
    """Base of all records: unknown keys are an error, so that a typo is not stored."""

    model_config = ConfigDict(extra="forbid")


class Rungs(Record):
    """Which provider served each stage of a turn, e.g. ``{"stt": "deepgram"}``."""

    stt: str | None = None
    llm: str | None = None
    tts: str | None = None


class TurnRecord(Record):
    """One turn. `start_s` and `end_s` count from the call's start.

    For the bot, `text` is what was generated and `heard_text` what the caller really heard; for
    the caller both are the final transcripts.
    """

    n: int
    role: Literal["caller", "bot"]
    text: str
    heard_text: str
    interrupted: bool = False
    start_s: float
    end_s: float
    rung: Rungs = Field(default_factory=Rungs)


class TurnLatency(Record):
    """Voice to voice of one bot turn: from the caller's last voice to the bot's first.

    `parts` carry the names of Pipecat's `UserBotLatencyObserver` contributions plus ours, each
    with the suffix `_ms`; they sum up to `voice_to_voice_ms`. What was not measured is null.
    """

    n: int
    voice_to_voice_ms: float | None
    parts: dict[str, float | None] = Field(default_factory=dict)


class Latency(Record):
    """Latency of a call. `missing` counts the turns and parts that were not measured."""

    turns: list[TurnLatency] = Field(default_factory=list)
    p50_ms: float | None = None
    p95_ms: float | None = None
    missing: int = 0


class CostLine(Record):
    """What one service used and what it cost, e.g. 1,234 characters of speech."""

    service: str
    units: float
    unit: str
    usd: float


class Cost(Record):
    """Cost of a call in US dollars."""

    total_usd: float = 0.0
    lines: list[CostLine] = Field(default_factory=list)


class ProblemRecord(Record):
    """A provider that failed in a call, e.g. ``{"service": "tts:elevenlabs", "what": "said
    nothing for 0.8 s", "at_s": 12.3, "permanent": false}``.

    `at_s` counts from the call's start. `permanent`: nothing but another setting (a key, a voice,
    a model) will help. `what` is in our own words: it never quotes a provider or a person.
    """

    service: str
    what: str
    at_s: float
    permanent: bool


class CallRecord(Record):
    """One call, as `leadline calls show` prints it.

    `problems` is None where it is not known: the call is not over, or was not ended in good order.
    """

    call_id: str
    room: str
    transport: str
    playbook: str
    started_at: datetime
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    resumed: int = 0
    turns: list[TurnRecord] = Field(default_factory=list)
    latency: Latency = Field(default_factory=Latency)
    cost: Cost = Field(default_factory=Cost)
    problems: list[ProblemRecord] | None = None
    lead_id: str


class ScoreReason(Record):
    """One line of the rubric that gave points."""

    points: int
    why: str
    field: str | None


class ConsentRecord(Record):
    """One entry of the consent ledger: what the caller allowed or forbade, in which words.

    `turn` counts the caller's turns from 1. `email` and `phone` are the lead's where they are
    known; the ledger keeps a keyed hash of them only.
    """

    matter: Literal["contact", "recording"]
    verdict: Literal["given", "refused", "withdrawn"]
    words: str
    turn: int
    at: datetime
    source: str
    email: str | None = None
    phone: str | None = None


class LeadRecord(Record):
    """One lead, as `leadline leads show` prints it and the webhook delivers it.

    `fields`: every field of the playbook as
    ``{"value", "status", "evidence": [{"text", "turn", "source"}]}``.
    `revision` counts up from 1 with each saved change.
    """

    lead_id: str
    call_id: str
    revision: int = 1
    playbook: str
    disposition: Disposition
    score: int
    score_reasons: list[ScoreReason] = Field(default_factory=list)
    fields: dict[str, dict[str, Any]]
    summary: str
    next_action: str
    created_at: datetime
    updated_at: datetime
    consents: list[ConsentRecord] = Field(default_factory=list, exclude=True, repr=False)
    """For the ledger, not part of the document: it is written with the lead, and never printed."""
