"""The tables of what is live: fences, leases and sessions, and a lead's history.

Times are Unix seconds of the database's own clock, so that the clocks of the machines that share
it need not agree.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Double, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.storage.models import Base, Lead


class Fence(Base):
    """The highest fencing token that was given out for a call; it never goes down."""

    __tablename__ = "fences"

    call_id: Mapped[str] = mapped_column(String, primary_key=True)
    token: Mapped[int] = mapped_column(BigInteger)


class LeaseRow(Base):
    """Who has a call (or a lock) now. `is_call`: an expired one is a call without its bot."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String, primary_key=True)
    holder: Mapped[str]
    token: Mapped[int] = mapped_column(BigInteger)
    is_call: Mapped[bool]
    expires_at: Mapped[float] = mapped_column(Double)


class SessionRow(Base):
    """A call's newest checkpoint, and the words of the turn in progress."""

    __tablename__ = "sessions"

    call_id: Mapped[str] = mapped_column(String, primary_key=True)
    room: Mapped[str] = mapped_column(index=True)
    token: Mapped[int] = mapped_column(BigInteger)
    n: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[str]
    progress: Mapped[str | None]
    progress_expires_at: Mapped[float | None] = mapped_column(Double)
    expires_at: Mapped[float] = mapped_column(Double, index=True)


class LeadRevision(Base):
    """A lead as it was saved, for each of its revisions."""

    __tablename__ = "lead_revisions"

    lead_id: Mapped[str] = mapped_column(ForeignKey(Lead.lead_id), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    disposition: Mapped[str]
    score: Mapped[int]
    fields: Mapped[dict[str, Any]]
    summary: Mapped[str]
    next_action: Mapped[str]
    updated_at: Mapped[datetime]


class SchemaCompat(Base):
    """One row: the oldest revision whose code may still work on this schema.

    Every revision after it only added what older code does not miss: nullable columns, columns
    with a default of the server, tables of their own.
    """

    __tablename__ = "schema_compat"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    oldest_code: Mapped[str] = mapped_column(String)
