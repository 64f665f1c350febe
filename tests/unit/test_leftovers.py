"""The guards themselves: what a test leaves behind makes it, or the session, fail."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")
    return pytester


def runs(pid: int) -> bool:
    """Whether the process runs; one that was killed may still wait to be collected."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except FileNotFoundError:
        return False


def run(session: pytest.Pytester, test: str) -> pytest.RunResult:
    session.makepyfile(test_it=test)
    return session.runpytest_subprocess("-p", "tests.servers.leftovers", "-q")


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked up in /proc")
def test_a_process_that_a_test_leaves_running_fails_the_session_and_is_ended(
    session: pytest.Pytester,
) -> None:
    result = run(
        session,
        """
        import subprocess

        def test_leaves_a_process():
            process = subprocess.Popen(["sleep", "600"], start_new_session=True)
            print(process.pid)
        """,
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    listed = re.search(r"^(\d+): sleep 600", result.stdout.str(), re.MULTILINE)
    assert listed is not None
    assert not runs(int(listed[1]))


def test_a_session_that_cleans_up_passes(session: pytest.Pytester) -> None:
    result = run(
        session,
        """
        import asyncio, subprocess

        def test_waits_for_its_process():
            subprocess.run(["true"], check=True)

        async def test_waits_for_its_task():
            assert await asyncio.create_task(asyncio.sleep(0, "done")) == "done"
        """,
    )
    assert result.ret == pytest.ExitCode.OK


def test_a_task_that_a_test_leaves_pending_fails_it(session: pytest.Pytester) -> None:
    result = run(
        session,
        """
        import asyncio
        import pytest

        kept = []

        async def test_leaves_a_task():
            kept.append(asyncio.create_task(asyncio.Event().wait(), name="forgotten"))

        @pytest.mark.leaves_tasks("a library's own")
        async def test_may_leave_a_task():
            kept.append(asyncio.create_task(asyncio.Event().wait()))
        """,
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*left tasks pending: forgotten*"])
