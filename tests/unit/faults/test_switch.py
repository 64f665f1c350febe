"""The switch for faults: each cell of the matrix reaches its provider, and nothing stays on."""

from __future__ import annotations

import random

import pytest

from bot.bench.faults.matrix import Injection, Service, matrix
from bot.bench.faults.rig import Rig
from tests.emulators.faults import Point
from tests.emulators.rig import ProviderRig


@pytest.mark.parametrize(
    "injection", matrix(injections=3), ids=lambda each: f"{each.kind} {each.service} {each.moment}"
)
async def test_a_cell_reaches_its_provider_and_is_cleared(injection: Injection) -> None:
    providers = ProviderRig()
    rig = Rig(providers=providers, livekit_environment={})
    faults = rig.strike(injection, random.Random(1))
    emulators = {
        Service.STT: providers.deepgram,
        Service.LLM: providers.openai,
        Service.TTS: providers.elevenlabs,
    }
    struck = {service for service, each in emulators.items() if each.faults.pending}
    assert struck == ({*emulators} if injection.service is Service.ALL else {injection.service})
    assert {fault.kind.value for fault in faults} == {injection.kind.value}
    for service in struck:
        taken = [emulators[service].faults.take(point) for point in Point]
        assert any(taken)
    assert all(fault.struck for fault in faults)
    rig.clear()
    assert not any(each.faults.pending for each in emulators.values())
