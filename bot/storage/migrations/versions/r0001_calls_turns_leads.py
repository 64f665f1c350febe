"""Calls, turns and leads: the first schema.

Revisions do not import the models, which change; a downgrade is not offered, since it would lose
callers' data: restore a backup instead.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "calls",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("transport", sa.Text(), nullable=False),
        sa.Column("playbook", sa.Text(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME),
        sa.Column("end_reason", sa.Text()),
        sa.Column("resumed", sa.Integer(), nullable=False),
        sa.Column("p50_ms", sa.Double()),
        sa.Column("p95_ms", sa.Double()),
        sa.Column("latency_missing", sa.Integer(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.Column("cost_lines", sa.JSON(), nullable=False),
        sa.Column("erased_at", _TIME),
        sa.PrimaryKeyConstraint("call_id", name="pk_calls"),
    )
    op.create_index("ix_calls_lead_id", "calls", ["lead_id"])
    op.create_index("ix_calls_started_at", "calls", ["started_at"])
    op.create_table(
        "turns",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("heard_text", sa.Text(), nullable=False),
        sa.Column("interrupted", sa.Boolean(), nullable=False),
        sa.Column("start_s", sa.Double(), nullable=False),
        sa.Column("end_s", sa.Double(), nullable=False),
        sa.Column("stt", sa.Text()),
        sa.Column("llm", sa.Text()),
        sa.Column("tts", sa.Text()),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"], name="fk_turns_call_id"),
        sa.PrimaryKeyConstraint("call_id", "n", name="pk_turns"),
    )
    op.create_table(
        "turn_latencies",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("voice_to_voice_ms", sa.Double()),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"], name="fk_turn_latencies_call_id"),
        sa.PrimaryKeyConstraint("call_id", "n", name="pk_turn_latencies"),
    )
    op.create_table(
        "leads",
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("playbook", sa.Text(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("score_reasons", sa.JSON(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("next_action", sa.Text(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.Column("erased_at", _TIME),
        sa.ForeignKeyConstraint(["call_id"], ["calls.call_id"], name="fk_leads_call_id"),
        sa.PrimaryKeyConstraint("lead_id", name="pk_leads"),
    )
    op.create_index("ix_leads_call_id", "leads", ["call_id"])
    op.create_index("ix_leads_created_at", "leads", ["created_at"])
    op.create_table(
        "lead_fields",
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("value_text", sa.Text()),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.lead_id"], name="fk_lead_fields_lead_id"),
        sa.PrimaryKeyConstraint("lead_id", "field", name="pk_lead_fields"),
    )


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("restore a backup instead")
