"""The async engine: the same manners for SQLite and Postgres, with a limit to every wait."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from loguru import logger
from sqlalchemy import URL, AsyncAdaptedQueuePool, event, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.config import Settings
from bot.storage.errors import StorageUnavailableError, directory_error, place, translate
from bot.storage.paths import sqlite_file

T = TypeVar("T")

# A transaction takes milliseconds; who waits longer has a database that hangs.
TRANSACTION_TIMEOUT_S = 5.0
CONNECT_TIMEOUT_S = 4
# Less than the transaction's, so that a locked file is named as such.
SQLITE_BUSY_TIMEOUT_MS = 4000
# One call writes one transaction at a time; the rest is for readers in the same process.
POOL_SIZE = 2
POOL_OVERFLOW = 3
_GRACE_AFTER_CANCEL_S = 0.25

# An execution option: what the engine begins a transaction with on SQLite.
WRITES = {"sqlite_begin": "BEGIN IMMEDIATE"}


def make_engine(settings: Settings) -> AsyncEngine:
    """An engine for the settings' database. A SQLite file and its folder are made, private.

    Raises:
        StorageError: if the folder or the file cannot be made.
    """
    url = make_url(settings.sqlalchemy_url)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(
            url, "LEADLINE_DATA_DIR" if settings.database_url is None else "DATABASE_URL"
        )
    return _postgres_engine(url)


async def bounded(work: Awaitable[T], timeout_s: float) -> T:
    """Await `work`, at most `timeout_s`, even if it resists its cancellation.

    A driver that is cancelled may first wait for a server that hangs. It is cancelled twice, and
    then left to itself: a call must not wait for it.

    Raises:
        TimeoutError: if it took longer.
    """
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=timeout_s)
        if task.done():
            return task.result()
        for _attempt in range(2):
            task.cancel()
            await asyncio.wait({task}, timeout=_GRACE_AFTER_CANCEL_S)
            if task.done():
                break
        if task.done() and not task.cancelled() and task.exception() is None:
            return task.result()  # It came through at the last moment.
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_forget)
    raise TimeoutError


async def guarded(engine: AsyncEngine, work: Coroutine[Any, Any, T], timeout_s: float) -> T:
    """Await `work` on the engine as `bounded` does, and name what fails in one line.

    Raises:
        StorageUnavailableError: if the database is away or too slow.
        StorageError: if it refuses.
    """
    try:
        return await bounded(work, timeout_s)
    except TimeoutError:
        raise StorageUnavailableError(
            f"{place(engine.url)} did not answer within {timeout_s:g} s"
        ) from None
    except SQLAlchemyError as error:
        raise translate(error, engine.url) from None
    except OSError as error:
        raise StorageUnavailableError(
            f"{place(engine.url)} cannot be reached ({type(error).__name__})"
        ) from None


def _forget(task: asyncio.Future[Any]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.debug("An abandoned database transaction ended: {}", type(error).__name__)


def _sqlite_engine(url: URL, setting: str) -> AsyncEngine:
    path = sqlite_file(url)
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # SQLite gives its -wal and -shm files the mode of the database.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise directory_error(path.parent, error, setting) from None
    engine = create_async_engine(
        url,
        poolclass=AsyncAdaptedQueuePool,
        # A database in memory lives in its one connection.
        pool_size=POOL_SIZE if path is not None else 1,
        max_overflow=POOL_OVERFLOW if path is not None else 0,
        pool_timeout=TRANSACTION_TIMEOUT_S,
        hide_parameters=True,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: we choose how each one begins.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            f"busy_timeout={SQLITE_BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",  # `leads list` reads while a call writes.
            "synchronous=FULL",  # A saved turn survives a power cut, too.
            "foreign_keys=ON",
            "secure_delete=ON",  # What is erased is overwritten in the file.
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Any) -> None:
        # A transaction that reads first and writes later would fail at once, without waiting,
        # when another one wrote in between; writers therefore take the lock at the beginning.
        options = connection.get_execution_options()
        connection.exec_driver_sql(options.get("sqlite_begin", "BEGIN"))

    return engine


def _postgres_engine(url: URL) -> AsyncEngine:
    defaults: dict[str, Any] = {
        "connect_timeout": CONNECT_TIMEOUT_S,
        "application_name": "leadline",
        # A host that vanished without a word is noticed within seconds.
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 3,
        "tcp_user_timeout": 10_000,
    }
    arguments = {name: value for name, value in defaults.items() if name not in url.query}
    return create_async_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=TRANSACTION_TIMEOUT_S,
        pool_pre_ping=True,
        hide_parameters=True,
        # Server-side prepared statements break behind PgBouncer's transaction pooling.
        connect_args={**arguments, "prepare_threshold": None},
    )
