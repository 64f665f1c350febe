"""The hosted voices below ElevenLabs, each through its own client: built from the settings, heard,
and followed by the next one when they fail."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pipecat.services.tts_service import TTSService
from pydantic import SecretStr

from bot.config import Settings
from bot.diagnosis.voices import check_voices
from bot.services.tts import HOSTED, make_service, wanted_voices, why_not
from tests.integration.strange_voices import (
    SENTENCE,
    WORD_S,
    Provider,
    Speaking,
    providing,
    sound,
)

WORDS = SENTENCE.split()
LENGTH_S = len(WORDS) * WORD_S
TABLE = {hosted.name: hosted for hosted in HOSTED}
KEY = SecretStr("key-of-a-test")


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with providing() as running:
        yield running


def service_of(name: str, provider: Provider) -> TTSService:
    settings = Settings(
        OPENAI_API_KEY=KEY,
        OPENAI_BASE_URL=provider.url,
        DEEPGRAM_API_KEY=KEY,
        DEEPGRAM_BASE_URL=provider.url,
        CARTESIA_API_KEY=KEY,
        CARTESIA_VOICE_ID="a-voice",
        LEADLINE_TTS_FALLBACKS=name,
    )
    service = make_service(TABLE[name], settings)
    if name == "cartesia":  # It has no setting for another endpoint.
        service._url = provider.url.replace("http", "ws") + "/tts/websocket"  # type: ignore[attr-defined]
    return service


async def openai_speaks(request: web.Request) -> web.StreamResponse:
    assert request.path == "/v1/audio/speech"
    assert (await request.json())["input"] == SENTENCE
    return web.Response(body=sound(LENGTH_S), content_type="audio/pcm")


async def deepgram_speaks(ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
    if message["type"] == "Speak":
        assert message["text"].strip() == SENTENCE
        await ws.send_bytes(sound(LENGTH_S))
    elif message["type"] == "Flush":
        await ws.send_str(json.dumps({"type": "Flushed", "sequence_id": 0}))


async def cartesia_speaks(ws: web.WebSocketResponse, message: dict[str, Any]) -> None:
    here = {"context_id": message["context_id"], "status_code": 206, "done": False}
    text = (message.get("transcript") or "").strip()
    if text:
        starts = [n * WORD_S for n in range(len(WORDS))]
        times = {"words": WORDS, "start": starts, "end": [at + WORD_S for at in starts]}
        await ws.send_json({**here, "type": "timestamps", "word_timestamps": times})
        audio = base64.b64encode(sound(LENGTH_S)).decode()
        await ws.send_json({**here, "type": "chunk", "data": audio})
    if not message.get("continue", False):
        await ws.send_json({**here, "type": "done", "done": True})


def openai_well(provider: Provider) -> None:
    provider.answer = openai_speaks


def deepgram_well(provider: Provider) -> None:
    provider.behave = deepgram_speaks


def cartesia_well(provider: Provider) -> None:
    provider.behave = cartesia_speaks


@pytest.mark.parametrize(
    ("name", "becomes_well"),
    [("openai", openai_well), ("deepgram", deepgram_well), ("cartesia", cartesia_well)],
)
async def test_it_is_heard_through_its_own_client(
    name: str, becomes_well: Callable[[Provider], None], provider: Provider
) -> None:
    becomes_well(provider)
    call = Speaking(service_of(name, provider), patience_s=8)
    async with call.bench:
        heard = await call.say()
    assert heard.hosted_s == pytest.approx(LENGTH_S, abs=0.05)
    assert heard.local_s == 0
    assert " ".join(heard.words) == SENTENCE
    assert call.problems.records == []


@pytest.mark.parametrize("name", ["openai", "deepgram", "cartesia"])
@pytest.mark.parametrize("status", [401, 503])
async def test_one_that_refuses_is_followed_by_the_next(
    name: str, status: int, provider: Provider
) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"error": {"message": "no"}}, status=status)

    provider.answer = refuse
    call = Speaking(service_of(name, provider))
    async with call.bench:
        heard = await call.say()
    assert (heard.words, heard.hosted_s) == (WORDS, 0)
    assert call.problems.records[0].service == "tts:hosted"


@pytest.mark.parametrize("name", ["openai", "deepgram", "cartesia"])
async def test_one_that_accepts_and_says_nothing_is_followed_by_the_next(
    name: str, provider: Provider
) -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await provider.is_over.wait()
        return web.Response()

    if name == "openai":
        provider.answer = hang
    call = Speaking(service_of(name, provider))
    async with call.bench:
        assert (await call.say()).words == WORDS


# --- the table -------------------------------------------------------------------------------


def test_the_order_is_the_settings() -> None:
    settings = Settings(
        ELEVENLABS_API_KEY=KEY, LEADLINE_TTS_FALLBACKS="cartesia,azure,google,openai"
    )
    names = [hosted.name for hosted in wanted_voices(settings)]
    assert names == ["elevenlabs", "cartesia", "azure", "google", "openai"]


@pytest.mark.parametrize(("name", "module"), [("google", "google.cloud"), ("azure", "azure")])
def test_google_and_azure_are_built_where_their_extras_are_installed(
    name: str, module: str, tmp_path: Path
) -> None:
    settings = Settings(
        GOOGLE_APPLICATION_CREDENTIALS=_account(tmp_path),
        GOOGLE_TTS_VOICE="en-US-Chirp3-HD-Charon",
        AZURE_SPEECH_KEY=KEY,
        AZURE_SPEECH_REGION="eastus",
        AZURE_SPEECH_VOICE="en-US-JennyNeural",
        LEADLINE_TTS_FALLBACKS=name,
    )
    todo = why_not(TABLE[name], settings)
    if not _is_installed(module):
        assert todo == f'install the extra of {name}: uv pip install "pipecat-ai[{name}]"'
        return
    service = make_service(TABLE[name], settings)
    assert type(service).__name__ == TABLE[name].cls
    assert str(service._settings.voice).startswith("en-US-")


async def test_doctor_names_what_is_missing() -> None:
    finding = await check_voices(Settings(LEADLINE_TTS_FALLBACKS="azure,cartesia"))
    assert not finding.is_healthy
    assert finding.detail == "azure, cartesia cannot speak"
    assert finding.remedy == "set AZURE_SPEECH_KEY for azure; set CARTESIA_API_KEY for cartesia"
    assert (await check_voices(Settings())).is_healthy
    good = Settings(
        LEADLINE_TTS_FALLBACKS="cartesia", CARTESIA_API_KEY=KEY, CARTESIA_VOICE_ID="a-voice"
    )
    assert (await check_voices(good)).detail == "cartesia, local in this order"


def _is_installed(module: str) -> bool:
    name = {"google.cloud": "google.cloud.texttospeech_v1"}.get(
        module, "azure.cognitiveservices.speech"
    )
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _account(folder: Path) -> Path:
    """A service account of nobody's."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path = folder / "account.json"
    account = {
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "1",
        "private_key": key.decode(),
        "client_email": "x@p.iam.gserviceaccount.com",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    path.write_text(json.dumps(account))
    return path
