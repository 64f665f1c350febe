"""What the database did not take is kept on disk, and written once, in order, when it is back."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from loguru import logger

from bot.storage.backlog import FinishWrite, StartWrite, TurnWrite, Write
from bot.storage.journal import Journal, decode, encode, journal_folder
from bot.storage.recorder import Recorder
from bot.storage.replay import replay_journals
from bot.storage.store import Store
from tests.integration.storage.conftest import environment_of, settings_for
from tests.servers.postgres import PostgresFactory
from tests.unit.storage.samples import PERSONAL, call_of, latency_of, lead_of, turn_of
from tests.unit.storage.test_recorder import FakeDatabase

pytestmark = pytest.mark.integration


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return journal_folder(tmp_path)


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, level="INFO")
    yield lines
    logger.remove(sink)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


async def until(condition: Callable[[], object], timeout_s: float = 10) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens on a disk.
            await asyncio.sleep(0.01)


def journaled(database: FakeDatabase, folder: Path, **limits: int) -> Recorder:
    return Recorder(
        store=database,
        token=1,
        journal=Journal(folder=folder, call_id="call-1", token=1, **limits),
        flush_timeout_s=0.2,
        retry_first_s=0.001,
        retry_longest_s=0.01,
    )


async def test_a_healthy_database_costs_no_journal(folder: Path) -> None:
    database = FakeDatabase()
    async with journaled(database, folder) as recorder:
        recorder.start(call_of(), lead_of())
        recorder.turn(turn_of(1), lead_of(score=1))
        assert await recorder.finish(call_of(end_reason="completed"), lead_of(score=2))
    assert not folder.exists()


async def test_what_a_call_could_not_write_is_written_by_the_next_process(
    folder: Path, log: list[str]
) -> None:
    database = FakeDatabase()
    database.is_away = True
    async with journaled(database, folder) as recorder:
        recorder.start(call_of(), lead_of(score=0))
        for n in (1, 2, 3):
            recorder.turn(turn_of(n), lead_of(score=n), latency_of(n))
        assert not await recorder.finish(call_of(end_reason="completed"), lead_of(score=9))
    [file] = files(folder)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert any("next process" in line for line in log)
    database.is_away = False
    report = await replay_journals(database, folder)
    assert (report.written, report.waiting) == (1, 0)
    assert database.log == ["start call-1", "turn 1", "turn 2", "turn 3", "finish completed"]
    assert database.lead == lead_of(score=9)
    assert files(folder) == []
    assert not [line for line in log if any(word in line for word in PERSONAL)]


async def test_a_journal_that_was_drained_is_gone_before_anything_newer_is_written(
    folder: Path,
) -> None:
    database = FakeDatabase()
    database.is_away = True
    async with journaled(database, folder) as recorder:
        recorder.start(call_of(), lead_of(score=0))
        recorder.turn(turn_of(1), lead_of(score=1))
        await until(lambda: files(folder))
        database.is_away = False
        await until(lambda: recorder.pending == 0 and not files(folder))
        recorder.turn(turn_of(2), lead_of(score=2))
        assert await recorder.flush()
        assert not files(folder)


async def test_a_database_that_hangs_is_not_waited_for_with_the_journal(folder: Path) -> None:
    database = FakeDatabase()
    database.answers.clear()
    async with journaled(database, folder) as recorder:
        recorder.start(call_of(), lead_of(score=0))
        recorder.turn(turn_of(1), lead_of(score=1))
        await until(lambda: files(folder) and len(decode(files(folder)[0].read_bytes())[0]) == 2)
        recorder.turn(turn_of(2), lead_of(score=2))
        await until(lambda: len(decode(files(folder)[0].read_bytes())[0]) == 3)
        database.answers.set()
        await until(lambda: recorder.pending == 0)


async def test_the_journal_of_a_process_that_lives_is_left_to_it(folder: Path) -> None:
    database = FakeDatabase()
    database.is_away = True
    async with journaled(database, folder) as recorder:
        recorder.start(call_of(), lead_of())
        await until(lambda: files(folder))
        report = await replay_journals(FakeDatabase(), folder)
        assert (report.written, report.waiting, report.refused) == (0, 0, 0)
        assert files(folder)
        database.is_away = False
        assert await recorder.flush()


async def test_a_full_journal_drops_latencies_then_turns_and_never_the_lead(
    folder: Path, log: list[str]
) -> None:
    database = FakeDatabase()
    database.is_away = True
    async with journaled(database, folder, limit_bytes=12_000) as recorder:
        recorder.start(call_of(), lead_of(score=0))
        for n in range(1, 200):
            recorder.turn(turn_of(n, text="x" * 200), lead_of(score=n), latency_of(n))
        assert not await recorder.flush()
    [file] = files(folder)
    assert file.stat().st_size <= 12_000
    assert any("journal is full" in line for line in log)
    await replay_journals(database_back := FakeDatabase(), folder)
    assert database_back.lead == lead_of(score=199)
    kept = sorted(database_back.turns)
    assert kept == list(range(kept[0], 200))
    assert len(kept) > 3


async def test_a_full_disk_is_said_once_and_the_call_goes_on(
    folder: Path, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: int, _content: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("bot.storage.journal.os.write", full)
    database = FakeDatabase()
    database.is_away = True
    async with journaled(database, folder) as recorder:
        recorder.start(call_of(), lead_of(score=0))
        for n in range(1, 6):
            recorder.turn(turn_of(n), lead_of(score=n))
            assert not await recorder.flush()
        assert files(folder) == []
        database.is_away = False
        await until(lambda: recorder.pending == 0)
    assert database.lead == lead_of(score=5)
    assert len([line for line in log if "No space left" in line]) == 1


async def test_a_bot_that_lost_its_call_cannot_write_by_its_journal_either(
    store: Store, folder: Path
) -> None:
    folder.mkdir(parents=True)
    await store.start_call(call_of(), lead_of(score=5), token=2)
    stale = folder / "call-1-1.journal"
    stale.write_bytes(
        encode(TurnWrite(call_id="call-1", turn=turn_of(7), lead=lead_of(score=1), latency=None), 1)
    )
    report = await replay_journals(store, folder)
    assert (report.refused, report.written) == (1, 0)
    assert not stale.exists()
    assert (await store.lead("lead-1")).score == 5
    assert (await store.call("call-1")).turns == []


async def test_what_was_written_already_changes_nothing_when_it_is_written_again(
    store: Store, folder: Path
) -> None:
    folder.mkdir(parents=True)
    writes: list[Write] = [
        StartWrite(call=call_of(), lead=lead_of(score=0)),
        TurnWrite(call_id="call-1", turn=turn_of(1), lead=lead_of(score=1), latency=latency_of(1)),
        FinishWrite(call=call_of(end_reason="completed"), lead=lead_of(score=2)),
    ]
    for _ in range(3):
        (folder / "call-1-1.journal").write_bytes(b"".join(encode(w, 1) for w in writes))
        assert (await replay_journals(store, folder)).written == 1
    first = await store.lead("lead-1")
    assert first.score == 2
    (folder / "call-1-1.journal").write_bytes(b"".join(encode(w, 1) for w in writes[-1:]))
    await replay_journals(store, folder)
    assert (await store.lead("lead-1")).revision == first.revision


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    events=st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.booleans()), max_size=8),
    cut=st.floats(0, 1),
    ends=st.booleans(),
)
def test_a_journal_cut_at_any_byte_is_its_whole_records_and_no_more(
    tmp_path: Path, events: list[tuple[int, bool, bool]], cut: float, ends: bool
) -> None:
    name = uuid4().hex
    call, lead = call_of(name), lead_of(name, score=0)
    writes: list[Write] = [StartWrite(call=call, lead=lead)]
    for i, (n, has_lead, has_latency) in enumerate(events, start=1):
        writes.append(
            TurnWrite(
                call_id=call.call_id,
                turn=turn_of(n, text=f"é\n\U0001f600 {i}"),
                lead=lead_of(name, score=i) if has_lead else None,
                latency=latency_of(n, float(i)) if has_latency else None,
            )
        )
    if ends:
        end = call_of(name, end_reason="completed")
        writes.append(FinishWrite(call=end, lead=lead_of(name, score=99)))
    lines = [encode(write, 1) for write in writes]
    content = b"".join(lines)
    kept = content[: round(cut * len(content))]
    whole = 0
    # A line without its newline is whole, too: its checksum says so.
    while whole < len(lines) and len(b"".join(lines[: whole + 1])) - 1 <= len(kept):
        whole += 1

    folder = journal_folder(tmp_path)
    folder.mkdir(exist_ok=True)
    (folder / f"{call.call_id}-1.journal").write_bytes(kept)

    async def replayed() -> None:
        async with Store.opened(settings_for(tmp_path)) as store:
            await replay_journals(store, folder)
            known = [record.call_id for record in await store.calls(limit=10_000)]
            assert (call.call_id in known) == (whole > 0)
            if whole == 0:
                return
            turns: dict[int, str] = {}
            score, end_reason = 0, None
            for write in writes[:whole]:
                if isinstance(write, TurnWrite):
                    turns[write.turn.n] = write.turn.text
                    score = write.lead.score if write.lead else score
                elif isinstance(write, FinishWrite):
                    score, end_reason = write.lead.score, write.call.end_reason
            stored = await store.call(call.call_id)
            assert {turn.n: turn.text for turn in stored.turns} == turns
            assert stored.end_reason == end_reason
            assert (await store.lead(lead.lead_id)).score == score

    asyncio.run(replayed())
    assert files(folder) == []


@given(at=st.integers(0, 10_000), byte=st.integers(0, 255))
def test_a_damaged_record_costs_itself_alone(at: int, byte: int) -> None:
    writes = [TurnWrite(call_id="c", turn=turn_of(n), lead=None, latency=None) for n in range(1, 6)]
    content = bytearray(b"".join(encode(write, 1) for write in writes))
    content[at % len(content)] = byte
    records, _ = decode(bytes(content))
    found = [write for write, _ in records]
    assert len(found) >= 3
    assert all(write in writes for write in found)


_CALL = """
import asyncio, itertools, sys
from bot.config import load_settings
from bot.storage.engine import make_engine
from bot.storage.journal import Journal, journal_folder
from bot.storage.recorder import Recorder
from bot.storage.store import Store
from tests.unit.storage.samples import call_of, lead_of, turn_of

