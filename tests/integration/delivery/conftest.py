"""A store with an outbox, on SQLite and on a real Postgres, and a receiver on loopback."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.config import Settings
from bot.delivery.deliverer import Deliverer
from bot.delivery.outbox import DeliveryRecord, Outbox
from bot.records import LeadRecord
from bot.storage.store import Store
from tests.emulators.receiver import Receiver
from tests.unit.storage.samples import BEGAN, call_of, lead_of

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

MakeSettings = Callable[..., Settings]


class VirtualClock:
    """Stands still until it is moved: days of backoff pass in no time."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        """The time."""
        return self.now

    def move(self, seconds: float) -> None:
        """Let so much time pass."""
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> VirtualClock:
    """The deliverers' clock; a little ahead of the machine's, so that what is saved is due."""
    clock = VirtualClock()
    clock.move(60)
    return clock


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A receiver that answers 200, unless a test tells it otherwise."""
    async with Receiver() as receiver:
        yield receiver


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str | None:
    """DATABASE_URL of an empty database; None is the SQLite file."""
    return request.getfixturevalue("postgres_url") if request.param == "postgres" else None


@pytest.fixture
def make_settings(database_url: str | None, tmp_path: Path, receiver: Receiver) -> MakeSettings:
    """Settings whose webhook is the receiver."""

    def make(**changes: Any) -> Settings:
        values: dict[str, Any] = {
            "data_dir": tmp_path / "data",
            "database_url": database_url,
            "webhook_url": receiver.url,
            "webhook_secret": SECRET,
            "webhook_allow_private": "127.0.0.1",
        }
        return Settings(_env_file=None, **values | changes)

    return make


@pytest.fixture
def settings(make_settings: MakeSettings) -> Settings:
    """The same, unchanged."""
    return make_settings()


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    """An open store."""
    async with Store.opened(settings) as opened:
        yield opened


async def finished_call(store: Store, name: str = "1", **lead: Any) -> LeadRecord:
    """A call that is over, with its lead; returns the lead as it is saved."""
    call = call_of(name, ended_at=BEGAN + timedelta(minutes=2), end_reason="completed")
    await store.finish_call(call, lead_of(name, **lead))
    return await store.lead(f"lead-{name}")


async def deliver(
    settings: Settings,
    store: Store,
    clock: VirtualClock,
    *,
    chance: float = 1.0,
    **options: Any,
) -> Deliverer:
    """One deliverer that does what is due and ends."""
    deliverer = Deliverer(settings, store, clock=clock, chance=lambda: chance, **options)
    try:
        assert await deliverer.drain(timeout_s=60)
    finally:
        await deliverer.aclose()
    return deliverer


async def outbox(store: Store) -> list[DeliveryRecord]:
    """All rows, by lead and revision."""
    rows = await Outbox(store=store).deliveries(limit=1000)
    return sorted(rows, key=lambda row: (row.lead_id, row.target, row.revision))


async def states(store: Store) -> list[str]:
    """The states of all rows, by lead and revision."""
    return [row.state for row in await outbox(store)]
