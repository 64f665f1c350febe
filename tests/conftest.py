"""What every test shares: a clean environment, the servers, guards against what is left over."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from bot.config import Settings

pytest_plugins = [
    name
    for name in (
        "tests.servers.livekit",
        "tests.servers.chromium",
        "tests.servers.postgres",
        "tests.servers.valkey",
        "tests.servers.leftovers",
        "tests.servers.tools",
    )
    if importlib.util.find_spec(name) is not None
]


def pytest_configure() -> None:
    """A developer's own keys and `.env` must not reach a test, nor a test a provider."""
    for field in Settings.model_fields.values():
        os.environ.pop(str(field.validation_alias), None)
    os.environ["LEADLINE_ENV_FILE"] = os.devnull
    if os.environ.get("CI") != "true":
        # As Hypothesis does in CI by itself: how long an example takes says nothing here.
        settings.register_profile("unhurried", deadline=None)
        settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Calls in real time get a second chance, and the summary says which of them needed it.

    They share the machine's processors with whatever else it does: starved of them, a recogniser
    or a voice is late through no fault of the code. What is wrong in the code fails twice.
    """
    for item in items:
        if item.get_closest_marker("e2e") or item.get_closest_marker("chaos"):
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_collection_finish(session: pytest.Session) -> None:
    """Build livekit-server before the first test: it takes longer than a test may."""
    if any("livekit_program" in getattr(item, "fixturenames", ()) for item in session.items):
        from tests.servers import livekit  # Later than pytest's own import of the plug-in.

        livekit.find_or_build_program()


@pytest.fixture(scope="session", autouse=True)
def _session_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the user's own data directory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEADLINE_DATA_DIR", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data directory of the test's own, set in the environment."""
    path = tmp_path / "data"
    monkeypatch.setenv("LEADLINE_DATA_DIR", str(path))
    return path
