"""An emulator of Anthropic's Messages API (SSE) and of its models' cards.

Built from the public documents: https://docs.anthropic.com/en/api/messages (body, headers),
https://docs.anthropic.com/en/docs/build-with-claude/streaming (the events and their order, `ping`,
`error` events in the middle of a stream), https://docs.anthropic.com/en/api/errors (statuses and
the error object), https://docs.anthropic.com/en/api/models (a model's card).
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import web

from tests.emulators.faults import HTTP_STATUS, Fault, FaultKind, Point
from tests.emulators.openai_replies import count_tokens, text_of, tokens_of
from tests.emulators.server import Emulator, cut

DEFAULT_KEY = "sk-ant-emulator-key"
VERSION = "2023-06-01"
MODELS = frozenset({"claude-haiku-4-5", "claude-sonnet-4-6"})

_ERRORS = {
    FaultKind.UNAUTHORIZED: ("authentication_error", "invalid x-api-key"),
    FaultKind.RATE_LIMITED: ("rate_limit_error", "This request would exceed your rate limit."),
    FaultKind.SERVER_ERROR: ("api_error", "Internal server error"),
}


@dataclass(kw_only=True)
class AnthropicTiming:
    """`first_token_ms` from the request to the first text, `per_token_ms` between tokens."""

    first_token_ms: float = 350
    per_token_ms: float = 20


class RefusedBodyError(ValueError):
    """A body that the API would not take; the message says why."""


class AnthropicEmulator(Emulator):
    """Anthropic on loopback.

    Args:
        api_key: the only key that is accepted.
        timing: latencies.
        fallback: answers a body when the script has nothing; by default the user's last words.
    """

    name: ClassVar[str] = "anthropic"

    def __init__(
        self,
        *,
        api_key: str = DEFAULT_KEY,
        timing: AnthropicTiming | None = None,
        fallback: Callable[[Mapping[str, Any]], str] | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(host=host, port=port)
        self.api_key = api_key
        self.timing = timing or AnthropicTiming()
        self._replies: deque[str] = deque()
        self._fallback = fallback or _echo

    def reply(self, *replies: str) -> None:
        """Adds to the script, one reply for each request."""
        self._replies.extend(replies)

    def script(self, body: Mapping[str, Any]) -> None:
        """`{"replies": [text]}`."""
        replies = body.get("replies")
        if not isinstance(replies, list) or not all(isinstance(r, str) for r in replies):
            raise ValueError("replies must be a list of texts")
        self.reply(*replies)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/messages", self._messages),
            web.get("/v1/models/{model}", self._model),
        ]

    def error_response(self, kind: FaultKind) -> web.Response:
        return _error(HTTP_STATUS[kind], *_ERRORS[kind])

    async def _model(self, request: web.Request) -> web.Response:
        await self.record("model", request)
        if (refusal := self._refusal(request)) is not None:
            return refusal
        name = request.match_info["model"]
        if name not in MODELS:
            return _error(404, "not_found_error", f"model: {name}")
        return web.json_response(
            {
                "type": "model",
                "id": name,
                "display_name": name,
                "created_at": "2026-01-01T00:00:00Z",
            }
        )

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        started_s = time.monotonic()
        try:
            body = await request.json()
        except ValueError:
            body = None
        await self.record("messages", request, body)
        if (refusal := self._refusal(request)) is not None:
            return refusal
        try:
            check_body(body)
        except RefusedBodyError as error:
            return _error(400, "invalid_request_error", str(error))
        if body["model"] not in MODELS:
            return _error(404, "not_found_error", f"model: {body['model']}")
        fault = self.faults.take(Point.ANSWER, request.path)
        if fault and fault.kind is FaultKind.EMPTY:
            text = ""
        else:
            text = self._replies.popleft() if self._replies else self._fallback(body)
        if fault and fault.kind is FaultKind.STALL_BEFORE_FIRST:
            await fault.hold()
        elif fault and fault.kind is FaultKind.SLOW:
            started_s += fault.delay_s
        return await self._stream(request, _Message(body, text), fault, started_s)

    async def _stream(
        self, request: web.Request, message: _Message, fault: Fault | None, started_s: float
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await asyncio.sleep(started_s + self.timing.first_token_ms / 1000 - time.monotonic())
        await response.prepare(request)
        said = 0
        for event in message.events():
            if fault is not None and said >= fault.chunks:
                match fault.kind:
                    case FaultKind.STALL_MIDWAY:
                        await fault.hold()
                        fault = None
                    case FaultKind.CLOSE_MIDWAY:
                        if fault.abrupt:
                            cut(request)
                        else:
                            await response.write_eof()
                        return response
                    case FaultKind.GARBAGE:
                        await response.write(b'event: content_block_delta\ndata: {"type":"con\n\n')
                        return response
                    case FaultKind.SERVER_ERROR:
                        overloaded = {"type": "overloaded_error", "message": "Overloaded"}
                        await response.write(_sse({"type": "error", "error": overloaded}))
                        return response
            await response.write(_sse(event))
            if event["type"] == "content_block_delta":
                said += 1
                await asyncio.sleep(self.timing.per_token_ms / 1000)
        await response.write_eof()
        return response

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("x-api-key") != self.api_key:
            return self.error_response(FaultKind.UNAUTHORIZED)
        if request.headers.get("anthropic-version") != VERSION:
            return _error(400, "invalid_request_error", "anthropic-version: header is required")
        return None


def check_body(body: Any) -> None:
    """Refuse what the API refuses.

    Raises:
        RefusedBodyError: the message names the field.
    """
    if not isinstance(body, dict):
        raise RefusedBodyError("The request body is not valid JSON")
    for name in ("model", "max_tokens", "messages"):
        if not body.get(name):
            raise RefusedBodyError(f"{name}: Field required")
    if not body.get("stream"):
        raise RefusedBodyError("stream: this emulator only streams")
    for n, message in enumerate(body["messages"]):
        if message.get("role") not in ("user", "assistant"):
            raise RefusedBodyError(f"messages.{n}.role: Input should be 'user' or 'assistant'")
        if not text_of(message).strip():
            raise RefusedBodyError(f"messages.{n}: text content blocks must be non-empty")
    last = body["messages"][-1]
    if last["role"] == "assistant" and text_of(last) != text_of(last).rstrip():
        raise RefusedBodyError(
            "messages: final assistant content cannot end with trailing whitespace"
        )


class _Message:
    """A reply in the events in which it is sent."""

    def __init__(self, body: Mapping[str, Any], text: str) -> None:
        self._body = body
        self._tokens = list(tokens_of(text))[: body["max_tokens"]]
        self._input_tokens = sum(count_tokens(text_of(m)) + 4 for m in body["messages"])
        self._output_tokens = count_tokens(text)

    def events(self) -> Iterator[dict[str, Any]]:
        yield {
            "type": "message_start",
            "message": {
                "id": f"msg_{uuid.uuid4().hex[:24]}",
                "type": "message",
                "role": "assistant",
                "model": self._body["model"],
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": {"input_tokens": self._input_tokens, "output_tokens": 1},
            },
        }
        yield {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "text", "text": ""},
        }
        yield {"type": "ping"}
        for token in self._tokens:
            delta = {"type": "text_delta", "text": token}
            yield {"type": "content_block_delta", "index": 0, "delta": delta}
        yield {"type": "content_block_stop", "index": 0}
        yield {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": self._output_tokens},
        }
        yield {"type": "message_stop"}


def _echo(body: Mapping[str, Any]) -> str:
    said = [text_of(m) for m in body["messages"] if m["role"] == "user"]
    return f"You said: {said[-1]}" if said else "Hello."


def _sse(event: Mapping[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def _error(status: int, kind: str, message: str) -> web.Response:
    error = {"type": kind, "message": message}
    body = {"type": "error", "error": error, "request_id": f"req_{uuid.uuid4().hex[:24]}"}
    return web.json_response(body, status=status)
