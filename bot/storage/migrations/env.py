"""Alembic's environment: it runs on the connection, and in the transaction, that it is given."""

from __future__ import annotations

from alembic import context

from bot.storage import live_models  # noqa: F401 - its tables belong to the metadata.
from bot.storage.models import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    # We begin SQLite's transactions ourselves, so its DDL is transactional, too.
    transactional_ddl=True,
    # SQLite changes a table by copying it.
    render_as_batch=True,
)
context.run_migrations()
