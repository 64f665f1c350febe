"""`leadline doctor` before a real LiveKit server."""

from __future__ import annotations

from typing import Any

import pytest

from bot.config import Settings
from bot.diagnosis.rooms import check_livekit
from tests.servers.livekit import LiveKitServer

pytestmark = pytest.mark.integration


def settings_of(server: LiveKitServer, changed: dict[str, Any] | None = None) -> Settings:
    values: dict[str, Any] = server.environment | (changed or {})
    return Settings(**values)


async def test_livekit_is_usable_with_its_key(livekit_server: LiveKitServer) -> None:
    finding = await check_livekit(settings_of(livekit_server))
    assert (finding.reachable, finding.usable) == (True, True), finding


@pytest.mark.parametrize(
    ("setting", "value"),
    [("LIVEKIT_API_KEY", "otherkey"), ("LIVEKIT_API_SECRET", "another-secret-of-32-characters-0")],
)
async def test_a_wrong_key_is_told_from_a_wrong_secret(
    livekit_server: LiveKitServer, setting: str, value: str
) -> None:
    finding = await check_livekit(settings_of(livekit_server, {setting: value}))
    assert (finding.reachable, finding.usable) == (True, False)
    assert finding.remedy is not None
    assert f"correct {setting}" in finding.remedy
