"""A worker that starts, and a caller who is dispatched, while the stores are away."""

from __future__ import annotations

import asyncio

import pytest

from bot.config import Settings
from bot.fleet import background as background_module
from bot.fleet.background import background
from bot.fleet.front_desk import FrontDesk
from tests.integration.outage.conftest import Machine

pytestmark = pytest.mark.integration


def with_livekit(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "livekit_url": "ws://127.0.0.1:1",
            "livekit_api_key": "devkey",
            "livekit_api_secret": Settings(LIVEKIT_API_SECRET="s" * 32).livekit_api_secret,
        }
    )


async def test_a_worker_starts_and_looks_after_calls_once_they_are_back(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background_module, "STORE_PATIENCE_S", 0.3)
    for proxy in (machine.to_valkey, machine.to_postgres):
        await proxy.hang()
    async with background(with_livekit(machine.settings)) as watch:
        looked, is_ours = asyncio.Event(), watch._is_ours

        async def looks() -> bool:
            looked.set()
            return await is_ours()

        monkeypatch.setattr(watch, "_is_ours", looks)
        watching = asyncio.create_task(watch.run())
        async with asyncio.timeout(20):
            await looked.wait()
        for proxy in (machine.to_valkey, machine.to_postgres):
            await proxy.heal()
        async with asyncio.timeout(20):
            while watch._lock is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


@pytest.mark.parametrize("has_redis", [True, False], ids=["redis", "the database alone"])
async def test_a_dispatch_is_made_though_nobody_can_say_who_has_the_call(
    has_redis: bool, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def dispatch(_: object, room: str, *__: object, call_id: str, **___: object) -> str:
        asked.append(room)
        return call_id

    monkeypatch.setattr("bot.fleet.dispatch.LiveKitDispatcher.dispatch", dispatch)
    settings = with_livekit(machine.settings)
    if not has_redis:
        settings = settings.model_copy(update={"redis_url": None})
    for proxy in (machine.to_valkey, machine.to_postgres):
        await proxy.hang()
    async with FrontDesk(settings) as desk:
        assert await desk.dispatch("room-1", call_id="c" * 32) == "c" * 32
    assert asked == ["room-1"]
