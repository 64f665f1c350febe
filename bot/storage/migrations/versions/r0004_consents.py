"""The ledger of consent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the table. No foreign key: the ledger outlives calls and leads."""
    op.create_table(
        "consents",
        sa.Column("call_id", sa.String(), nullable=False),
        sa.Column("turn", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("matter", sa.String(), nullable=False),
        sa.Column("lead_id", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("email_hash", sa.String()),
        sa.Column("phone_hash", sa.String()),
        sa.Column("erased_at", _TIME),
        sa.PrimaryKeyConstraint("call_id", "turn", "matter", name="pk_consents"),
    )
    for column in ("lead_id", "at", "email_hash", "phone_hash"):
        op.create_index(f"ix_consents_{column}", "consents", [column])


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("restore a backup instead")