async def main():
    settings = load_settings()
    store = Store(engine=make_engine(settings), timeout_s=0.5)
    journal = Journal(folder=journal_folder(settings.data_dir), call_id="call-1", token=1)
    async with Recorder(store=store, token=1, journal=journal, flush_timeout_s=60) as recorder:
        recorder.start(call_of(), lead_of(score=0))
        await recorder.flush()
        print("ready", flush=True)
        sys.stdin.readline()
        for n in range(1, 6):
            recorder.turn(turn_of(n), lead_of(score=n))
        while not (journal.exists and journal.size > 2000):
            await asyncio.sleep(0.01)
        await recorder._mirror.settle()
        print("kept", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def test_postgres_hangs_the_process_is_killed_and_the_next_one_writes_it_all(
    tmp_path: Path, new_postgres_server: PostgresFactory
) -> None:
    server = new_postgres_server()
    configured = settings_for(tmp_path, server.new_database())
    async with Store.opened(configured):
        pass
    with subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", _CALL],
        env=environment_of(configured),
        cwd=Path(__file__).parents[3],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        server.pause()
        process.stdin.write("go\n")
        process.stdin.flush()
        assert process.stdout.readline() == "kept\n"
        process.send_signal(signal.SIGKILL)
    folder = journal_folder(configured.data_dir)
    server.resume()
    async with Store.opened(configured) as store:
        assert (await replay_journals(store, folder)).written == 1
        assert [turn.n for turn in (await store.call("call-1")).turns] == [1, 2, 3, 4, 5]
        lead = await store.lead("lead-1")
        assert (lead.score, lead.revision) == (5, 2)
        assert (await replay_journals(store, folder)).written == 0
