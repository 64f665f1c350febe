"""What can go wrong with the database, as one line without a secret or a caller's word in it."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

if TYPE_CHECKING:
    import psycopg

from bot.errors import LeadlineError


class StorageError(LeadlineError):
    """The database cannot be used, or it refused what was to be written: trying again is vain."""


class StorageUnavailableError(StorageError):
    """The database is away, busy or too slow: trying again later may well succeed."""


class NewerDatabaseError(StorageError):
    """The database was made by a newer version (or by another application)."""


class LeaseReservedError(StorageUnavailableError):
    """Somebody asks for a lease that is held, and has no token yet: not decided."""


class StaleTokenError(StorageError):
    """Another bot has taken the call over: this one must neither write nor speak any more."""


class SessionUnreadableError(StorageError):
    """A session was written by another version, or is damaged: it is not half-read."""


class UnknownIdError(StorageError):
    """No such lead or call."""


class AmbiguousIdError(StorageError):
    """Several leads or calls begin with these letters."""


class ErasedError(StorageError):
    """The lead or call was there, and was erased on request."""


_SQLITE_MEANINGS = (
    ("readonly", "is read-only; make it writable, or set LEADLINE_DATA_DIR to another directory"),
    ("full", "cannot grow: the disk is full; free some space, or set LEADLINE_DATA_DIR"),
    ("disk i/o", "cannot be read or written (disk I/O error); check the disk, or its free space"),
    ("unable to open", "cannot be opened; check that its directory exists and is writable"),
    ("not a database", "is not a SQLite database; move it away, or set LEADLINE_DATA_DIR"),
    ("malformed", "is damaged; restore a backup, or move the file away to begin a new one"),
)
_SQLITE_TRANSIENT = ("locked", "busy", "disk i/o", "full", "readonly")

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRES_MEANINGS = {
    "28P01": "refused the password; correct DATABASE_URL",
    "28000": "refused the user; correct DATABASE_URL",
    "3D000": "has no such database; create it, or correct DATABASE_URL",
    "42501": "does not allow this to its user; grant the rights, or use the tables' owner",
    "25006": "is read-only (a standby?); point DATABASE_URL to the primary",
    "42P07": "has tables that Leadline did not make; give Leadline a database or schema of its own",
}
_POSTGRES_TRANSIENT_CLASSES = ("08", "40", "53", "55", "57", "58", "25006")
# Errors during the connection carry no SQLSTATE, only libpq's words.
_LIBPQ_MEANINGS = (
    ("password authentication failed", _POSTGRES_MEANINGS["28P01"]),
    ("no password supplied", "wants a password; put one into DATABASE_URL"),
    ("no pg_hba.conf entry", _POSTGRES_MEANINGS["28000"]),
    (" does not exist", "has no such user or database; create it, or correct DATABASE_URL"),
    ("name or service not known", "cannot be found; check the host in DATABASE_URL"),
    ("could not translate host name", "cannot be found; check the host in DATABASE_URL"),
    ("failed to resolve host", "cannot be found; check the host in DATABASE_URL"),
    ("connection refused", "refuses connections; is it running? Check DATABASE_URL"),
    ("no such file or directory", "is not there; is it running? Check DATABASE_URL"),
    ("timeout", "does not answer; is it running? Check DATABASE_URL"),
    ("too many clients", "has no connection left; raise max_connections, or run fewer workers"),
    ("starting up", "is starting up; try again in a moment"),
    ("shutting down", "is shutting down; try again in a moment"),
)


def place(url: URL) -> str:
    """The database's name for users: the file, or host and database; never a password."""
    if url.get_backend_name() == "sqlite":
        return f"the database {url.database or ':memory:'}"
    hosts = url.query.get("host", url.host or "localhost")
    host = hosts if isinstance(hosts, str) else ",".join(hosts)
    port = f":{url.port}" if url.port else ""
    return f"the database {url.database or url.username or ''} on {host}{port}"


def translate(error: SQLAlchemyError, url: URL) -> StorageError:
    """The one line for a failure of the driver; its parameters and details are left out."""
    where = place(url)
    if isinstance(error, PoolTimeoutError):
        return StorageUnavailableError(f"{where} is too busy: no connection came free in time")
    if not isinstance(error, DBAPIError) or error.orig is None:
        return StorageError(f"{where} refused a record ({type(error).__name__})")
    cause = error.orig
    if url.get_backend_name() == "sqlite":
        return _from_sqlite(cause, where)
    import psycopg  # Slow, and not needed for SQLite.

    if isinstance(cause, psycopg.Error):
        transient = isinstance(cause, psycopg.OperationalError | psycopg.InterfaceError)
        return _from_postgres(cause, where, transient=transient)
    return StorageError(f"{where} refused a record ({type(cause).__name__})")


def _from_sqlite(cause: BaseException, where: str) -> StorageError:
    message = str(cause).lower()
    if not isinstance(cause, sqlite3.Error):
        return StorageError(f"{where} refused a record ({type(cause).__name__})")
    transient = any(word in message for word in _SQLITE_TRANSIENT)
    kind = StorageUnavailableError if transient else StorageError
    for word, meaning in _SQLITE_MEANINGS:
        if word in message:
            return kind(f"{where} {meaning}")
    if transient:
        return kind(f"{where} is locked by another process; try again when it is done")
    if "already exists" in message:
        return kind(f"{where} has tables that Leadline did not make; set LEADLINE_DATA_DIR")
    return kind(f"{where} refused a record ({type(cause).__name__})")


def _from_postgres(cause: psycopg.Error, where: str, *, transient: bool) -> StorageError:
    if cause.sqlstate is not None:
        transient = cause.sqlstate.startswith(_POSTGRES_TRANSIENT_CLASSES)
        kind = StorageUnavailableError if transient else StorageError
        meaning = _POSTGRES_MEANINGS.get(
            cause.sqlstate, f"refused a record ({type(cause).__name__}, {cause.sqlstate})"
        )
        return kind(f"{where} {meaning}")
    if not transient:
        return StorageError(f"{where} refused a record ({type(cause).__name__})")
    message = str(cause).lower()
    for words, meaning in _LIBPQ_MEANINGS:
        if words in message:
            return StorageUnavailableError(f"{where} {meaning}")
    return StorageUnavailableError(f"{where} went away; is it running? Check DATABASE_URL")


def directory_error(path: Path, error: OSError, setting: str) -> StorageError:
    """The line for a data directory that cannot be made or written."""
    reason = re.sub(r"^\[Errno \d+\] ", "", error.strerror or type(error).__name__)
    return StorageError(
        f"{setting}: {path} cannot be used ({reason}); make it writable, or set {setting} to "
        "another directory"
    )
