"""The ElevenLabs emulator, driven by Pipecat's real service and by a raw WebSocket."""

import asyncio
import base64
import contextlib
import itertools
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from pipecat.frames.frames import (
    ErrorFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    TTSAudioRawFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.services.elevenlabs.tts import ElevenLabsTTSService, ElevenLabsTTSSettings

from bot.services.endpoints import elevenlabs_http_url, elevenlabs_ws_url
from tests.emulators.bench import ServiceBench
from tests.emulators.elevenlabs import (
    DEFAULT_KEY,
    DEFAULT_VOICE,
    ElevenLabsEmulator,
    RejectAt,
)
from tests.emulators.elevenlabs_session import ElevenLabsTiming
from tests.emulators.faults import FaultKind
from tests.emulators.speech import LEADING_SILENCE_MS, MS_PER_CHARACTER

QUICK = ElevenLabsTiming(first_audio_ms=1, pace=0.0)
SENTENCE = "Hello there Jane."


@pytest.fixture
async def elevenlabs() -> AsyncIterator[ElevenLabsEmulator]:
    async with ElevenLabsEmulator(timing=QUICK) as emulator:
        yield emulator


def service(
    emulator: ElevenLabsEmulator,
    *,
    api_key: str = DEFAULT_KEY,
    voice: str = DEFAULT_VOICE,
) -> ElevenLabsTTSService:
    return ElevenLabsTTSService(
        api_key=api_key,
        url=elevenlabs_ws_url(emulator.http_url + "/v1/"),
        settings=ElevenLabsTTSSettings(
            voice=voice, model="eleven_flash_v2_5", stability=0.5, similarity_boost=0.8
        ),
    )


async def say(bench: ServiceBench, *sentences: str) -> None:
    await bench.send(LLMFullResponseStartFrame())
    for sentence in sentences:
        await bench.send(LLMTextFrame(sentence))
    await bench.send(LLMFullResponseEndFrame())


def audio_ms(bench: ServiceBench) -> float:
    heard = sum(len(f.audio) for f in bench.all(TTSAudioRawFrame))
    return heard / 2 / 16_000 * 1_000


@contextlib.asynccontextmanager
async def raw_connection(
    emulator: ElevenLabsEmulator,
    query: str = "",
    *,
    key: str = DEFAULT_KEY,
    voice: str = DEFAULT_VOICE,
    auto_mode: bool = True,
) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    url = (
        f"{emulator.ws_url}/v1/text-to-speech/{voice}/multi-stream-input"
        f"?model_id=eleven_flash_v2_5&output_format=pcm_16000&auto_mode={auto_mode}{query}"
    )
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(url, headers={"xi-api-key": key}) as ws,
    ):
        yield ws


async def until_final(ws: aiohttp.ClientWebSocketResponse) -> list[dict[str, Any]]:
    """All audio messages up to isFinal."""
    received: list[dict[str, Any]] = []
    while True:
        message: dict[str, Any] = await ws.receive_json(timeout=5)
        if message.get("isFinal"):
            return received
        received.append(message)


