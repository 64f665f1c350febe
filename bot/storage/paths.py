"""Where a SQLite database lives."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import URL


def sqlite_file(url: URL) -> Path | None:
    """The file of a SQLite URL, or None for a database in memory."""
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return None
    return Path(url.database).expanduser()
