"""What went wrong with the providers in a call, kept with it.

It only adds a column that may be null, so workers of the revision before may go on writing.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of the calls before, nothing is known."""
    op.add_column("calls", sa.Column("problems", sa.JSON(none_as_null=True), nullable=True))


def downgrade() -> None:
    """Not offered."""
    raise NotImplementedError("restore a backup instead")
