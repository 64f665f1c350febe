"""The tables, typed: the same on SQLite and on Postgres.

A lead is kept twice on purpose: `leads.fields` is the document as it is printed and delivered,
and `lead_fields` has one row for each field, so that sales can ask in SQL without knowing JSON.
Both are written in the same transaction.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, MetaData, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime. SQLite has no time zones: there it is kept in UTC, without an offset."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To UTC; a naive time is refused, since nobody knows when it is."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without an offset cannot be stored")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Always aware and in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every constraint has a name, so that a later migration can change it on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    # JSON, not JSONB: the order of a lead's fields is the playbook's, and must survive.
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class.
        datetime: UtcDateTime,
        str: Text,
        dict[str, Any]: JSON,
        list[Any]: JSON,
    }


class Call(Base):
    """One call. `ended_at` is null while it runs, and for good when its process was killed."""

    __tablename__ = "calls"

    call_id: Mapped[str] = mapped_column(String, primary_key=True)
    lead_id: Mapped[str] = mapped_column(String, index=True)
    room: Mapped[str]
    transport: Mapped[str]
    playbook: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    resumed: Mapped[int]
    p50_ms: Mapped[float | None]
    p95_ms: Mapped[float | None]
    latency_missing: Mapped[int]
    cost_usd: Mapped[float]
    cost_lines: Mapped[list[Any]]
    erased_at: Mapped[datetime | None]
    problems: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))


class Turn(Base):
    """One turn of a call; seconds count from the call's start."""

    __tablename__ = "turns"

    call_id: Mapped[str] = mapped_column(ForeignKey(Call.call_id), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    role: Mapped[str]
    text: Mapped[str]
    heard_text: Mapped[str]
    interrupted: Mapped[bool]
    start_s: Mapped[float]
    end_s: Mapped[float]
    stt: Mapped[str | None]
    llm: Mapped[str | None]
    tts: Mapped[str | None]


class TurnTiming(Base):
    """Latency of one bot turn. It is apart from the turn, since it may be known later or never."""

    __tablename__ = "turn_latencies"

    call_id: Mapped[str] = mapped_column(ForeignKey(Call.call_id), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    voice_to_voice_ms: Mapped[float | None]
    parts: Mapped[dict[str, Any]]


class Lead(Base):
    """One lead; `revision` counts its saved changes from 1."""

    __tablename__ = "leads"

    lead_id: Mapped[str] = mapped_column(String, primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey(Call.call_id), index=True)
    revision: Mapped[int]
    playbook: Mapped[str]
    disposition: Mapped[str]
    score: Mapped[int]
    score_reasons: Mapped[list[Any]]
    fields: Mapped[dict[str, Any]]
    summary: Mapped[str]
    next_action: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(index=True)
    updated_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]


class LeadField(Base):
    """One field of a lead as sales' SQL wants it.

    `value_text` is the value as plain text (structured values as JSON), null when there is none.
    """

    __tablename__ = "lead_fields"

    lead_id: Mapped[str] = mapped_column(ForeignKey(Lead.lead_id), primary_key=True)
    field: Mapped[str] = mapped_column(String, primary_key=True)
    position: Mapped[int]
    status: Mapped[str] = mapped_column(String)
    value_text: Mapped[str | None]
    evidence: Mapped[list[Any]]


class ConsentEntry(Base):
    """One entry of the consent ledger. It outlives the call and the lead: no key points to them.

    `email_hash` and `phone_hash` are keyed (`bot.storage.consents.Subjects`); they say whether an
    address or a number that somebody brings is that caller's, and nothing else.
    """

    __tablename__ = "consents"

    call_id: Mapped[str] = mapped_column(String, primary_key=True)
    turn: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    matter: Mapped[str] = mapped_column(String, primary_key=True)
    lead_id: Mapped[str] = mapped_column(String, index=True)
    verdict: Mapped[str] = mapped_column(String)
    words: Mapped[str]
    source: Mapped[str] = mapped_column(String)
    at: Mapped[datetime] = mapped_column(index=True)
    email_hash: Mapped[str | None] = mapped_column(String, index=True)
    phone_hash: Mapped[str | None] = mapped_column(String, index=True)
    erased_at: Mapped[datetime | None]
