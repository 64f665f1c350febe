"""The Deepgram emulator, driven by Pipecat's real service and by the real SDK."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.services.deepgram.stt import DeepgramSTTService, DeepgramSTTSettings

from bot.services.endpoints import deepgram_base_url
from tests.emulators.audio import SAMPLE_RATE_HZ, frames, silence, voice
from tests.emulators.bench import ServiceBench
from tests.emulators.deepgram import DEFAULT_KEY, DeepgramEmulator
from tests.emulators.deepgram_session import DeepgramTiming
from tests.emulators.faults import FaultKind, Point

QUICK = DeepgramTiming(final_latency_ms=5, interim_latency_ms=1, interim_interval_ms=200)
LISTEN = (
    "/v1/listen?model=nova-3-general&encoding=linear16&sample_rate=16000"
    "&interim_results=true&punctuate=true&endpointing=300"
)


@pytest.fixture
async def deepgram() -> AsyncIterator[DeepgramEmulator]:
    async with DeepgramEmulator(timing=QUICK) as emulator:
        yield emulator


def service(
    emulator: DeepgramEmulator,
    *,
    api_key: str = DEFAULT_KEY,
    settings: DeepgramSTTSettings | None = None,
) -> DeepgramSTTService:
    return DeepgramSTTService(
        api_key=api_key,
        base_url=deepgram_base_url(emulator.ws_url + "/v1/listen/"),
        settings=settings or DeepgramSTTService.Settings(endpointing=300),
    )


async def speak(bench: ServiceBench, ms: int = 900, pause_ms: int = 220) -> None:
    """As a transport with a VAD in front of the service delivers an utterance."""
    await bench.send(VADUserStartedSpeakingFrame())
    for chunk in frames(voice(ms) + silence(pause_ms)):
        await bench.send(InputAudioRawFrame(chunk, SAMPLE_RATE_HZ, 1))
    await bench.send(VADUserStoppedSpeakingFrame())


@contextlib.asynccontextmanager
async def raw_connection(
    emulator: DeepgramEmulator, path: str = LISTEN, key: str = DEFAULT_KEY
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            emulator.http_url + path, headers={"Authorization": f"Token {key}"}
        ) as ws,
    ):
        yield ws


async def refusal(
    emulator: DeepgramEmulator, path: str = LISTEN, key: str = DEFAULT_KEY
) -> tuple[int, dict[str, str], dict[str, str]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            emulator.http_url + path, headers={"Authorization": f"Token {key}"}
        ) as response,
    ):
        return response.status, await response.json(), dict(response.headers)


class TestThroughPipecat:
    async def test_each_utterance_gets_its_scripted_text(self, deepgram: DeepgramEmulator) -> None:
        deepgram.say("Hello there.", "My name is Jane Doe.")
        async with ServiceBench(service(deepgram)) as bench:
            await speak(bench)
            assert (await bench.next(TranscriptionFrame)).text == "Hello there."
            for chunk in frames(silence(800)):
                await bench.send(InputAudioRawFrame(chunk, SAMPLE_RATE_HZ, 1))
            await speak(bench)
            assert (await bench.next(TranscriptionFrame)).text == "My name is Jane Doe."

    async def test_interim_results_grow_towards_the_final_text(
        self, deepgram: DeepgramEmulator
    ) -> None:
        deepgram.say("One two three four five six seven eight.")
        async with ServiceBench(service(deepgram)) as bench:
            await speak(bench, ms=1500)
            await bench.next(TranscriptionFrame)
            interims = [f.text for f in bench.all(InterimTranscriptionFrame)]
        assert interims
        assert all("One two three four five six seven eight.".startswith(t) for t in interims)
        assert sorted(interims, key=len) == interims

    async def test_finalize_makes_the_transcript_final_at_once(
        self, deepgram: DeepgramEmulator
    ) -> None:
        deepgram.say("Yes.")
        settings = DeepgramSTTService.Settings(endpointing=5_000)
        async with ServiceBench(service(deepgram, settings=settings)) as bench:
            await speak(bench)
            transcript = await bench.next(TranscriptionFrame)
        assert transcript.finalized
        assert transcript.result is not None
        assert transcript.result.from_finalize
        words = transcript.result.channel.alternatives[0].words
        assert [w.word for w in words] == ["yes"]
        assert 0.0 <= words[0].start < words[0].end <= 1.2

    async def test_the_service_says_what_it_was_told_to_say(
        self, deepgram: DeepgramEmulator
    ) -> None:
        async with ServiceBench(service(deepgram)):
            listen = await deepgram.wait_for_request("listen")
        assert listen.query["model"] == "nova-3-general"
        assert listen.query["encoding"] == "linear16"
        assert listen.query["sample_rate"] == "16000"
        assert "Authorization" not in listen.headers

    async def test_a_wrong_key_is_a_permanent_error(self, deepgram: DeepgramEmulator) -> None:
        async with ServiceBench(service(deepgram, api_key="wrong")) as bench:
            error = await bench.next(ErrorFrame)
        assert "401" in error.error

    async def test_an_unknown_model_is_a_permanent_error(self, deepgram: DeepgramEmulator) -> None:
        settings = DeepgramSTTService.Settings(model="nova-99")
        async with ServiceBench(service(deepgram, settings=settings)) as bench:
            error = await bench.next(ErrorFrame)
        assert "400" in error.error

    @pytest.mark.parametrize("kind", [FaultKind.SERVER_ERROR, FaultKind.REFUSE])
    async def test_a_refused_connection_is_tried_again(
        self, deepgram: DeepgramEmulator, kind: FaultKind, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "pipecat.services.deepgram.stt.exponential_backoff_time", lambda _attempt: 0.0
        )
        deepgram.faults.inject(kind)
        deepgram.say("Hello again.")
        async with ServiceBench(service(deepgram)) as bench:
            await bench.next(ErrorFrame)
            await speak(bench)
            assert (await bench.next(TranscriptionFrame)).text == "Hello again."

    async def test_a_text_whose_final_never_came_is_recognised_after_reconnecting(
        self, deepgram: DeepgramEmulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(
            "pipecat.services.deepgram.stt.exponential_backoff_time", lambda _attempt: 0.0
        )
        deepgram.faults.inject(FaultKind.CLOSE_MIDWAY, abrupt=True)
        deepgram.say("We have forty people.")
        async with ServiceBench(service(deepgram)) as bench:
            await speak(bench)
            await deepgram.wait_for_request("listen", count=2)
            await speak(bench)
            assert (await bench.next(TranscriptionFrame)).text == "We have forty people."


class TestFaults:
    async def test_empty_gives_a_final_without_words(self, deepgram: DeepgramEmulator) -> None:
        deepgram.faults.inject(FaultKind.EMPTY)
        deepgram.say("Lost.")
        async with raw_connection(deepgram) as ws:
            await ws.send_bytes(voice(600))
            await ws.send_str('{"type": "Finalize"}')
            final = await _next_final(ws)
        assert final["channel"]["alternatives"][0]["transcript"] == ""

    async def test_garbage_is_not_json(self, deepgram: DeepgramEmulator) -> None:
        deepgram.faults.inject(FaultKind.GARBAGE)
        deepgram.say("Lost.")
        async with raw_connection(deepgram, LISTEN.replace("interim_results=true&", "")) as ws:
            await ws.send_bytes(voice(600))
            await ws.send_str('{"type": "Finalize"}')
            with pytest.raises(json.JSONDecodeError):
                json.loads((await ws.receive(timeout=5)).data)

    async def test_a_stall_lasts_until_it_is_cleared(self, deepgram: DeepgramEmulator) -> None:
        deepgram.faults.inject(FaultKind.STALL_BEFORE_FIRST)
        deepgram.say("Late.")
        async with raw_connection(deepgram, LISTEN.replace("interim_results=true&", "")) as ws:
            await ws.send_bytes(voice(600))
            await ws.send_str('{"type": "Finalize"}')
            await deepgram.wait_for_request("listen.Finalize")
            receiving = asyncio.create_task(ws.receive(timeout=5))
            done, _ = await asyncio.wait({receiving}, timeout=0.05)
            assert not done
            deepgram.faults.clear()
            final = json.loads((await receiving).data)
        assert final["channel"]["alternatives"][0]["transcript"] == "Late."

    async def test_a_close_midway_carries_an_internal_error(
        self, deepgram: DeepgramEmulator
    ) -> None:
        deepgram.faults.inject(FaultKind.CLOSE_MIDWAY)
        async with raw_connection(deepgram) as ws:
            await ws.send_bytes(voice(900))
            while (await ws.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
                pass
        assert ws.close_code == 1011

    async def test_too_many_requests_say_when_to_come_back(
        self, deepgram: DeepgramEmulator
    ) -> None:
        deepgram.faults.inject(FaultKind.RATE_LIMITED, retry_after_s=3)
        status, body, headers = await refusal(deepgram)
        assert (status, headers["Retry-After"]) == (429, "3")
        assert body["err_code"] == "TOO_MANY_REQUESTS"

    async def test_a_stalled_handshake_goes_on_when_it_is_cleared(
        self, deepgram: DeepgramEmulator
    ) -> None:
        deepgram.faults.inject(FaultKind.STALL_BEFORE_FIRST, point=Point.CONNECT)

        async def connect() -> str:
            async with raw_connection(deepgram) as ws:
                return ws._response.headers["dg-request-id"]

        connecting = asyncio.create_task(connect())
        await deepgram.wait_for_request("fault:stall_before_first")
        assert not connecting.done()
        deepgram.faults.clear()
        assert await connecting


class TestRejects:
    @pytest.mark.parametrize(
        ("change", "names"),
        [
            (("encoding=linear16", "encoding=mp7"), "encoding"),
            (("sample_rate=16000", "sample_rate=1"), "sample_rate"),
            (("sample_rate=16000&", ""), "sample_rate"),
            (("encoding=linear16&", ""), "encoding"),
            (("interim_results=true", "interim_results=maybe"), "interim_results"),
            (("interim_results=true", "utterance_end_ms=1000"), "utterance_end_ms"),
            (("endpointing=300", "endpointing=soon"), "endpointing"),
            (("endpointing=300", "colour=blue"), "colour"),
            (("nova-3-general", "nova-99"), "model"),
        ],
    )
    async def test_a_bad_query_gets_400_with_the_reason(
        self, deepgram: DeepgramEmulator, change: tuple[str, str], names: str
    ) -> None:
        status, body, headers = await refusal(deepgram, LISTEN.replace(*change))
        assert status == 400
        assert names in body["err_msg"]
        assert headers["dg-error"] == body["err_msg"]

    async def test_a_wrong_key_gets_401(self, deepgram: DeepgramEmulator) -> None:
        status, body, _ = await refusal(deepgram, key="wrong")
        assert (status, body["err_code"]) == (401, "INVALID_AUTH")

    @pytest.mark.parametrize("text", ["not json", '{"type": "Dance"}', "[]", "{}"])
    async def test_an_unknown_message_ends_the_connection(
        self, deepgram: DeepgramEmulator, text: str
    ) -> None:
        async with raw_connection(deepgram) as ws:
            await ws.send_str(text)
            assert (await ws.receive_json(timeout=5))["variant"] == "SchemaError"
            await ws.receive(timeout=5)
        assert ws.close_code == 1008

    async def test_silence_without_keepalive_is_closed(self) -> None:
        timing = DeepgramTiming(idle_timeout_s=0.1)
        async with (
            DeepgramEmulator(timing=timing) as deepgram,
            raw_connection(deepgram) as ws,
        ):
            closed = await ws.receive(timeout=5)
        assert ws.close_code == 1011
        assert closed.extra is not None
        assert closed.extra.startswith("NET-0001")

    async def test_one_connection_too_many_gets_429(self) -> None:
        async with (
            DeepgramEmulator(timing=QUICK, max_connections=1) as deepgram,
            raw_connection(deepgram),
        ):
            status, _, _ = await refusal(deepgram)
        assert status == 429


class TestProtocol:
    async def test_close_stream_brings_what_is_left_and_a_summary(
        self, deepgram: DeepgramEmulator
    ) -> None:
        deepgram.say("Goodbye.")
        async with raw_connection(deepgram) as ws:
            await ws.send_bytes(voice(600))
            await ws.send_str('{"type": "CloseStream"}')
            final = await _next_final(ws)
            summary = await ws.receive_json(timeout=5)
            await ws.receive(timeout=5)
        assert final["channel"]["alternatives"][0]["transcript"] == "Goodbye."
        assert summary["type"] == "Metadata"
        assert summary["duration"] == pytest.approx(0.6)
        assert ws.close_code == 1000

    async def test_finalize_in_silence_is_answered_without_words(
        self, deepgram: DeepgramEmulator
    ) -> None:
        async with raw_connection(deepgram) as ws:
            await ws.send_bytes(silence(200))
            await ws.send_str('{"type": "Finalize"}')
            final = await ws.receive_json(timeout=5)
        assert final["from_finalize"]
        assert final["channel"]["alternatives"][0]["transcript"] == ""

    async def test_a_pause_ends_the_speech_by_itself(self, deepgram: DeepgramEmulator) -> None:
        deepgram.say("Hello.")
        async with raw_connection(deepgram) as ws:
            await ws.send_bytes(voice(500) + silence(400))
            final = await _next_final(ws)
        assert final["speech_final"]
        assert not final["from_finalize"]

    async def test_a_short_pause_inside_an_utterance_uses_no_second_text(
        self, deepgram: DeepgramEmulator
    ) -> None:
        deepgram.say("My number is one two three.", "Second utterance.")
        async with raw_connection(deepgram) as ws:
            await ws.send_bytes(voice(500) + silence(400) + voice(500) + silence(400))
            texts = [await _next_final(ws) for _ in range(2)]
            await ws.send_bytes(silence(900) + voice(500) + silence(400))
            texts.append(await _next_final(ws))
        assert [t["channel"]["alternatives"][0]["transcript"] for t in texts] == [
            "My number is one two three.",
            "",
            "Second utterance.",
        ]

    async def test_without_punctuation_words_are_plain(self, deepgram: DeepgramEmulator) -> None:
        deepgram.say("It's Jane, at Acme.")
        async with raw_connection(deepgram, LISTEN.replace("&punctuate=true", "")) as ws:
            await ws.send_bytes(voice(500) + silence(400))
            final = await _next_final(ws)
        assert final["channel"]["alternatives"][0]["transcript"] == "it's jane at acme"

    async def test_the_record_shows_audio_at_a_wrong_sample_rate(
        self, deepgram: DeepgramEmulator
    ) -> None:
        async with raw_connection(deepgram) as ws:
            await ws.send_bytes(voice(1_000, sample_rate=48_000))
            await ws.send_str('{"type": "CloseStream"}')
            await ws.receive(timeout=5)
        await deepgram.wait_for_request("listen.closed")
        assert deepgram.sessions[0].audio_s == pytest.approx(3.0)


async def _next_final(ws: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = await ws.receive_json(timeout=5)
        if message.get("is_final"):
            return message
