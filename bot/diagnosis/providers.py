"""The hosted providers of speech and language, asked in the way a call uses them.

Each is asked for what costs nothing: a stream that is closed before any audio, a model's card, a
voice's card. Where a compatible server does not offer such a card, the call's own request is made
in its smallest form.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from bot.config import Settings
from bot.diagnosis.finding import (
    Finding,
    host_of,
    not_configured,
    refused,
    unreachable,
    usable,
)
from bot.services.endpoints import (
    anthropic_base_url,
    deepgram_base_url,
    elevenlabs_http_url,
    elevenlabs_ws_url,
    openai_base_url,
)

REQUEST_TIMEOUT_S = 4.0
# How long a socket that was accepted may take to say that something is wrong.
OBJECTION_TIMEOUT_S = 1.0
# https://docs.anthropic.com/en/api/versioning
ANTHROPIC_VERSION = "2023-06-01"
_MAX_DETAIL = 160
_CREDIT_STATUS = 402
_NO_CARD = {404, 405, 501}


async def check_deepgram(settings: Settings) -> Finding:
    """Opens the stream that a call opens, and closes it before any audio is charged."""
    if settings.deepgram_api_key is None:
        return not_configured("deepgram", "not set: the local recogniser listens")
    base = deepgram_base_url(settings.deepgram_base_url)
    query = urlencode(
        {
            "model": settings.deepgram_model,
            "encoding": "linear16",
            "sample_rate": 16000,
            "channels": 1,
        }
    )
    key = settings.deepgram_api_key.get_secret_value()
    try:
        async with connect(
            f"ws{base.removeprefix('http')}/v1/listen?{query}",
            additional_headers={"Authorization": f"Token {key}"},
            open_timeout=REQUEST_TIMEOUT_S,
            close_timeout=OBJECTION_TIMEOUT_S,
        ) as stream:
            await stream.send(json.dumps({"type": "CloseStream"}))
    except InvalidStatus as error:
        return _deepgram_refusal(settings, base, error)
    except ConnectionClosed as error:
        if error.rcvd is not None and error.rcvd.code not in {1000, 1001, 1005}:
            return refused("deepgram", _short(error.rcvd.reason), "check DEEPGRAM_MODEL")
    except (OSError, TimeoutError, WebSocketException) as error:
        return unreachable("deepgram", base, "DEEPGRAM_BASE_URL", error)
    return usable("deepgram", f"{settings.deepgram_model} at {host_of(base)}")


def _deepgram_refusal(settings: Settings, base: str, error: InvalidStatus) -> Finding:
    status = error.response.status_code
    # Deepgram explains a refused handshake in a header: https://developers.deepgram.com/docs/stt-troubleshooting-websocket-data-and-net-errors
    reason = error.response.headers.get("dg-error", "")
    remedies = {
        400: f"check DEEPGRAM_MODEL={settings.deepgram_model}",
        401: "correct DEEPGRAM_API_KEY; keys are made in Deepgram's console",
        402: "add credit to the Deepgram project of DEEPGRAM_API_KEY",
        403: f"let the project of DEEPGRAM_API_KEY use DEEPGRAM_MODEL={settings.deepgram_model}",
        404: "correct DEEPGRAM_BASE_URL; /v1/listen is added to it",
        429: "too many streams are open; wait, or ask Deepgram for a higher limit",
    }
    return refused(
        "deepgram",
        _answered(base, status, reason),
        remedies.get(status, "try again later; see Deepgram's status page"),
    )


async def check_openai(settings: Settings) -> Finding:
    """Asks for the model's card; where there is none, for an answer of one token."""
    if settings.openai_api_key is None and settings.openai_base_url is None:
        return not_configured("openai", "not set: the scripted dialogue speaks")
    base = openai_base_url(settings.openai_base_url)
    model = settings.openai_model
    key = settings.openai_api_key
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    try:
        async with httpx.AsyncClient(timeout=REQUEST_TIMEOUT_S, headers=headers) as client:
            answer = await client.get(f"{base}/models/{quote(model)}")
            card_missing = answer.status_code in _NO_CARD and not _error_code(answer)
            # A restricted key may be allowed to chat and not to read models.
            restricted = answer.status_code == httpx.codes.FORBIDDEN
            if card_missing or restricted:
                answer = await _shortest_chat(client, base, model)
    except httpx.HTTPError as error:
        return unreachable("openai", base, "OPENAI_BASE_URL", error)
    if answer.is_success:
        return usable("openai", f"{model} at {host_of(base)}")
    remedies = {
        401: "correct OPENAI_API_KEY",
        403: "let the project of OPENAI_API_KEY use this model, or make another key",
        404: f"this server does not know OPENAI_MODEL={model}; correct it, or OPENAI_BASE_URL",
        429: "add credit to the account of OPENAI_API_KEY, or raise its limits",
    }
    return refused(
        "openai",
        _answered(base, answer.status_code, _error_code(answer)),
        remedies.get(answer.status_code, "check OPENAI_BASE_URL and OPENAI_MODEL"),
    )


