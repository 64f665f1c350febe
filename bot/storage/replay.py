"""Journals that dead processes left behind are written to the database by the next one.

Any number of processes may try: a journal's lock lets one at a time in, and none while its owner
lives. What was written already changes nothing when it is written again: calls and turns are
found by their keys, a lead counts up only if it differs, and a bot that lost its call is refused
by the fence.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

from loguru import logger

from bot.storage.backlog import FinishWrite, StartWrite, Write
from bot.storage.journal import decode
from bot.storage.recorder import Recorder, Writer

EVERY_S = 15.0
"""How often a worker looks for journals that the dead have left."""


@dataclass(slots=True)
class ReplayReport:
    """What became of the journals."""

    written: int = 0
    refused: int = 0
    waiting: int = 0
    damaged_records: int = 0


async def replay_journals(store: Writer, folder: Path) -> ReplayReport:
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
            "call), {} wait, {} damaged records left out",
            report.written,
            report.refused,
            report.waiting,
            report.damaged_records,
        )
    return report


async def keep_replaying(store: Writer, folder: Path, *, every_s: float = EVERY_S) -> None:
    """For a worker: until it is cancelled."""
    while True:
        await replay_journals(store, folder)
        await asyncio.sleep(every_s)


async def _replay(store: Writer, path: Path, file: int, report: ReplayReport) -> None:
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
        report.refused += 1
    else:
        report.written += 1
    await asyncio.to_thread(path.unlink, missing_ok=True)


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
