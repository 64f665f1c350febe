"""An emulator of OpenAI's chat completions (JSON and SSE) and of its list of models.

Built from the public documents: https://platform.openai.com/docs/api-reference/chat/create,
https://platform.openai.com/docs/api-reference/chat-streaming (chunks, `[DONE]`, the usage chunk of
`stream_options.include_usage`), https://platform.openai.com/docs/guides/error-codes. Any
OpenAI-compatible server is reached the same way, so it stands for a second provider too.
"""

import asyncio
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from aiohttp import web

from tests.emulators.faults import HTTP_STATUS, Fault, FaultKind, Point
from tests.emulators.openai_replies import (
    Brain,
    ChatRequest,
    Reply,
    Rule,
    ToolCall,
    count_tokens,
    text_of,
    tokens_of,
)
from tests.emulators.openai_validation import MODELS, RefusedError, check_body
from tests.emulators.server import Emulator, cut

DEFAULT_KEY = "sk-openai-emulator-key"
_CREATED = 1_790_000_000

_REFUSALS = {
    FaultKind.UNAUTHORIZED: RefusedError(
        "Incorrect API key provided: sk-****. You can find your API key at"
        " https://platform.openai.com/account/api-keys.",
        status=401,
        code="invalid_api_key",
    ),
    FaultKind.RATE_LIMITED: RefusedError(
        "Rate limit reached for gpt-4o-mini on requests per min (RPM): Limit 500, Used 500."
        " Please try again in 1s.",
        status=429,
        kind="requests",
        code="rate_limit_exceeded",
    ),
    FaultKind.SERVER_ERROR: RefusedError(
        "The server had an error while processing your request. Sorry about that!",
        status=500,
        kind="server_error",
    ),
}


@dataclass(kw_only=True)
class OpenAITiming:
    """`first_token_ms` from the request to the first content, `per_token_ms` between tokens."""

    first_token_ms: float = 350
    per_token_ms: float = 20


