"""The rig itself: the servers that other tests stand on."""

from __future__ import annotations

import math
import wave
from array import array
from pathlib import Path

import pytest
from livekit import api

from tests.servers.chromium import Chromium
from tests.servers.livekit import LiveKitFactory, LiveKitServer

pytestmark = pytest.mark.integration


async def rooms_of(server: LiveKitServer) -> list[str]:
    async with api.LiveKitAPI(server.http_url, server.api_key, server.api_secret) as client:
        await client.room.create_room(api.CreateRoomRequest(name="lobby"))
        listing = await client.room.list_rooms(api.ListRoomsRequest())
    return [room.name for room in listing.rooms]


async def test_the_sessions_livekit_server_answers_with_its_key(
    livekit_server: LiveKitServer,
) -> None:
    assert "lobby" in await rooms_of(livekit_server)


async def test_a_killed_livekit_server_comes_back_on_the_same_port(
    new_livekit_server: LiveKitFactory,
) -> None:
    server = new_livekit_server()
    port = server.port
    server.kill()
    assert not server.process.is_running
    server.start()
    assert server.port == port
    assert "lobby" in await rooms_of(server)


LOUDEST_TONE_HZ = """async () => {
  const stream = await navigator.mediaDevices.getUserMedia({audio: {
    echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
  const context = new AudioContext({sampleRate: 48000});
  const analyser = new AnalyserNode(context, {fftSize: 4096});
  context.createMediaStreamSource(stream).connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  for (;;) {
    await new Promise(requestAnimationFrame);
    analyser.getFloatFrequencyData(bins);
    const loudest = bins.indexOf(Math.max(...bins));
    if (bins[loudest] > -40) return loudest * context.sampleRate / analyser.fftSize;
  }
}"""


def write_tone(path: Path, hz: float, duration_s: float = 2.0, rate_hz: int = 48000) -> None:
    samples = (
        round(12000 * math.sin(2 * math.pi * hz * n / rate_hz))
        for n in range(round(duration_s * rate_hz))
    )
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(array("h", samples).tobytes())


@pytest.mark.e2e
async def test_chromium_hears_the_wav_file_as_its_microphone(
    chromium: Chromium, tmp_path: Path
) -> None:
    tone = tmp_path / "tone.wav"
    write_tone(tone, hz=1000)
    async with chromium.open_page(microphone_wav=tone, loop=True) as page:
        # Only a page of localhost or https may use the microphone.
        await page.route("http://localhost/", lambda route: route.fulfill(body="<html></html>"))
        await page.goto("http://localhost/")
        heard_hz = await page.evaluate(LOUDEST_TONE_HZ)
    assert heard_hz == pytest.approx(1000, abs=25)
