"""Daily's path up to the client's boundary: rooms and tokens, against an emulator of its API."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.config import Settings, load_settings
from bot.errors import LeadlineError, UsageError
from bot.transports import create_daily_room, daily_line
from tests.emulators.daily import DailyEmulator

pytestmark = pytest.mark.integration


@pytest.fixture
async def daily() -> AsyncIterator[DailyEmulator]:
    async with DailyEmulator() as emulator:
        yield emulator


def settings_for(daily: DailyEmulator, *, key: str | None = None) -> Settings:
    return load_settings(
        transport="daily", daily_api_key=key or daily.api_key, daily_api_url=daily.api_url
    )


async def test_a_room_that_does_not_exist_is_made(daily: DailyEmulator) -> None:
    url, token = await create_daily_room(settings_for(daily), "sales-call")
    assert url.endswith("/sales-call")
    assert daily.claims(token)["r"] == "sales-call"
    assert "sales-call" in daily.rooms


async def test_a_room_that_exists_is_used(daily: DailyEmulator) -> None:
    daily.create({"name": "sales-call"})
    url, _ = await create_daily_room(settings_for(daily), "sales-call")
    assert url.endswith("/sales-call")
    assert not daily.requests_of("room.create")


async def test_the_room_and_token_make_a_line(daily: DailyEmulator) -> None:
    url, token = await create_daily_room(settings_for(daily), "sales-call")
    line = daily_line(room_url=url, token=token)
    assert line.name == "daily"
    assert type(line.output).__name__ == "SpokenDailyOutputTransport"


async def test_a_wrong_key_is_one_error(daily: DailyEmulator) -> None:
    with pytest.raises(LeadlineError, match="DAILY_API_KEY") as error:
        await create_daily_room(settings_for(daily, key="wrong-key"), "sales-call")
    assert "wrong-key" not in str(error.value)


async def test_no_key_says_where_to_get_one() -> None:
    with pytest.raises(UsageError, match=r"dashboard\.daily\.co"):
        await create_daily_room(load_settings(transport="daily"), "sales-call")


async def test_daily_that_is_down_is_one_error(daily: DailyEmulator) -> None:
    settings = settings_for(daily)
    await daily.down()
    with pytest.raises(LeadlineError, match="does not answer"):
        await create_daily_room(settings, "sales-call")
