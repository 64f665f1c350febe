"""`leadline doctor` before emulators that speak the providers' own protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.config import Settings
from bot.diagnosis import Finding, examine
from bot.diagnosis.providers import check_deepgram, check_elevenlabs, check_openai
from bot.diagnosis.rooms import check_daily
from tests.emulators.rig import ProviderRig

pytestmark = pytest.mark.integration
CHECKS = {
    "deepgram": check_deepgram,
    "openai": check_openai,
    "elevenlabs": check_elevenlabs,
    "daily": check_daily,
}


@pytest.fixture
async def rig() -> AsyncIterator[ProviderRig]:
    async with ProviderRig() as providers:
        yield providers


async def findings(rig: ProviderRig, **changed: str) -> dict[str, Finding]:
    values: dict[str, Any] = rig.env() | changed
    found = await examine(Settings(**values), checks=CHECKS)
    return {finding.name: finding for finding in found}


async def test_all_providers_are_usable_with_their_keys(rig: ProviderRig) -> None:
    for finding in (await findings(rig)).values():
        assert (finding.reachable, finding.usable) == (True, True), finding


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("deepgram", "DEEPGRAM_API_KEY"),
        ("openai", "OPENAI_API_KEY"),
        ("elevenlabs", "ELEVENLABS_API_KEY"),
        ("elevenlabs", "ELEVENLABS_VOICE_ID"),
        ("openai", "OPENAI_MODEL"),
        ("daily", "DAILY_API_KEY"),
    ],
)
async def test_one_wrong_setting_is_named_and_the_others_are_usable(
    rig: ProviderRig, name: str, setting: str
) -> None:
    found = await findings(rig, **{setting: "wrong-one"})
    broken = found.pop(name)
    assert (broken.configured, broken.reachable, broken.usable) == (True, True, False), broken
    assert setting in (broken.remedy or "")
    assert all(finding.usable for finding in found.values()), found


async def test_asking_costs_neither_audio_nor_tokens(rig: ProviderRig) -> None:
    await findings(rig)
    asked = {request.path for emulator in rig.emulators for request in emulator.requests}
    assert not [path for path in asked if "chat/completions" in path or "text-to-speech" in path]
