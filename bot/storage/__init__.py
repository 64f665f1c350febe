"""What outlives a call: calls, turns and leads in SQLite or Postgres."""

from __future__ import annotations

from bot.storage.errors import (
    AmbiguousIdError,
    ErasedError,
    NewerDatabaseError,
    StorageError,
    StorageUnavailableError,
    UnknownIdError,
)
from bot.storage.recorder import Recorder
from bot.storage.store import Store

__all__ = [
    "AmbiguousIdError",
    "ErasedError",
    "NewerDatabaseError",
    "Recorder",
    "StorageError",
    "StorageUnavailableError",
    "Store",
    "UnknownIdError",
]
