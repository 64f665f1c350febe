"""A fleet to kill: workers as an operator starts them, on servers of their own.

They live with the tests, whose servers they are; the benchmark runs from a clone.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil  # type: ignore[import-untyped]

from bot.bench.recovery.plan import Target
from bot.config import Settings, load_settings
from bot.errors import LeadlineError

if TYPE_CHECKING:
    from tests.servers.process import ServerProcess

START_TIMEOUT_S: Final = 120.0
GONE_WITHIN_S: Final = 15.0
POLL_S: Final = 0.2
_WARM = re.compile(r"Process (\d+) waits warm")
_HELD = re.compile(r"Call (\S+) is held by process (\d+)")


class Fleet:
    """Some workers, each with a log. Use `fleet()`."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        """Nobody works yet. `folder` takes the logs."""
        self._folder = folder
        self._settings = settings
        self._workers: list[tuple[ServerProcess, Path]] = []

    async def grow_to(self, count: int) -> None:
        """Start workers until so many run.

        Raises:
            LeadlineError: one does not start.
        """
        running = [worker for worker in self._workers if worker[0].is_running]
        await asyncio.gather(*(self._start() for _ in range(count - len(running))))
        await self.warm(count)

    async def warm(self, workers: int) -> None:
        """Wait until every worker has its idle processes again.

        Raises:
            LeadlineError: they do not start.
        """
        idle = self._settings.worker_idle_processes * workers
        for _ in range(round(START_TIMEOUT_S / POLL_S)):
            if len(self._idle()) >= idle:
                return
            await asyncio.sleep(POLL_S)
        raise LeadlineError(f"the workers' processes are not warm within {START_TIMEOUT_S:.0f} s")

    def _idle(self) -> set[int]:
        warm, busy = set[int](), set[int]()
        for text in self._running_logs():
            warm |= {int(pid) for pid in _WARM.findall(text)}
            busy |= {int(pid) for _, pid in _HELD.findall(text)}
        return {pid for pid in warm - busy if _is_alive(pid)}

    def _running_logs(self) -> list[str]:
        return [
            log.read_text(errors="replace")
            for process, log in self._workers
            if process.is_running and log.exists()
        ]

    async def _start(self) -> None:
        from tests.servers.process import ServerNotStartedError, ServerProcess

        log = self._folder / f"worker-{len(self._workers) + 1}.log"
        process = ServerProcess(
            command=[sys.executable, "-m", "bot", "worker"],
            log=log,
            is_ready=lambda: "Serving" in (log.read_text() if log.exists() else ""),
            environment={**os.environ, "LEADLINE_WORKER_PORT": "0"},
        )
        self._workers.append((process, log))
        try:
            await asyncio.to_thread(process.start, START_TIMEOUT_S)
        except ServerNotStartedError as error:
            raise LeadlineError(f"a worker does not start: {error}") from None

    def holder(self, call_id: str) -> int | None:
        """The process that has a call, as its worker's log says."""
        held = self.holders(call_id)
        return held[-1] if held else None

    def holders(self, call_id: str) -> list[int]:
        """All processes that had the call and live, the newest last."""
        return [
            int(pid)
            for text in self._running_logs()
            for call, pid in _HELD.findall(text)
            if call == call_id and _is_alive(int(pid))
        ]

    def kill(self, call_id: str, target: Target) -> int:
        """Kill -9 the call's process, or its worker with all processes; the process's id.

        Raises:
            LeadlineError: nobody has the call.
        """
        pid = self.holder(call_id)
        if pid is None:
            raise LeadlineError(f"no process has call {call_id}")
        if target is Target.JOB:
            psutil.Process(pid).kill()
            return pid
        parents = {each.pid for each in psutil.Process(pid).parents()}
        worker = next(
            process for process, _ in self._workers if process.is_running and process.pid in parents
        )
        victims = psutil.Process(worker.pid).children(recursive=True)
        worker.kill()
        for victim in victims:
            if victim.is_running():
                victim.kill()
        return pid

    async def is_rid_of(self, pids: list[int]) -> bool:
        """Whether these processes end within a while."""
        for _ in range(round(GONE_WITHIN_S / 0.1)):
            if not any(_is_alive(pid) for pid in pids):
                return True
            await asyncio.sleep(0.1)
        return False

    async def stop(self) -> list[int]:
        """End every worker as an operator would; the processes that are left behind."""
        children = [
            child.pid
            for process, _ in self._workers
            if process.is_running
            for child in psutil.Process(process.pid).children(recursive=True)
        ]
        await asyncio.gather(*(asyncio.to_thread(process.stop) for process, _ in self._workers))
        await self.is_rid_of(children)
        return [pid for pid in children if _is_alive(pid)]

    def kill_all(self) -> None:
        """In the end, whatever happened."""
        for process, _ in self._workers:
            process.kill()

    @property
    def logs(self) -> str:
        """What the workers have written."""
        return "\n".join(
            f"--- {log.name}\n{log.read_text(errors='replace')}"
            for _, log in self._workers
            if log.exists()
        )


@asynccontextmanager
async def fleet(folder: Path) -> AsyncIterator[Fleet]:
    """A Valkey and a Postgres, named to the workers by the environment; workers come later.

    Raises:
        LeadlineError: they are not installed.
    """
    from tests.servers.postgres import PostgresServer
    from tests.servers.process import ServerNotStartedError
    from tests.servers.valkey import ValkeyServer

    async with AsyncExitStack() as stack:
        try:
            valkey = await asyncio.to_thread(ValkeyServer)
            stack.callback(valkey.close)
            await asyncio.to_thread(valkey.start)
            postgres = await asyncio.to_thread(PostgresServer)
            stack.callback(postgres.close)
            await asyncio.to_thread(postgres.start)
        except (ServerNotStartedError, OSError) as error:
            raise LeadlineError(f"bench recovery needs Valkey and Postgres: {error}") from None
        os.environ["REDIS_URL"] = valkey.url
        os.environ["DATABASE_URL"] = await asyncio.to_thread(postgres.new_database)
        workers = Fleet(folder, load_settings())
        try:
            yield workers
        finally:
            await asyncio.to_thread(workers.kill_all)


def _is_alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
