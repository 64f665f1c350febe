"""The emulator of Daily's REST API, driven by Pipecat's real helper."""

import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from pipecat.transports.daily.utils import (
    DailyMeetingTokenParams,
    DailyMeetingTokenProperties,
    DailyRESTHelper,
    DailyRoomParams,
    DailyRoomProperties,
)

from bot.services.endpoints import daily_api_url
from tests.emulators.daily import DEFAULT_KEY, DailyEmulator
from tests.emulators.faults import FaultKind


@pytest.fixture
async def daily() -> AsyncIterator[DailyEmulator]:
    async with DailyEmulator() as emulator:
        yield emulator


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def helper(
    emulator: DailyEmulator, http: aiohttp.ClientSession, api_key: str = DEFAULT_KEY
) -> DailyRESTHelper:
    return DailyRESTHelper(
        daily_api_key=api_key,
        daily_api_url=daily_api_url(emulator.http_url),
        aiohttp_session=http,
    )


async def test_a_room_is_made_found_and_deleted(
    daily: DailyEmulator, http: aiohttp.ClientSession
) -> None:
    rest = helper(daily, http)
    made = await rest.create_room(
        DailyRoomParams(
            name="sales-1",
            privacy="private",
            properties=DailyRoomProperties(exp=time.time() + 60),
        )
    )
    assert made.url.endswith("/sales-1")
    assert (await rest.get_room_from_url(made.url)).id == made.id
    await rest.delete_room_by_url(made.url)
    with pytest.raises(Exception, match="sales-1"):
        await rest.get_room_from_url(made.url)


async def test_a_token_carries_what_was_asked_for(
    daily: DailyEmulator, http: aiohttp.ClientSession
) -> None:
    room = daily.create({"name": "sales-1"})
    params = DailyMeetingTokenParams(properties=DailyMeetingTokenProperties(user_name="Leadline"))
    token = await helper(daily, http).get_token(room["url"], expiry_time=60, params=params)
    claims = daily.claims(token)
    assert (claims["r"], claims["o"], claims["u"]) == ("sales-1", True, "Leadline")
    assert claims["exp"] > time.time()


@pytest.mark.parametrize(
    ("name", "says"), [("with space", "invalid characters"), ("taken", "already exists")]
)
async def test_a_bad_name_is_refused(
    daily: DailyEmulator, http: aiohttp.ClientSession, name: str, says: str
) -> None:
    daily.create({"name": "taken"})
    with pytest.raises(Exception, match=rf"400.*invalid-request-error.*{says}"):
        await helper(daily, http).create_room(DailyRoomParams(name=name))


async def test_a_name_of_300_letters_is_refused(
    daily: DailyEmulator, http: aiohttp.ClientSession
) -> None:
    with pytest.raises(Exception, match="400"):
        await helper(daily, http).create_room(DailyRoomParams(name="a" * 300))


async def test_a_token_that_has_expired_already_is_refused(
    daily: DailyEmulator, http: aiohttp.ClientSession
) -> None:
    room = daily.create({"name": "sales-1"})
    with pytest.raises(Exception, match="in the past"):
        await helper(daily, http).get_token(room["url"], expiry_time=-60)


async def test_a_wrong_key_gets_401(daily: DailyEmulator, http: aiohttp.ClientSession) -> None:
    with pytest.raises(Exception, match=r"401.*authentication-error"):
        await helper(daily, http, api_key="wrong").create_room(DailyRoomParams())


async def test_a_missing_key_gets_400(daily: DailyEmulator, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{daily.api_url}/rooms") as response:
        assert response.status == 400
        assert (await response.json())["error"] == "authorization-header-error"


@pytest.mark.parametrize(
    ("kind", "status"), [(FaultKind.RATE_LIMITED, "429"), (FaultKind.SERVER_ERROR, "500")]
)
async def test_a_refusal_happens_as_often_as_it_is_told_to(
    daily: DailyEmulator, http: aiohttp.ClientSession, kind: FaultKind, status: str
) -> None:
    daily.faults.inject(kind, times=2)
    rest = helper(daily, http)
    for _ in range(2):
        with pytest.raises(Exception, match=status):
            await rest.create_room(DailyRoomParams(name="room"))
    assert (await rest.create_room(DailyRoomParams(name="room"))).name == "room"


@pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.CLOSE_MIDWAY])
async def test_a_connection_that_breaks(
    daily: DailyEmulator, http: aiohttp.ClientSession, kind: FaultKind
) -> None:
    daily.faults.inject(kind)
    with pytest.raises(aiohttp.ClientError):
        await helper(daily, http).create_room(DailyRoomParams(name="room"))
