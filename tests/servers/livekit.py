"""A real livekit-server on loopback, for the tests that need a room with real media."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import pytest
import yaml

from tests.servers.process import ServerNotStartedError, ServerProcess, free_port

VERSION = "1.13.5"
API_KEY = "devkey"
# The server warns about secrets of less than 32 characters.
API_SECRET = "leadline-tests-secret-0123456789abcdef"
_MODULE = f"github.com/livekit/livekit-server/cmd/server@v{VERSION}"
_BUILD_TIMEOUT_S = 900
# A port that was free a moment ago can be taken by now.
_START_ATTEMPTS = 3

REMEDY = (
    f"no livekit-server {VERSION} on PATH; install it (go install {_MODULE}, and name the program "
    "livekit-server), or install Go, with which the tests build it"
)


class LiveKitServer:
    """One livekit-server with keys, and ports that stay the same over a restart.

    Args:
        program: the livekit-server executable.
        folder: takes its configuration and its log.
        extra_config: merged over the configuration's top level, e.g. `{"webhook": {...}}`.
    """

    api_key = API_KEY
    api_secret = API_SECRET

    def __init__(
        self, *, program: Path, folder: Path, extra_config: Mapping[str, Any] | None = None
    ) -> None:
        self._program = program
        self._folder = folder
        self._extra_config = dict(extra_config or {})
        self._process: ServerProcess | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """For LIVEKIT_URL."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def http_url(self) -> str:
        """For the server's own API."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The three settings of a bot that uses this server."""
        return {
            "LIVEKIT_URL": self.url,
            "LIVEKIT_API_KEY": self.api_key,
            "LIVEKIT_API_SECRET": self.api_secret,
        }

    @property
    def process(self) -> ServerProcess:
        """The running program. Raises: RuntimeError if it was never started."""
        if self._process is None:
            raise RuntimeError("livekit-server was not started")
        return self._process

    def start(self) -> None:
        """Start it; after `stop()` or `kill()`, again on the same ports.

        Raises:
            ServerNotStartedError: if it does not answer.
        """
        if self._process is not None:
            self._process.start()
            return
        for attempt in range(1, _START_ATTEMPTS + 1):
            process = self._on_new_ports()
            try:
                process.start()
            except ServerNotStartedError:
                if attempt == _START_ATTEMPTS:
                    raise
            else:
                self._process = process
                return

    def stop(self) -> None:
        """End it as an operator would; it waits until every room is empty."""
        if self._process is not None:
            self._process.stop()

    def kill(self) -> None:
        """End it as a crash would: every connection breaks, all rooms are forgotten."""
        if self._process is not None:
            self._process.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        # A polite end waits until every room is empty.
        self.kill()

    def _on_new_ports(self) -> ServerProcess:
        self.port = free_port()
        config: dict[str, Any] = {
            "port": self.port,
            "bind_addresses": ["127.0.0.1"],
            "rtc": {
                "udp_port": free_port(socket.SOCK_DGRAM),
                "tcp_port": free_port(),
                "use_external_ip": False,
                "node_ip": "127.0.0.1",
                "enable_loopback_candidate": True,
            },
            "keys": {API_KEY: API_SECRET},
            "logging": {"level": "info"},
        } | self._extra_config
        path = self._folder / f"livekit-{self.port}.yaml"
        path.write_text(yaml.safe_dump(config))
        return ServerProcess(
            command=[self._program, "--config", path],
            log=self._folder / f"livekit-{self.port}.log",
            is_ready=self._answers,
            # The server reads LIVEKIT_* too; only the file counts here.
            environment={k: v for k, v in os.environ.items() if not k.startswith("LIVEKIT_")},
        )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.http_url, timeout=1) as response:  # noqa: S310
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def cache_folder() -> Path:
    """Where `.ci/run` and the tests keep programs that they have built."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "leadline" / "bin"


def find_program() -> Path | None:
    """livekit-server on PATH, else the one in the cache folder."""
    on_path = shutil.which("livekit-server")
    if on_path:
        return Path(on_path)
    cached = cache_folder() / "livekit-server"
    return cached if os.access(cached, os.X_OK) else None


def find_or_build_program() -> Path | None:
    """livekit-server, built with Go if it is not there yet; None without Go or its module."""
    found = find_program()
    go = shutil.which("go")
    if found or go is None:
        return found
    target = cache_folder() / "livekit-server"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as build:
        try:
            subprocess.run(
                [go, "install", _MODULE],
                env=os.environ | {"GOBIN": build},
                check=True,
                capture_output=True,
                timeout=_BUILD_TIMEOUT_S,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        # Go names the program after its folder; one rename, so that nobody sees half of it.
        (Path(build) / "server").replace(target)
    return target


LiveKitFactory = Callable[..., LiveKitServer]


@pytest.fixture(scope="session")
def livekit_program() -> Path:
    """The livekit-server executable. A developer's run without one skips; CI fails."""
    program = find_program()
    if program is not None:
        return program
    if os.environ.get("CI") == "true":
        pytest.fail(REMEDY)
    pytest.skip(REMEDY)


@pytest.fixture(scope="session")
def livekit_server(
    livekit_program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LiveKitServer]:
    """One server for the whole session. Use a room of its own in each test; never stop it."""
    folder = tmp_path_factory.mktemp("livekit")
    with LiveKitServer(program=livekit_program, folder=folder) as server:
        yield server


@pytest.fixture
def new_livekit_server(livekit_program: Path, tmp_path: Path) -> Iterator[LiveKitFactory]:
    """Makes started servers of the test's own, to be killed, restarted or configured.

    `new_livekit_server(extra_config={...})`; each is stopped after the test.
    """
    servers: list[LiveKitServer] = []

    def start(extra_config: Mapping[str, Any] | None = None) -> LiveKitServer:
        server = LiveKitServer(program=livekit_program, folder=tmp_path, extra_config=extra_config)
        servers.append(server)
        server.start()
        return server

    yield start
    for server in servers:
        server.kill()