async def check_anthropic(settings: Settings) -> Finding:
    """Asks for the model's card, if the client is there at all."""
    key = settings.anthropic_api_key
    if key is None:
        return not_configured("anthropic", "not set: nobody between OpenAI and what is below")
    if find_spec("anthropic") is None:
        return refused(
            "anthropic",
            "ANTHROPIC_API_KEY is set, but its client is not installed: it is left out",
            "install pipecat-ai[anthropic], or unset ANTHROPIC_API_KEY",
        )
    model = settings.anthropic_model
    base = anthropic_base_url(settings.anthropic_base_url)
    headers = {"x-api-key": key.get_secret_value(), "anthropic-version": ANTHROPIC_VERSION}
    try:
        async with httpx.AsyncClient(timeout=REQUEST_TIMEOUT_S, headers=headers) as client:
            answer = await client.get(f"{base}/v1/models/{quote(model)}")
    except httpx.HTTPError as error:
        return unreachable("anthropic", base, "ANTHROPIC_BASE_URL", error)
    if answer.is_success:
        return usable("anthropic", f"{model} at {host_of(base)}")
    return refused(
        "anthropic",
        _answered(base, answer.status_code, _error_code(answer)),
        "check ANTHROPIC_API_KEY, ANTHROPIC_MODEL and ANTHROPIC_BASE_URL",
    )


async def check_llm_fallback(settings: Settings) -> Finding:
    """Asks the second OpenAI-compatible endpoint for an answer of one token."""
    if settings.llm_fallback_url is None:
        return not_configured("llm fallback", "not set: the scripted dialogue is the next rung")
    base = openai_base_url(settings.llm_fallback_url)
    key = settings.llm_fallback_key
    headers = {"Authorization": f"Bearer {key.get_secret_value()}"} if key else {}
    try:
        async with httpx.AsyncClient(timeout=REQUEST_TIMEOUT_S, headers=headers) as client:
            answer = await _shortest_chat(client, base, settings.llm_fallback_model)
    except httpx.HTTPError as error:
        return unreachable("llm fallback", base, "LEADLINE_LLM_FALLBACK_URL", error)
    if answer.is_success:
        return usable("llm fallback", f"{settings.llm_fallback_model} at {host_of(base)}")
    return refused(
        "llm fallback",
        _answered(base, answer.status_code, _error_code(answer)),
        "check LEADLINE_LLM_FALLBACK_MODEL and LEADLINE_LLM_FALLBACK_KEY",
    )


async def _shortest_chat(client: httpx.AsyncClient, base: str, model: str) -> httpx.Response:
    body = {
        "model": model,
        "messages": [{"role": "user", "content": "Hi"}],
        "max_tokens": 1,
        "stream": True,
    }
    # Only the status is of interest; the stream is left as soon as it begins.
    async with client.stream("POST", f"{base}/chat/completions", json=body) as answer:
        if not answer.is_success:
            await answer.aread()
        return answer


def _error_code(answer: httpx.Response) -> str:
    error = _json_of(answer).get("error")
    if not isinstance(error, Mapping):
        return ""
    return str(error.get("code") or error.get("type") or "")


async def check_elevenlabs(settings: Settings) -> Finding:
    """Asks for the voice's card; where there is none, opens the stream that a call opens."""
    if settings.elevenlabs_api_key is None:
        return not_configured("elevenlabs", "not set: the local voice speaks")
    return await elevenlabs_card(settings) or await _elevenlabs_stream(settings)


