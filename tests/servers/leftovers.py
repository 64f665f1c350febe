"""Guards: a test that leaves a task pending fails, and so does a session that leaves a process."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import os
import signal
import threading
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter

# What a test has just closed may need a moment to end.
_TASK_GRACE_S = 2.0
_PROCESS_GRACE_S = 5.0
_POLL_S = 0.1
_MARK = "LEADLINE_TEST_SESSION"
_PROC = Path("/proc")

_left_over: list[str] = []


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Mark the environment: every program that a test starts inherits the mark."""
    config.addinivalue_line(
        "markers", "leaves_tasks(reason): a library's own task outlives the test, harmlessly"
    )
    os.environ[_MARK] = uuid.uuid4().hex


@pytest.fixture(autouse=True)
def _no_task_is_left(request: pytest.FixtureRequest) -> None:
    """For asynchronous tests only: the others need no event loop."""
    is_async = inspect.iscoroutinefunction(getattr(request.node, "obj", None))
    if is_async and request.node.get_closest_marker("leaves_tasks") is None:
        request.getfixturevalue("_no_task_is_left_in_the_loop")


@pytest.fixture
async def _no_task_is_left_in_the_loop() -> AsyncIterator[None]:
    before = asyncio.all_tasks()
    yield
    pending = asyncio.all_tasks() - before - {asyncio.current_task()}
    if pending:
        _, pending = await asyncio.wait(pending, timeout=_TASK_GRACE_S)
    if pending:
        names = ", ".join(sorted(f"{task.get_name()}: {task.get_coro()}" for task in pending))
        pytest.fail(f"the test left tasks pending: {names}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """End what was left running, and let the session fail for it."""
    pause = threading.Event()
    for _ in range(round(_PROCESS_GRACE_S / _POLL_S)):
        if not _marked_processes():
            return
        pause.wait(_POLL_S)
    for pid, command in _marked_processes().items():
        _left_over.append(f"{pid}: {command}")
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Name the processes that were left running."""
    if _left_over:
        terminalreporter.section("processes that the tests left running", red=True)
        for line in _left_over:
            terminalreporter.line(line)


def _marked_processes() -> dict[int, str]:
    """Programs that this session started, by process id. Empty where there is no /proc."""
    mark = f"{_MARK}={os.environ[_MARK]}".encode()
    found: dict[int, str] = {}
    for folder in _PROC.glob("[0-9]*"):
        try:
            if mark not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue
        # A program that has ended and waits to be collected has no command line.
        if command and int(folder.name) != os.getpid():
            found[int(folder.name)] = command
    return found