class OpenAIEmulator(Emulator):
    """OpenAI on loopback. `base_url` is what a client takes.

    Args:
        api_key: the only key that is accepted.
        timing: latencies.
        models: the models that exist.
        fallback: answers when script and rules have nothing; by default an echo.
    """

    name: ClassVar[str] = "openai"

    def __init__(
        self,
        *,
        api_key: str = DEFAULT_KEY,
        timing: OpenAITiming | None = None,
        models: frozenset[str] = MODELS,
        fallback: Rule | None = None,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(host=host, port=port)
        self.api_key = api_key
        self.timing = timing or OpenAITiming()
        self.brain = Brain(fallback=fallback)
        self._models = models

    @property
    def base_url(self) -> str:
        return f"{self.http_url}/v1"

    def reply(self, *replies: Reply | str | Mapping[str, Any]) -> None:
        """Adds to the script of the dialogue, one reply for each request."""
        self.brain.replies.extend(Reply.of(r) for r in replies)

    def extract(self, *data: Mapping[str, Any]) -> None:
        """Adds to the script of structured requests (`response_format` with JSON)."""
        self.brain.extractions.extend(Reply.of(d) for d in data)

    def rule(self, rule: Rule) -> Rule:
        """Adds a rule (usable as a decorator): the first that returns something answers."""
        self.brain.rules.append(rule)
        return rule

    @property
    def chats(self) -> list[ChatRequest]:
        """Every accepted or refused body that was an object with messages, oldest first."""
        bodies = [r.body for r in self.requests_of("chat")]
        return [ChatRequest(body=b) for b in bodies if isinstance(b, dict) and b.get("messages")]

    def script(self, body: Mapping[str, Any]) -> None:
        """`{"replies": [text | {"text", "tool_calls": [{"name", "arguments"}]}],
        "extractions": [object], "replace": false}`."""
        replies = [_reply_of(raw) for raw in body.get("replies", [])]
        extractions = [Reply.of(raw) for raw in body.get("extractions", [])]
        if not replies and not extractions and not body.get("replace"):
            raise ValueError("replies or extractions must be a list that is not empty")
        if body.get("replace"):
            self.brain.replies.clear()
            self.brain.extractions.clear()
        self.brain.replies.extend(replies)
        self.brain.extractions.extend(extractions)

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/chat/completions", self._chat),
            web.get("/v1/models", self._list_models),
            web.get("/v1/models/{model}", self._get_model),
        ]

    def error_response(self, kind: FaultKind) -> web.Response:
        return web.json_response(_REFUSALS[kind].body, status=HTTP_STATUS[kind])

    async def _list_models(self, request: web.Request) -> web.Response:
        await self.record("models", request)
        if not self._is_authorized(request):
            return self.error_response(FaultKind.UNAUTHORIZED)
        listed = [_model(m) for m in sorted(self._models)]
        return web.json_response({"object": "list", "data": listed})

    async def _get_model(self, request: web.Request) -> web.Response:
        await self.record("model", request)
        if not self._is_authorized(request):
            return self.error_response(FaultKind.UNAUTHORIZED)
        name = request.match_info["model"]
        if name not in self._models:
            message = f"The model '{name}' does not exist"
            error = RefusedError(message, status=404, param="model", code="model_not_found")
            return web.json_response(error.body, status=error.status)
        return web.json_response(_model(name))

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        started_s = time.monotonic()
        try:
            body = await request.json()
        except ValueError:
            body = None
        await self.record("chat", request, body)
        if not self._is_authorized(request):
            return self.error_response(FaultKind.UNAUTHORIZED)
        try:
            check_body(body, models=self._models)
        except RefusedError as error:
            return web.json_response(error.body, status=error.status)
        fault = self.faults.take(Point.ANSWER, request.path)
        chat = ChatRequest(body=body)
        reply = Reply() if fault and fault.kind is FaultKind.EMPTY else self.brain.answer(chat)
        answer = _Answer(chat=chat, reply=reply)
        if fault is not None:
            if fault.kind is FaultKind.STALL_BEFORE_FIRST:
                await fault.hold()
            elif fault.kind is FaultKind.SLOW:
                started_s += fault.delay_s
        if body.get("stream"):
            return await self._stream(request, answer, fault, started_s)
        return await self._whole(request, answer, fault, started_s)

    async def _whole(
        self, request: web.Request, answer: "_Answer", fault: Fault | None, started_s: float
    ) -> web.StreamResponse:
        if fault is not None:
            match fault.kind:
                case FaultKind.STALL_MIDWAY:
                    await fault.hold()
                case FaultKind.CLOSE_MIDWAY:
                    cut(request)
                case FaultKind.GARBAGE:
                    return web.Response(text='{"id": "chatcmpl', content_type="application/json")
        per_token_s = self.timing.per_token_ms / 1000
        due_s = started_s + self.timing.first_token_ms / 1000 + per_token_s * len(answer.tokens)
        await asyncio.sleep(due_s - time.monotonic())
        return web.json_response(answer.completion())

    async def _stream(
        self, request: web.Request, answer: "_Answer", fault: Fault | None, started_s: float
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await asyncio.sleep(started_s + self.timing.first_token_ms / 1000 - time.monotonic())
        await response.prepare(request)
        kind = fault.kind if fault else None
        for n, chunk in enumerate(answer.chunks()):
            # The first chunk carries the role only: the n-th content chunk has the index n.
            if fault is not None and n > fault.chunks:
                if kind is FaultKind.STALL_MIDWAY:
                    await fault.hold()
                    fault = None
                elif kind is FaultKind.CLOSE_MIDWAY:
                    cut(request)
                    return response
                elif kind is FaultKind.GARBAGE:
                    await response.write(b'data: {"id":"chatcmpl-1","choices":[{"del\n\n')
                    return response
            await response.write(f"data: {json.dumps(chunk)}\n\n".encode())
            await asyncio.sleep(self.timing.per_token_ms / 1000)
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    def _is_authorized(self, request: web.Request) -> bool:
        return request.headers.get("Authorization") == f"Bearer {self.api_key}"


class _Answer:
    """A reply cut to the request's limit, in the shapes in which it is sent."""

    def __init__(self, *, chat: ChatRequest, reply: Reply) -> None:
        self._body = chat.body
        self._reply = reply
        self._id = f"chatcmpl-{uuid.uuid4().hex[:29]}"
        limit = chat.body.get("max_completion_tokens") or chat.body.get("max_tokens")
        if reply.ignores_limit:
            limit = None
        tokens = list(tokens_of(reply.text))
        self.tokens = tokens if limit is None else tokens[:limit]
        self._was_cut = len(self.tokens) < len(tokens)
        prompt = sum(count_tokens(text_of(m)) + 4 for m in chat.messages)
        completion = count_tokens(reply.text) + sum(
            count_tokens(json.dumps(c.arguments)) for c in reply.tool_calls
        )
        self._usage = {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }

    @property
    def _finish_reason(self) -> str:
        if self._was_cut:
            return "length"
        return "tool_calls" if self._reply.tool_calls else "stop"

    def completion(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self.tokens) or None}
        message["refusal"] = None
        if self._reply.tool_calls:
            message["tool_calls"] = [_call(c) for c in self._reply.tool_calls]
        elif message["content"] is None:
            message["content"] = ""
        choice = {"index": 0, "message": message, "finish_reason": self._finish_reason}
        return self._envelope("chat.completion", choices=[choice], usage=self._usage)

    def chunks(self) -> list[dict[str, Any]]:
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "", "refusal": None}]
        deltas += [{"content": token} for token in self.tokens]
        for n, call in enumerate(self._reply.tool_calls):
            opening = _call(call)
            arguments = opening["function"]["arguments"]
            opening["function"]["arguments"] = ""
            deltas.append({"tool_calls": [{"index": n, **opening}]})
            deltas.append({"tool_calls": [{"index": n, "function": {"arguments": arguments}}]})
        chunks = [self._chunk(delta, finish_reason=None) for delta in deltas]
        chunks.append(self._chunk({}, finish_reason=self._finish_reason))
        if (self._body.get("stream_options") or {}).get("include_usage"):
            chunks = [{**chunk, "usage": None} for chunk in chunks]
            usage = self._envelope("chat.completion.chunk", choices=[], usage=self._usage)
            chunks.append(usage)
        return chunks

    def _chunk(self, delta: dict[str, Any], *, finish_reason: str | None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._envelope("chat.completion.chunk", choices=[choice])

    def _envelope(self, kind: str, **fields: Any) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": kind,
            "created": _CREATED,
            "model": self._body["model"],
            "service_tier": "default",
            "system_fingerprint": "fp_emulator",
            **fields,
        }


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(call.arguments)
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "system"}


def _reply_of(raw: Any) -> Reply:
    if isinstance(raw, str):
        return Reply(text=raw)
    if not isinstance(raw, dict) or not set(raw) <= {"text", "tool_calls"}:
        raise ValueError("a reply must be a text or an object with text and tool_calls")
    calls = tuple(
        ToolCall(name=c["name"], arguments=c.get("arguments", {}))
        for c in raw.get("tool_calls", [])
    )
    return Reply(text=raw.get("text", ""), tool_calls=calls)