async def elevenlabs_card(settings: Settings) -> Finding | None:
    """What the voice's card says of key and voice; None where the server shows no cards.

    Cheap enough to ask before each call: the stream itself refuses an unknown voice so late, and
    so quietly, that the caller would hear nothing and the operator would not know why.
    """
    if settings.elevenlabs_api_key is None:
        return None
    base = elevenlabs_http_url(settings.elevenlabs_base_url)
    key = settings.elevenlabs_api_key.get_secret_value()
    voice = settings.elevenlabs_voice_id
    try:
        async with httpx.AsyncClient(timeout=REQUEST_TIMEOUT_S) as client:
            answer = await client.get(
                f"{base}/v1/voices/{quote(voice, safe='')}", headers={"xi-api-key": key}
            )
    except httpx.HTTPError as error:
        return unreachable("elevenlabs", base, "ELEVENLABS_BASE_URL", error)
    code = _elevenlabs_code(_json_of(answer))
    if answer.is_success:
        return usable("elevenlabs", f"voice {_name_of(answer, voice)} at {host_of(base)}")
    # ElevenLabs names a reason with every refusal; whoever names none has no cards to show.
    if not code or code == "missing_permissions":
        return None
    return _elevenlabs_refusal(settings, _answered(base, answer.status_code, code), code)


async def _elevenlabs_stream(settings: Settings) -> Finding:
    assert settings.elevenlabs_api_key is not None  # noqa: S101  # check_elevenlabs has looked
    base = elevenlabs_http_url(settings.elevenlabs_base_url)
    key = settings.elevenlabs_api_key.get_secret_value()
    voice = settings.elevenlabs_voice_id
    query = urlencode({"model_id": settings.elevenlabs_model, "output_format": "pcm_16000"})
    url = elevenlabs_ws_url(settings.elevenlabs_base_url)
    path = f"/v1/text-to-speech/{quote(voice, safe='')}/multi-stream-input?{query}"
    objection = ""
    try:
        async with connect(
            url + path,
            additional_headers={"xi-api-key": key},
            open_timeout=REQUEST_TIMEOUT_S,
            close_timeout=OBJECTION_TIMEOUT_S,
        ) as stream:
            await stream.send(json.dumps({"text": " ", "context_id": "doctor"}))
            objection = await _objection(stream.recv())
            if not objection:
                await stream.send(json.dumps({"close_socket": True}))
    except InvalidStatus as error:
        status = error.response.status_code
        return _elevenlabs_refusal(settings, _answered(base, status, ""), str(status))
    except ConnectionClosed as error:
        closing = error.rcvd
        objection = closing.reason if closing is not None and closing.code != 1000 else ""
    except (OSError, TimeoutError, WebSocketException) as error:
        return unreachable("elevenlabs", base, "ELEVENLABS_BASE_URL", error)
    if objection:
        return _elevenlabs_refusal(settings, _short(objection), objection)
    return usable("elevenlabs", f"voice {voice} at {host_of(base)}")


async def _objection(message: Any) -> str:
    try:
        text = await asyncio.wait_for(message, OBJECTION_TIMEOUT_S)
        document = json.loads(text)
    except (TimeoutError, ValueError):
        return ""
    if not isinstance(document, Mapping) or not (document.get("error") or document.get("code")):
        return ""
    return f"{document.get('error') or ''} {document.get('message') or ''}".strip()


def _elevenlabs_refusal(settings: Settings, detail: str, code: str) -> Finding:
    words = code.lower()
    if "voice" in words:
        remedy = f"ELEVENLABS_VOICE_ID={settings.elevenlabs_voice_id} does not exist; correct it"
    elif "quota" in words or words == str(_CREDIT_STATUS):
        remedy = "add credit to the ElevenLabs account of ELEVENLABS_API_KEY"
    elif "key" in words or "401" in detail or "403" in detail:
        remedy = "correct ELEVENLABS_API_KEY, and its rights to text-to-speech and voices"
    elif "model" in words:
        remedy = f"correct ELEVENLABS_MODEL={settings.elevenlabs_model}"
    else:
        remedy = "check ELEVENLABS_VOICE_ID, ELEVENLABS_MODEL and ELEVENLABS_BASE_URL"
    return refused("elevenlabs", detail, remedy)


def _elevenlabs_code(document: Mapping[str, Any]) -> str:
    # https://elevenlabs.io/docs/eleven-api/resources/errors; `status` is the older name.
    detail = document.get("detail")
    if not isinstance(detail, Mapping):
        return ""
    return str(detail.get("code") or detail.get("status") or "")


def _name_of(answer: httpx.Response, voice: str) -> str:
    name = _json_of(answer).get("name")
    return f"{name} ({voice})" if name else voice


def _json_of(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        document = answer.json()
    except (ValueError, httpx.ResponseNotRead):
        return {}
    return document if isinstance(document, Mapping) else {}


def _answered(base: str, status: int, reason: str) -> str:
    return _short(f"{host_of(base)} answered {status}" + (f": {reason}" if reason else ""))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_DETAIL else line[: _MAX_DETAIL - 3] + "..."
