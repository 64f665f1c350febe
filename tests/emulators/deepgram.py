"""An emulator of Deepgram's streaming speech-to-text, `GET /v1/listen` over a WebSocket.

Built from the public protocol: https://developers.deepgram.com/reference/speech-to-text/listen-streaming
(parameters, messages), https://developers.deepgram.com/docs/errors (`err_code`, `err_msg`,
`request_id`; the headers `dg-request-id` and `dg-error` on a refused upgrade), and from what
deepgram-sdk 7 sends: `Authorization: Token KEY`, binary PCM, and the text messages KeepAlive,
Finalize and CloseStream.

It differs from the service in this: it hears linear16 only, pauses shorter than
`timing.min_pause_ms` do not end a segment, and speech during a short pause after a scripted text
gets no text of its own.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

from aiohttp import web

from tests.emulators.deepgram_params import MODELS, BadParameterError, ListenParams
from tests.emulators.deepgram_session import (
    DeepgramTiming,
    ListenSession,
    SessionStats,
    new_request_id,
)
from tests.emulators.faults import HTTP_STATUS, FaultKind, Point
from tests.emulators.recognition import Recogniser, ScriptedRecogniser
from tests.emulators.server import Emulator

DEFAULT_KEY = "deepgram-emulator-key"
MAX_KEPT_SESSIONS = 1_000

_REFUSALS = {
    FaultKind.UNAUTHORIZED: ("INVALID_AUTH", "Invalid credentials."),
    FaultKind.RATE_LIMITED: ("TOO_MANY_REQUESTS", "Too many requests. Please try again later."),
    FaultKind.SERVER_ERROR: ("INTERNAL_SERVER_ERROR", "Internal server error."),
}


class DeepgramEmulator(Emulator):
    """Deepgram on loopback.

    Args:
        api_key: the only key that is accepted.
        recogniser: what was said; by default a script (see `say`).
        timing: latencies and thresholds.
        confidence: of every word and transcript, 0 to 1.
        models: the models that exist.
        max_connections: more at a time get a 429.
    """

    name: ClassVar[str] = "deepgram"

    def __init__(
        self,
        *,
        api_key: str = DEFAULT_KEY,
        recogniser: Recogniser | None = None,
        timing: DeepgramTiming | None = None,
        confidence: float = 0.98,
        models: frozenset[str] = MODELS,
        max_connections: int = 150,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(host=host, port=port)
        self.api_key = api_key
        self.recogniser: Recogniser = recogniser or ScriptedRecogniser()
        self.timing = timing or DeepgramTiming()
        self.confidence = confidence
        self._models = models
        self._max_connections = max_connections
        self._open = 0
        # Of the connections that are over, oldest first.
        self.sessions: deque[SessionStats] = deque(maxlen=MAX_KEPT_SESSIONS)

    def say(self, *texts: str) -> None:
        """Adds to the script: one text for each utterance that will be heard.

        Raises:
            TypeError: the recogniser is not a script.
        """
        if not isinstance(self.recogniser, ScriptedRecogniser):
            raise TypeError("only a ScriptedRecogniser takes a script")
        self.recogniser.texts.extend(texts)

    def script(self, body: Mapping[str, Any]) -> None:
        """`{"texts": [...], "replace": false}`; turns a real recogniser into the fallback."""
        texts = body.get("texts")
        if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
            raise ValueError("texts must be a list of strings")
        if not isinstance(self.recogniser, ScriptedRecogniser):
            self.recogniser = ScriptedRecogniser(fallback=self.recogniser)
        if body.get("replace"):
            self.recogniser.texts.clear()
        self.say(*texts)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/listen", self._listen),
            # What a check of the key asks: https://developers.deepgram.com/reference/manage/projects
            web.get("/v1/projects", self._projects),
            web.get("/v1/auth/token", self._token),
        ]

    def error_response(self, kind: FaultKind) -> web.Response:
        return _refusal(HTTP_STATUS[kind], *_REFUSALS[kind])

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        await self.record("listen", request)
        if not self._is_authorized(request):
            return self.error_response(FaultKind.UNAUTHORIZED)
        try:
            params = ListenParams.parse(request.query, models=self._models)
        except BadParameterError as error:
            return _refusal(400, "Bad Request", str(error))
        if self._open >= self._max_connections:
            return self.error_response(FaultKind.RATE_LIMITED)
        request_id = new_request_id()
        ws = web.WebSocketResponse()
        ws.headers["dg-request-id"] = request_id
        await ws.prepare(request)
        session = ListenSession(
            ws=ws,
            request=request,
            params=params,
            recogniser=self.recogniser,
            timing=self.timing,
            confidence=self.confidence,
            next_fault=lambda: self.faults.take(Point.ANSWER, request.path),
            on_text=lambda message: self._record_text(request, message),
            request_id=request_id,
        )
        self._open += 1
        try:
            await session.run()
        finally:
            self._open -= 1
            self.sessions.append(session.stats)
            await self.record("listen.closed", request)
        return ws

    async def _record_text(self, request: web.Request, message: dict[str, Any]) -> None:
        await self.record(f"listen.{message.get('type')}", request, message)

    async def _projects(self, request: web.Request) -> web.Response:
        await self.record("projects", request)
        if not self._is_authorized(request):
            return self.error_response(FaultKind.UNAUTHORIZED)
        return web.json_response({"projects": [{"project_id": "emulator", "name": "emulator"}]})

    async def _token(self, request: web.Request) -> web.Response:
        await self.record("auth.token", request)
        if not self._is_authorized(request):
            return self.error_response(FaultKind.UNAUTHORIZED)
        return web.json_response({"api_key_id": "emulator", "scopes": ["usage:write"]})

    def _is_authorized(self, request: web.Request) -> bool:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() in ("token", "bearer") and key == self.api_key


def _refusal(status: int, code: str, message: str) -> web.Response:
    request_id = new_request_id()
    return web.json_response(
        {"err_code": code, "err_msg": message, "request_id": request_id},
        status=status,
        headers={"dg-request-id": request_id, "dg-error": message},
    )
