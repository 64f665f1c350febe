"""These tests run in virtual time: a time-out takes none."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Any

from tests.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories(
    config: Any, item: Any
) -> dict[str, Callable[[], AbstractEventLoop]]:
    """For pytest-asyncio."""
    return {"virtual": VirtualTimeLoop}
