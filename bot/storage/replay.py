"""Journals that dead processes left behind are written to the database by the next one.

Any number of processes may try: a journal's lock lets one at a time in, and none while its owner
lives. What was written already changes nothing when it is written again: calls and turns are
found by their keys, a lead counts up only if it differs. A bot that lost its call is refused by the
fence; what it alone knows is saved when the call is over (`bot.storage.salvage`).
"""

from __future__ import annotations

import asyncio
import fcntl
import glob
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from loguru import logger

from bot.storage.backlog import FinishWrite, StartWrite, Write
from bot.storage.errors import StorageError, StorageUnavailableError
from bot.storage.journal import decode, file_name
from bot.storage.recorder import Recorder, Writer
from bot.storage.salvage import Remains, Salvage

EVERY_S = 15.0
"""How often a worker looks for journals that the dead have left."""


@dataclass(slots=True)
class ReplayReport:
    """What became of the journals."""

    written: int = 0
    refused: int = 0
    salvaged: int = 0
    waiting: int = 0
    damaged_records: int = 0


class Salvager(Writer, Protocol):
    """What journals are written to; a `Store` is one."""

    async def salvage(self, remains: Remains) -> Salvage:
        """Save what nobody else knows."""


async def replay_journals(store: Salvager, folder: Path) -> ReplayReport:
    """Write every journal whose owner is gone; those that cannot be written now stay.

    Never raises for a journal or a database that is in trouble.
    """
    report = ReplayReport()
    for path in sorted(await asyncio.to_thread(lambda: list(folder.glob("*.journal")))):
        try:
            file = await asyncio.to_thread(_locked, path)
        except OSError as error:
            logger.warning("A journal cannot be read: {}", error.strerror)
            continue
        if file is None:
            continue
        try:
            await _replay(store, path, file, report)
        finally:
            os.close(file)
    if report != ReplayReport():
        logger.info(
            "Journals of earlier processes: {} written, {} refused (others went on with the "
            "call), {} salvaged in part, {} wait, {} damaged records left out",
            report.written,
            report.refused,
            report.salvaged,
            report.waiting,
            report.damaged_records,
        )
    return report


def discard_journals(folder: Path, call_id: str) -> None:
    """Remove what dead processes have left of a call. Blocks.

    A process that lives keeps its own, until the database has refused what is in it.
    """
    for path in folder.glob(f"{glob.escape(file_name(call_id))}-*.journal"):
        try:
            file = _locked(path)
        except OSError as error:
            logger.warning("A journal cannot be read: {}", error.strerror)
            continue
        if file is not None:
            path.unlink(missing_ok=True)
            os.close(file)


async def keep_replaying(store: Salvager, folder: Path, *, every_s: float = EVERY_S) -> None:
    """For a worker: until it is cancelled."""
    while True:
        await replay_journals(store, folder)
        await asyncio.sleep(every_s)


async def _replay(store: Salvager, path: Path, file: int, report: ReplayReport) -> None:
    records, damaged = decode(await asyncio.to_thread(_content, file))
    report.damaged_records += damaged
    stale: list[str] = []
    if records:
        token = records[-1][1]
        async with Recorder(store=store, token=token, on_stale=stale.append) as recorder:
            recorder.begin_again(_call_id(records[0][0]))
            for write, _ in records:
                recorder.again(write)
            if not await recorder.flush():
                recorder.abandon()
                report.waiting += 1
                return
    if stale:
        verdict = await _salvaged(store, [write for write, _ in records])
        if verdict is Salvage.LATER:
            report.waiting += 1
            return
        report.salvaged += verdict is Salvage.SAVED
        report.refused += verdict is Salvage.NOTHING_NEW
    else:
        report.written += 1
    await asyncio.to_thread(path.unlink, missing_ok=True)


async def _salvaged(store: Salvager, writes: list[Write]) -> Salvage:
    remains = Remains.of(writes)
    if remains is None:
        return Salvage.NOTHING_NEW
    try:
        return await store.salvage(remains)
    except StorageUnavailableError:
        return Salvage.LATER
    except Exception as error:
        # Its message may quote the caller.
        reason = str(error) if isinstance(error, StorageError) else type(error).__name__
        logger.error("What a journal alone knows is not saved: {}", reason)
        return Salvage.NOTHING_NEW


def _locked(path: Path) -> int | None:
    """The file, locked; None if its owner lives, or it was replaced or removed meanwhile."""
    try:
        file = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(file).st_ino:
            return file
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(file)
    return None


def _content(file: int) -> bytes:
    with os.fdopen(os.dup(file), "rb") as reader:
        reader.seek(0)
        return reader.read()


def _call_id(write: Write) -> str:
    if isinstance(write, StartWrite | FinishWrite):
        return write.call.call_id
    return write.call_id
