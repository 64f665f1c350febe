"""Each test runs on a SQLite file and on a real Postgres."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.config import Settings
from bot.storage.store import Store


@pytest.fixture(params=["sqlite", "postgres"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Settings with an empty database of the test's own."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    return settings_for(tmp_path / "data", url)


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    """An open store."""
    async with Store.opened(settings) as opened:
        yield opened


def environment_of(settings: Settings) -> dict[str, str]:
    """For a program that shall use the same database."""
    environment = os.environ | {"LEADLINE_DATA_DIR": str(settings.data_dir)}
    if settings.database_url is not None:
        environment["DATABASE_URL"] = settings.database_url.get_secret_value()
    return environment


def settings_for(data_dir: Path, database_url: str | None = None) -> Settings:
    """Settings with only a data directory and, perhaps, a database."""
    return Settings(_env_file=None, data_dir=data_dir, database_url=database_url)
