"""An emulator of ElevenLabs' text-to-speech over the multi-context WebSocket.

`/v1/text-to-speech/{voice_id}/multi-stream-input`, built from the public documents that
`elevenlabs_session` and `elevenlabs_params` cite, and the REST calls with which a key and a voice
are checked: https://elevenlabs.io/docs/api-reference/user/get,
https://elevenlabs.io/docs/api-reference/voices/get, https://elevenlabs.io/docs/api-reference/models/list.

The service accepts the upgrade even with a wrong key or an unknown voice and closes with 1008 when
the first message comes; some front ends answer 401 or 403 at the upgrade: see `RejectAt`. A model
that the endpoint does not serve (eleven_v3) gets 403 at the upgrade.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from aiohttp import WSMsgType, web

from tests.emulators.elevenlabs_params import (
    HTTP_ONLY_MODELS,
    MODELS,
    PolicyViolationError,
    StreamParams,
)
from tests.emulators.elevenlabs_session import ElevenLabsTiming, StreamSession, refuse
from tests.emulators.faults import HTTP_STATUS, FaultKind, Point
from tests.emulators.server import Emulator
from tests.emulators.speech import Synthesiser, tone_burst

DEFAULT_KEY = "sk_elevenlabs_emulator_key"
# The documentation's own example voice.
DEFAULT_VOICE = "JBFqnCBsd6RMkjVDRZzb"

_REFUSALS = {
    FaultKind.UNAUTHORIZED: ("authentication_error", "invalid_api_key", "Invalid API key"),
    FaultKind.RATE_LIMITED: (
        "rate_limit_error",
        "too_many_concurrent_requests",
        "Too many concurrent requests. Your current subscription allows 5.",
    ),
    FaultKind.SERVER_ERROR: ("internal_error", "internal_server_error", "Internal server error"),
}


class RejectAt(StrEnum):
    """When a wrong key or voice is refused."""

    UPGRADE = "upgrade"
    OPEN = "open"
    FIRST_MESSAGE = "first_message"


class ElevenLabsEmulator(Emulator):
    """ElevenLabs on loopback.

    Args:
        api_key: the only key that is accepted.
        voices: the voices that exist: id to name.
        synthesise: the voice; by default a tone burst of the text's length.
        timing: latencies.
        reject_at: when a wrong key or an unknown voice is refused.
        models: the models that this endpoint serves.
        is_pro: whether 44.1 and 48 kHz are allowed.
    """

    name: ClassVar[str] = "elevenlabs"

    def __init__(
        self,
        *,
        api_key: str = DEFAULT_KEY,
        voices: Mapping[str, str] | None = None,
        synthesise: Synthesiser = tone_burst,
        timing: ElevenLabsTiming | None = None,
        reject_at: RejectAt = RejectAt.FIRST_MESSAGE,
        models: frozenset[str] = MODELS,
        is_pro: bool = True,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(host=host, port=port)
        self.api_key = api_key
        self.voices = dict(voices or {DEFAULT_VOICE: "George"})
        self.synthesise = synthesise
        self.timing = timing or ElevenLabsTiming()
        self.reject_at = reject_at
        self._models = models
        self._is_pro = is_pro

    @property
    def spoken(self) -> list[str]:
        """The texts that clients have sent to be spoken, oldest first."""
        sent = [r.body.get("text") or "" for r in self.requests_of("message")]
        return [text for text in sent if text.strip()]

    def script(self, body: Mapping[str, Any]) -> None:
        """`{"voices": {"id": "name"}}`: the voices that exist from now on."""
        voices = body.get("voices")
        if not isinstance(voices, dict):
            raise TypeError("voices must be an object of ids and names")
        self.voices = {str(k): str(v) for k, v in voices.items()}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/text-to-speech/{voice_id}/multi-stream-input", self._stream),
            web.get("/v1/user", self._user),
            web.get("/v1/user/subscription", self._subscription),
            web.get("/v1/models", self._list_models),
            web.get("/v1/voices", self._list_voices),
            web.get("/v1/voices/{voice_id}", self._get_voice),
        ]

    def error_response(self, kind: FaultKind) -> web.Response:
        return _refusal(HTTP_STATUS[kind], *_REFUSALS[kind])

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        await self.record("stream", request)
        if request.query.get("model_id") in HTTP_ONLY_MODELS:
            message = "This model is not available over the multi-context WebSocket."
            return _refusal(403, "forbidden", "model_not_allowed", message)
        error = self._credentials_error(request)
        if error is not None and self.reject_at is RejectAt.UPGRADE:
            if error.error == "invalid_api_key":
                return self.error_response(FaultKind.UNAUTHORIZED)
            return _refusal(403, "forbidden", error.error, error.message)
        ws = web.WebSocketResponse(max_msg_size=16 * 1024 * 1024)
        await ws.prepare(request)
        if error is not None:
            await self._reject(ws, error)
            return ws
        try:
            params = StreamParams.parse(request.query, models=self._models, is_pro=self._is_pro)
        except PolicyViolationError as bad_query:
            await self._reject(ws, bad_query)
            return ws
        session = StreamSession(
            ws=ws,
            request=request,
            params=params,
            synthesise=self.synthesise,
            timing=self.timing,
            next_fault=lambda: self.faults.take(Point.ANSWER, request.path),
            on_message=lambda message: self._record_message(request, message),
        )
        try:
            await session.run()
        finally:
            await self.record("stream.closed", request, {"code": ws.close_code})
        return ws

    def _credentials_error(self, request: web.Request) -> PolicyViolationError | None:
        voice = request.match_info["voice_id"]
        if not self._is_authorized(request):
            return PolicyViolationError("invalid_api_key", "Invalid API key")
        if voice not in self.voices:
            return PolicyViolationError(
                "voice_id_does_not_exist", f"A voice with voice_id {voice} does not exist."
            )
        return None

    async def _reject(self, ws: web.WebSocketResponse, error: PolicyViolationError) -> None:
        if self.reject_at is RejectAt.FIRST_MESSAGE:
            message = await ws.receive()
            if message.type is not WSMsgType.TEXT:
                return
        await refuse(ws, error)

    async def _record_message(self, request: web.Request, message: dict[str, Any]) -> None:
        kept = {k: v for k, v in message.items() if k not in ("xi_api_key", "authorization")}
        await self.record("message", request, kept)

    async def _user(self, request: web.Request) -> web.Response:
        await self.record("user", request)
        if not self._is_authorized(request):
            return self.error_response(FaultKind.UNAUTHORIZED)
        user = {"user_id": "emulator", "is_new_user": False, "subscription": _SUBSCRIPTION}
        return web.json_response(user)

    async def _subscription(self, request: web.Request) -> web.Response:
        await self.record("subscription", request)
        if not self._is_authorized(request):
            return self.error_response(FaultKind.UNAUTHORIZED)
        return web.json_response(_SUBSCRIPTION)

    async def _list_models(self, request: web.Request) -> web.Response:
        await self.record("models", request)
        if not self._is_authorized(request):
            return self.error_response(FaultKind.UNAUTHORIZED)
        listed = sorted(self._models | HTTP_ONLY_MODELS)
        return web.json_response([{"model_id": m, "can_do_text_to_speech": True} for m in listed])

    async def _list_voices(self, request: web.Request) -> web.Response:
        await self.record("voices", request)
        if not self._is_authorized(request):
            return self.error_response(FaultKind.UNAUTHORIZED)
        return web.json_response({"voices": [_voice(i, n) for i, n in self.voices.items()]})

    async def _get_voice(self, request: web.Request) -> web.Response:
        await self.record("voice", request)
        if not self._is_authorized(request):
            return self.error_response(FaultKind.UNAUTHORIZED)
        voice = request.match_info["voice_id"]
        if voice not in self.voices:
            message = f"A voice for the voice_id {voice} was not found."
            return _refusal(404, "not_found", "voice_not_found", message)
        return web.json_response(_voice(voice, self.voices[voice]))

    def _is_authorized(self, request: web.Request) -> bool:
        return request.headers.get("xi-api-key") == self.api_key


_SUBSCRIPTION = {
    "tier": "pro",
    "status": "active",
    "character_count": 0,
    "character_limit": 500_000,
}


def _voice(voice_id: str, name: str) -> dict[str, Any]:
    return {"voice_id": voice_id, "name": name, "category": "premade"}


def _refusal(status: int, kind: str, code: str, message: str) -> web.Response:
    detail = {"type": kind, "code": code, "status": code, "message": message}
    return web.json_response({"detail": detail}, status=status)