class TestThroughPipecat:
    async def test_a_reply_is_spoken_to_its_end_with_its_words(
        self, elevenlabs: ElevenLabsEmulator
    ) -> None:
        async with ServiceBench(service(elevenlabs)) as bench:
            await say(bench, SENTENCE, " How are you?")
            await bench.next(TTSStoppedFrame)
            words = " ".join(f.text for f in bench.all(TTSTextFrame))
            assert words.split() == ["Hello", "there", "Jane.", "How", "are", "you?"]
            spoken = len(SENTENCE) + len("How are you?")
            assert audio_ms(bench) == pytest.approx(
                2 * LEADING_SILENCE_MS + spoken * MS_PER_CHARACTER, abs=10
            )
        assert elevenlabs.spoken == [SENTENCE, "How are you?"]

    async def test_the_words_follow_the_audio(self, elevenlabs: ElevenLabsEmulator) -> None:
        async with ServiceBench(service(elevenlabs)) as bench:
            await say(bench, SENTENCE)
            await bench.next(TTSStoppedFrame)
            at_s = [f.pts / 1e9 for f in bench.all(TTSTextFrame) if f.pts is not None]
        gaps_ms = [(b - a) * 1_000 for a, b in itertools.pairwise(at_s)]
        assert gaps_ms == pytest.approx(
            [len("Hello ") * MS_PER_CHARACTER, len("there ") * MS_PER_CHARACTER], abs=40
        )

    async def test_a_second_reply_uses_the_same_connection(
        self, elevenlabs: ElevenLabsEmulator
    ) -> None:
        async with ServiceBench(service(elevenlabs)) as bench:
            await say(bench, SENTENCE)
            await bench.next(TTSStoppedFrame)
            await say(bench, "And now?")
            await bench.next(TTSStoppedFrame)
        assert len(elevenlabs.requests_of("stream")) == 1
        contexts = {r.body.get("context_id") for r in elevenlabs.requests_of("message")} - {None}
        assert len(contexts) == 2

    async def test_an_interruption_closes_the_context(self) -> None:
        async with (
            ElevenLabsEmulator(timing=ElevenLabsTiming(first_audio_ms=1, pace=1.0)) as elevenlabs,
            ServiceBench(service(elevenlabs)) as bench,
        ):
            await bench.send(LLMFullResponseStartFrame(), LLMTextFrame(SENTENCE))
            await bench.send(LLMTextFrame(" And more."))
            await bench.next(TTSAudioRawFrame)
            await bench.send(InterruptionFrame())
            await elevenlabs.wait_for_request(
                "message", where=lambda r: bool(r.body.get("close_context"))
            )

    @pytest.mark.parametrize("reject_at", list(RejectAt))
    @pytest.mark.parametrize("wrong", [{"api_key": "wrong"}, {"voice": "nobody"}])
    async def test_a_wrong_key_or_voice_becomes_an_error(
        self,
        reject_at: RejectAt,
        wrong: dict[str, str],
    ) -> None:
        async with (
            ElevenLabsEmulator(timing=QUICK, reject_at=reject_at) as elevenlabs,
            ServiceBench(service(elevenlabs, **wrong)) as bench,
        ):
            await say(bench, SENTENCE)
            await bench.next(ErrorFrame)
            assert not bench.all(TTSAudioRawFrame)

    async def test_a_connection_lost_midway_is_made_again(
        self, elevenlabs: ElevenLabsEmulator
    ) -> None:
        elevenlabs.faults.inject(FaultKind.CLOSE_MIDWAY)
        async with ServiceBench(service(elevenlabs)) as bench:
            await say(bench, SENTENCE)
            await elevenlabs.wait_for_request("stream", count=2)
            before = len(bench.all(TTSAudioRawFrame))
            await say(bench, "Once more.")
            await elevenlabs.wait_for_request("message", where=lambda r: "Once" in str(r.body))
            while len(bench.all(TTSAudioRawFrame)) <= before:
                await bench.next(TTSAudioRawFrame)


