"""Calls by telephone, counted for all processes in Redis."""

from __future__ import annotations

from pathlib import Path

from bot.call_limits import Limit
from bot.config import Settings
from bot.fleet.doorman import Doorman
from tests.servers.valkey import ValkeyFactory

PHONE = "+14155550100"


async def test_one_call_too_many_is_refused_until_another_one_is_over(
    new_valkey_server: ValkeyFactory, tmp_path: Path
) -> None:
    settings = Settings(
        LEADLINE_DATA_DIR=str(tmp_path),
        REDIS_URL=new_valkey_server().url,
        LEADLINE_CONCURRENT_CALLS_PER_PHONE="1",
    )
    doormen = [Doorman(settings, room=f"room-{n}") for n in range(3)]
    assert await doormen[0].refuses(PHONE) is None
    refusal = await doormen[1].refuses(PHONE)
    assert refusal is not None
    assert refusal.limit is Limit.PHONE_CONCURRENT
    assert await doormen[1].refuses("+14155550199") is None
    await doormen[0].aclose()
    assert await doormen[2].refuses(PHONE) is None
    for doorman in doormen:
        await doorman.aclose()


async def test_who_shows_no_number_is_not_counted(tmp_path: Path) -> None:
    doorman = Doorman(Settings(LEADLINE_DATA_DIR=str(tmp_path)), room="room")
    assert await doorman.refuses(None) is None
    await doorman.aclose()
