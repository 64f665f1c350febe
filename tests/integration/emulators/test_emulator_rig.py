"""All emulators at once: in a test's loop, and as a process steered from outside."""

import asyncio
import json
import sys
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import moonshine_voice
import numpy as np
import pytest
from openai import AsyncOpenAI
from pipecat.frames.frames import (
    InputAudioRawFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.services.deepgram.stt import DeepgramSTTService, DeepgramSTTSettings

from tests.emulators.audio import SAMPLE_RATE_HZ, frames, silence
from tests.emulators.bench import ServiceBench
from tests.emulators.rig import ProviderRig

START_TIMEOUT_S = 30.0
HELLO: list[Any] = [{"role": "user", "content": "Hello"}]


def two_cities(seconds: float) -> bytes:
    """The beginning of a recording of a human reader, at 16 kHz."""
    path = Path(moonshine_voice.__file__).parent / "assets" / "two_cities.wav"
    with wave.open(str(path)) as recording:
        rate = recording.getframerate()
        pcm = recording.readframes(int(seconds * rate))
    samples = np.frombuffer(pcm, dtype=np.int16)
    step = rate // SAMPLE_RATE_HZ
    return bytes(
        samples[: len(samples) // step * step]
        .reshape(-1, step)
        .mean(axis=1)
        .astype(np.int16)
        .tobytes()
    )


async def test_real_speech_is_really_recognised() -> None:
    async with ProviderRig(real_speech=True, quick=True) as rig:
        service = DeepgramSTTService(
            api_key=rig.deepgram.api_key,
            base_url=rig.deepgram.ws_url,
            settings=DeepgramSTTSettings(interim_results=False, endpointing=5_000),
        )
        async with ServiceBench(service) as bench:
            await bench.send(VADUserStartedSpeakingFrame())
            for chunk in frames(two_cities(4.5) + silence(300)):
                await bench.send(InputAudioRawFrame(chunk, SAMPLE_RATE_HZ, 1))
            await bench.send(VADUserStoppedSpeakingFrame())
            transcript = await bench.next(TranscriptionFrame, timeout_s=30)
    assert "best of times" in transcript.text.lower()


async def test_the_environment_names_every_provider() -> None:
    async with ProviderRig(quick=True) as rig:
        env = rig.env()
        client = AsyncOpenAI(api_key=env["OPENAI_API_KEY"], base_url=env["OPENAI_BASE_URL"])
        async with client:
            answer = await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
    assert answer.choices[0].message.content == "You said: Hello"
    assert {"DEEPGRAM_BASE_URL", "ELEVENLABS_BASE_URL", "ELEVENLABS_VOICE_ID"} <= set(env)


class TestAsAProcess:
    @pytest.fixture
    async def started(self) -> AsyncIterator[dict[str, dict[str, str]]]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.emulators",
            "--first-token-ms=1",
            "--per-token-ms=0",
            "--reply=From the command line.",
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), START_TIMEOUT_S)
            yield json.loads(line)
        finally:
            process.terminate()
            assert await asyncio.wait_for(process.wait(), START_TIMEOUT_S) == 0

    async def test_it_is_scripted_broken_and_questioned_from_outside(
        self, started: dict[str, dict[str, str]]
    ) -> None:
        control = f"{started['urls']['openai']}/_control"
        env = started["env"]
        client = AsyncOpenAI(
            api_key=env["OPENAI_API_KEY"], base_url=env["OPENAI_BASE_URL"], max_retries=0
        )

        async def ask() -> str | None:
            answer = await client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
            return answer.choices[0].message.content

        async with client, aiohttp.ClientSession(raise_for_status=True) as http:
            assert await ask() == "From the command line."
            await http.post(f"{control}/script", json={"replies": ["From outside."]})
            assert await ask() == "From outside."
            await http.post(f"{control}/faults", json=[{"kind": "server_error"}])
            with pytest.raises(Exception, match="500"):
                await ask()
            await http.post(f"{control}/faults", json={"kind": "unauthorized", "times": None})
            await http.delete(f"{control}/faults")
            assert await ask() == "You said: Hello"
            async with http.get(f"{control}/requests", params={"kind": "chat"}) as response:
                chats = (await response.json())["requests"]
        assert len(chats) == 3
        assert chats[0]["body"]["messages"] == HELLO
        assert env["OPENAI_API_KEY"] not in json.dumps(chats)

    async def test_it_goes_down_and_comes_back(self, started: dict[str, dict[str, str]]) -> None:
        url = started["urls"]["daily"]
        async with aiohttp.ClientSession() as http:
            async with http.post(f"{url}/_control/down", json={"seconds": 0.2}) as response:
                assert response.status == 200
            refused = 0
            async with asyncio.timeout(START_TIMEOUT_S):
                while True:
                    try:
                        async with http.get(f"{url}/_control/requests") as response:
                            if refused:
                                break
                    except aiohttp.ClientError:
                        refused += 1
        assert refused

    async def test_a_bad_command_says_what_is_wrong(
        self, started: dict[str, dict[str, str]]
    ) -> None:
        control = f"{started['urls']['deepgram']}/_control"
        async with aiohttp.ClientSession() as http:
            async with http.post(f"{control}/faults", json={"kind": "explode"}) as response:
                assert response.status == 400
                assert "explode" in (await response.json())["error"]
            async with http.post(f"{control}/script", json={"texts": "Hi"}) as response:
                assert response.status == 400
                assert "texts" in (await response.json())["error"]