class TestProtocol:
    async def test_the_characters_tile_the_audio(self, elevenlabs: ElevenLabsEmulator) -> None:
        async with raw_connection(elevenlabs) as ws:
            await ws.send_json({"text": " ", "context_id": "a"})
            await ws.send_json({"text": SENTENCE, "context_id": "a"})
            await ws.send_json({"close_context": True, "context_id": "a"})
            messages = await until_final(ws)
        assert len(messages) > 1
        assert "".join(c for m in messages for c in m["alignment"]["chars"]) == SENTENCE + " "
        for message in messages:
            alignment = message["alignment"]
            span = alignment["charStartTimesMs"][-1] + alignment["charDurationsMs"][-1]
            played_ms = len(base64.b64decode(message["audio"])) / 2 / 16
            assert played_ms == pytest.approx(span, abs=1)
            assert message["contextId"] == "a"
        assert messages[0]["alignment"]["charStartTimesMs"][0] == pytest.approx(
            LEADING_SILENCE_MS, abs=5
        )

    @pytest.mark.parametrize("ending", [{"flush": True}, {"close_context": True}])
    async def test_without_auto_mode_short_texts_wait_and_are_spoken_as_one(
        self, elevenlabs: ElevenLabsEmulator, ending: dict[str, bool]
    ) -> None:
        async with raw_connection(elevenlabs, auto_mode=False) as ws:
            await ws.send_json({"text": "Hi. ", "context_id": "a"})
            await ws.send_json({"text": "Yes. ", "context_id": "a"})
            await ws.send_json({"context_id": "a", **ending})
            await ws.send_json({"context_id": "a", "close_context": True})
            messages = await until_final(ws)
        assert "".join(c for m in messages for c in m["alignment"]["chars"]) == "Hi. Yes. "
        heard_ms = sum(len(base64.b64decode(m["audio"])) for m in messages) / 2 / 16
        # One generation has one leading silence.
        assert heard_ms == LEADING_SILENCE_MS + len("Hi. Yes.") * MS_PER_CHARACTER

    async def test_two_contexts_speak_side_by_side(self, elevenlabs: ElevenLabsEmulator) -> None:
        async with raw_connection(elevenlabs) as ws:
            for context in ("a", "b"):
                await ws.send_json({"text": f"This is {context}.", "context_id": context})
            for context in ("a", "b"):
                await ws.send_json({"close_context": True, "context_id": context})
            messages = await until_final(ws) + await until_final(ws)
        assert {m["contextId"] for m in messages} == {"a", "b"}

    async def test_close_socket_ends_the_connection_in_order(
        self, elevenlabs: ElevenLabsEmulator
    ) -> None:
        async with raw_connection(elevenlabs) as ws:
            await ws.send_json({"close_socket": True})
            await ws.receive(timeout=5)
        assert ws.close_code == 1000

    async def test_any_voice_can_be_plugged_in(self) -> None:
        def half_a_second(_text: str, sample_rate: int) -> bytes:
            return b"\x00\x10" * (sample_rate // 2)

        async with (
            ElevenLabsEmulator(timing=QUICK, synthesise=half_a_second) as elevenlabs,
            raw_connection(elevenlabs) as ws,
        ):
            await ws.send_json({"text": "Hello.", "context_id": "a"})
            await ws.send_json({"close_context": True, "context_id": "a"})
            messages = await until_final(ws)
        assert sum(len(base64.b64decode(m["audio"])) for m in messages) == 16_000

    async def test_a_check_of_key_and_voice_is_answered(
        self, elevenlabs: ElevenLabsEmulator
    ) -> None:
        base = elevenlabs_http_url(elevenlabs.ws_url)
        right, wrong = {"xi-api-key": DEFAULT_KEY}, {"xi-api-key": "wrong"}
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{base}/v1/voices/{DEFAULT_VOICE}", headers=right) as response:
                assert (await response.json())["voice_id"] == DEFAULT_VOICE
            async with http.get(f"{base}/v1/voices/nobody", headers=right) as response:
                assert response.status == 404
                assert (await response.json())["detail"]["status"] == "voice_not_found"
            async with http.get(f"{base}/v1/user", headers=wrong) as response:
                assert response.status == 401
                assert (await response.json())["detail"]["status"] == "invalid_api_key"
            async with http.get(f"{base}/v1/user", headers=right) as response:
                assert response.status == 200


class TestRejects:
    @pytest.mark.parametrize(
        ("wrong", "error"),
        [({"key": "wrong"}, "invalid_api_key"), ({"voice": "x"}, "voice_id_does_not_exist")],
    )
    async def test_credentials_are_refused_by_message_and_close(
        self, elevenlabs: ElevenLabsEmulator, wrong: dict[str, Any], error: str
    ) -> None:
        async with raw_connection(elevenlabs, **wrong) as ws:
            await ws.send_json({"text": " ", "context_id": "a"})
            await _expect_refusal(ws, error)

    @pytest.mark.parametrize("status_of", [{"key": "wrong"}, {"voice": "nobody"}])
    async def test_or_at_the_upgrade(self, status_of: dict[str, Any]) -> None:
        async with ElevenLabsEmulator(reject_at=RejectAt.UPGRADE) as elevenlabs:
            with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
                async with raw_connection(elevenlabs, **status_of):
                    pass
        assert caught.value.status == (401 if "key" in status_of else 403)

    @pytest.mark.parametrize(
        ("query", "error"),
        [
            ("model_id=eleven_flash_v9&output_format=pcm_16000", "model_not_found"),
            ("output_format=pcm_12345", "invalid_output_format"),
            ("output_format=mp3_44100_128", "invalid_output_format"),
            ("output_format=pcm_48000", "output_format_not_allowed"),
            ("output_format=pcm_16000&auto_mode=perhaps", "input_validation_error"),
            ("output_format=pcm_16000&inactivity_timeout=999", "input_validation_error"),
            ("output_format=pcm_16000&colour=blue", "input_validation_error"),
        ],
    )
    async def test_a_bad_query_is_refused(self, query: str, error: str) -> None:
        async with (
            ElevenLabsEmulator(reject_at=RejectAt.OPEN, is_pro=False) as elevenlabs,
            aiohttp.ClientSession() as session,
            session.ws_connect(
                f"{elevenlabs.ws_url}/v1/text-to-speech/{DEFAULT_VOICE}/multi-stream-input?{query}",
                headers={"xi-api-key": DEFAULT_KEY},
            ) as ws,
        ):
            await _expect_refusal(ws, error)

    @pytest.mark.parametrize(
        "message",
        [
            "not json",
            "[]",
            "{}",
            '{"text": 5}',
            '{"text": "x", "context_id": 7}',
            '{"text": "x", "colour": "blue"}',
            '{"text": "x", "voice_settings": {"stability": 3}}',
            '{"text": "x", "voice_settings": {"speed": "fast"}}',
        ],
    )
    async def test_a_malformed_message_is_refused(
        self, elevenlabs: ElevenLabsEmulator, message: str
    ) -> None:
        async with raw_connection(elevenlabs) as ws:
            await ws.send_str(message)
            await _expect_refusal(ws, "invalid_message")

    async def test_a_sixth_context_is_refused(self, elevenlabs: ElevenLabsEmulator) -> None:
        async with raw_connection(elevenlabs) as ws:
            for n in range(6):
                await ws.send_json({"text": " ", "context_id": str(n)})
            await _expect_refusal(ws, "max_active_conversations")

    async def test_voice_settings_must_not_change_within_a_context(
        self, elevenlabs: ElevenLabsEmulator
    ) -> None:
        async with raw_connection(elevenlabs) as ws:
            await ws.send_json({"text": " ", "context_id": "a"})
            await ws.send_json(
                {"text": "Hi", "context_id": "a", "voice_settings": {"stability": 0.5}}
            )
            await _expect_refusal(ws, "voice_settings_changed")

    async def test_a_client_that_says_nothing_is_dropped(
        self, elevenlabs: ElevenLabsEmulator
    ) -> None:
        async with raw_connection(elevenlabs, "&inactivity_timeout=1") as ws:
            await _expect_refusal(ws, "input_timeout_exceeded")

    async def test_a_model_of_the_http_endpoint_gets_403(
        self, elevenlabs: ElevenLabsEmulator
    ) -> None:
        url = f"{elevenlabs.http_url}/v1/text-to-speech/{DEFAULT_VOICE}/multi-stream-input"
        async with (
            aiohttp.ClientSession() as session,
            session.get(
                url, params={"model_id": "eleven_v3"}, headers={"xi-api-key": DEFAULT_KEY}
            ) as response,
        ):
            assert response.status == 403


class TestFaults:
    async def test_empty_ends_without_a_sound(self, elevenlabs: ElevenLabsEmulator) -> None:
        elevenlabs.faults.inject(FaultKind.EMPTY)
        assert await _speak_raw(elevenlabs) == []
        assert await _speak_raw(elevenlabs)

    async def test_garbage_is_not_json(self, elevenlabs: ElevenLabsEmulator) -> None:
        elevenlabs.faults.inject(FaultKind.GARBAGE)
        with pytest.raises(json.JSONDecodeError):
            await _speak_raw(elevenlabs)

    async def test_a_close_midway_carries_an_internal_error(
        self, elevenlabs: ElevenLabsEmulator
    ) -> None:
        elevenlabs.faults.inject(FaultKind.CLOSE_MIDWAY)
        async with raw_connection(elevenlabs) as ws:
            await ws.send_json({"text": "Hi.", "context_id": "a"})
            assert "audio" in await ws.receive_json(timeout=5)
            while (await ws.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
                pass
        assert ws.close_code == 1011

    @pytest.mark.parametrize("kind", [FaultKind.STALL_BEFORE_FIRST, FaultKind.STALL_MIDWAY])
    async def test_a_stall_lasts_until_it_is_cleared(
        self, elevenlabs: ElevenLabsEmulator, kind: FaultKind
    ) -> None:
        elevenlabs.faults.inject(kind)
        speaking = asyncio.create_task(_speak_raw(elevenlabs))
        await elevenlabs.wait_for_request("message", count=2)
        done, _ = await asyncio.wait({speaking}, timeout=0.05)
        assert not done
        elevenlabs.faults.clear()
        assert len(await speaking) > 1

    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            (FaultKind.UNAUTHORIZED, 401),
            (FaultKind.RATE_LIMITED, 429),
            (FaultKind.SERVER_ERROR, 500),
        ],
    )
    async def test_a_refused_upgrade(
        self, elevenlabs: ElevenLabsEmulator, kind: FaultKind, status: int
    ) -> None:
        elevenlabs.faults.inject(kind)
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await _speak_raw(elevenlabs)
        assert caught.value.status == status
        assert await _speak_raw(elevenlabs)


async def _speak_raw(emulator: ElevenLabsEmulator) -> list[dict[str, Any]]:
    async with raw_connection(emulator) as ws:
        await ws.send_json({"text": SENTENCE, "context_id": "a"})
        await ws.send_json({"close_context": True, "context_id": "a"})
        return await until_final(ws)


async def _expect_refusal(ws: aiohttp.ClientWebSocketResponse, error: str) -> None:
    message = await ws.receive_json(timeout=5)
    assert (message["error"], message["code"]) == (error, 1008)
    closed = await ws.receive(timeout=5)
    assert ws.close_code == 1008
    assert message["message"].startswith(str(closed.extra)[:100])
