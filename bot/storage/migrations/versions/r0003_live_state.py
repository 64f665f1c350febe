"""Fences, leases, sessions, a lead's history, and a view of how calls ended.

It only adds, so workers of the revision before may go on writing during a deployment:
`schema_compat` says so to every later version. A revision after which older code must not write
any more sets `schema_compat.oldest_code` to itself.

A later revision that rebuilds `calls` or `leads` on SQLite must drop the view first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

_OUTCOMES = """
CREATE VIEW call_outcomes AS
SELECT c.call_id, c.playbook, c.transport, c.started_at, c.ended_at, c.end_reason, c.resumed,
       c.p50_ms, c.p95_ms, c.cost_usd,
       l.lead_id, l.revision, l.disposition, l.score
FROM calls c LEFT JOIN leads l ON l.call_id = c.call_id
"""


def upgrade() -> None:
    """Create the tables and the view."""
    op.create_table(
        "fences",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_fences"),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("is_call", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_leases"),
    )
    op.create_table(
        "sessions",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("progress", sa.Text()),
        sa.Column("progress_expires_at", sa.Double()),
        sa.Column("expires_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_sessions"),
    )
    op.create_index("ix_sessions_room", "sessions", ["room"])
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"])
    op.create_table(
        "lead_revisions",
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("next_action", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.lead_id"], name="fk_lead_revisions_lead_id"),
        sa.PrimaryKeyConstraint("lead_id", "revision", name="pk_lead_revisions"),
    )
    compat = op.create_table(
        "schema_compat",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("oldest_code", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schema_compat"),
    )
    op.bulk_insert(compat, [{"id": 1, "oldest_code": "0001"}])
    op.execute(_OUTCOMES)


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("restore a backup instead")
