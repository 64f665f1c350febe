"""A disk without room for the journal: the lead goes first, the rest as far as there is room."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from loguru import logger

from bot.storage.backlog import FinishWrite, TurnWrite
from bot.storage.journal import Journal, decode, journal_folder
from bot.storage.recorder import Recorder
from bot.storage.replay import replay_journals
from tests.integration.storage.test_journal import files, journaled, until
from tests.unit.storage.samples import call_of, latency_of, lead_of, turn_of
from tests.unit.storage.test_recorder import FakeDatabase

pytestmark = pytest.mark.integration

TURNS = 60


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return journal_folder(tmp_path)


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, level="INFO")
    yield lines
    logger.remove(sink)


class Disk:
    """Takes so many bytes in one file, and fails as disks do: in the middle of a write, or late."""

    def __init__(self, room_bytes: int, *, only_at_fsync: bool = False) -> None:
        self.room_bytes = room_bytes
        self._only_at_fsync = only_at_fsync

    def write(self, file: int, content: memoryview) -> int:
        room = self.room_bytes - os.fstat(file).st_size
        if self._only_at_fsync or room >= len(content):
            return _write(file, content)
        if room > 0:
            return _write(file, content[:room])  # A part, and the next one fails.
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def fsync(self, file: int) -> None:
        if os.fstat(file).st_size > self.room_bytes:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        _fsync(file)


_write, _fsync = os.write, os.fsync


def put_in(disk: Disk, patch: pytest.MonkeyPatch) -> None:
    patch.setattr("bot.storage.journal.os.write", disk.write)
    patch.setattr("bot.storage.journal.os.fsync", disk.fsync)


async def talk(recorder: Recorder) -> None:
    recorder.start(call_of(), lead_of(score=0))
    for n in range(1, TURNS + 1):
        recorder.turn(turn_of(n, text="x" * 300), lead_of(score=n), latency_of(n))
        if n % 10 == 0:
            await recorder.flush()


@pytest.mark.parametrize("only_at_fsync", [False, True], ids=["at the write", "at the fsync"])
@pytest.mark.parametrize("room_bytes", [40_000, 12_000, 6_000])
async def test_the_newest_lead_is_kept_and_as_many_turns_as_there_is_room_for(
    room_bytes: int,
    only_at_fsync: bool,
    folder: Path,
    log: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_in(Disk(room_bytes, only_at_fsync=only_at_fsync), monkeypatch)
    database = FakeDatabase()
    database.is_away = True
    async with journaled(database, folder) as recorder:
        await talk(recorder)
        # Nothing of it is dropped in memory: the database gets it all if it is back in time.
        assert recorder.pending == TURNS + 1
    [file] = files(folder)
    assert file.stat().st_size <= room_bytes
    assert len([line for line in log if "The disk is full: the journal keeps" in line]) == 1
    records, damaged = decode(file.read_bytes())
    assert damaged == 0
    turns = [write.turn.n for write, _ in records if isinstance(write, TurnWrite)]
    assert turns == list(range(turns[0], TURNS + 1))
    # The next process.
    await replay_journals(back := FakeDatabase(), folder)
    assert back.lead == lead_of(score=TURNS)
    assert back.log[0] == "start call-1"
    assert files(folder) == []


async def test_when_there_is_room_again_all_of_it_is_kept_without_being_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(6_000)
    put_in(disk, monkeypatch)
    monkeypatch.setattr("bot.storage.mirror.RETRY_S", 0.05)
    database = FakeDatabase()
    database.is_away = True
    async with journaled(database, folder) as recorder:
        await talk(recorder)
        disk.room_bytes = 10_000_000
        await until(lambda: len(decode(files(folder)[0].read_bytes())[0]) == TURNS + 1)


async def test_the_end_of_a_long_call_leaves_its_turns_behind_and_keeps_the_lead(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in(Disk(4_000), monkeypatch)
    database = FakeDatabase()
    database.is_away = True
    turns = [turn_of(n, text="x" * 300) for n in range(1, TURNS + 1)]
    async with journaled(database, folder) as recorder:
        recorder.begin_again("call-1")
        ended = call_of(end_reason="completed", turns=turns)
        assert not await recorder.finish(ended, lead_of(score=9))
    [(write, _)], _ = decode(files(folder)[0].read_bytes())
    assert isinstance(write, FinishWrite)
    assert (write.call.end_reason, write.lead.score) == ("completed", 9)


_FILL = """
import asyncio, resource
from pathlib import Path
from bot.storage.journal import Journal
from bot.storage.recorder import Recorder
from tests.unit.storage.samples import call_of, lead_of, turn_of
from tests.unit.storage.test_recorder import FakeDatabase
import sys

async def main():
    # A real refusal of the kernel's, in the middle of a line.
    resource.setrlimit(resource.RLIMIT_FSIZE, (9_000, 9_000))
    database = FakeDatabase()
    database.is_away = True
    journal = Journal(folder=Path(sys.argv[1]), call_id="call-1", token=1)
    async with Recorder(store=database, token=1, journal=journal, flush_timeout_s=0.5) as recorder:
        recorder.start(call_of(), lead_of(score=0))
        for n in range(1, 31):
            recorder.turn(turn_of(n, text="x" * 400), lead_of(score=n))
            await asyncio.sleep(0)
        await recorder.flush()

asyncio.run(main())
"""


async def test_a_limit_of_the_kernels_is_a_full_disk_too(folder: Path) -> None:
    done = subprocess.run(  # noqa: ASYNC221
        [sys.executable, "-c", _FILL, str(folder)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "The disk is full: the journal keeps" in done.stderr
    assert "Traceback" not in done.stderr
    await replay_journals(back := FakeDatabase(), folder)
    assert back.lead == lead_of(score=30)


def test_a_journal_that_could_not_grow_is_whole_up_to_its_last_record(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(folder=folder, call_id="call-1", token=1)
    first, second = (
        TurnWrite(call_id="call-1", turn=turn_of(n), lead=lead_of(score=n), latency=None)
        for n in (1, 2)
    )
    journal.rewrite(journal.encoded([first]))
    put_in(Disk(journal.size + 50), monkeypatch)
    with pytest.raises(OSError, match="No space left"):
        journal.append(journal.encoded([second]))
    journal.close()
    records, damaged = decode(files(folder)[0].read_bytes())
    assert [write for write, _ in records] == [first]
    assert damaged == 0
