"""How large a request may be, and how long it may take."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import pytest

from bot.web.bounds import Bounds

Message = MutableMapping[str, Any]


class Caller:
    """An ASGI server with one request: gives `chunks` of a body, then nothing more for ever."""

    def __init__(self, *chunks: bytes, complete: bool = True, length: int | None = None) -> None:
        self._chunks = list(chunks)
        self._complete = complete
        headers = [] if length is None else [(b"content-length", str(length).encode())]
        self.scope: Message = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        if not self._chunks:
            await asyncio.Event().wait()
        body = self._chunks.pop(0)
        more = bool(self._chunks) or not self._complete
        return {"type": "http.request", "body": body, "more_body": more}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def ask(self, app: Bounds) -> tuple[int, Any]:
        await app(self.scope, self.receive, self.send)
        return self.sent[0]["status"], json.loads(self.sent[1]["body"])


async def echo(_scope: Message, receive: Any, send: Any) -> None:
    message = await receive()
    assert not message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": message["body"]})


async def never(_scope: Message, _receive: Any, _send: Any) -> None:
    await asyncio.Event().wait()


def bounds(app: Any = echo, **limits: float) -> Bounds:
    return Bounds(
        app,
        max_body_bytes=10,
        body_timeout_s=limits.get("body_timeout_s", 5),
        request_timeout_s=limits.get("request_timeout_s", 5),
    )


async def test_a_body_within_the_bound_arrives_whole() -> None:
    assert await Caller(b"[1,", b"2]").ask(bounds()) == (200, [1, 2])


@pytest.mark.parametrize(
    "caller", [Caller(b"", length=11), Caller(b"123456", b"78901")], ids=["said", "sent"]
)
async def test_a_body_over_the_bound_is_refused_before_it_is_read(caller: Caller) -> None:
    status, problem = await caller.ask(bounds())
    assert status == 413
    assert "10 bytes" in problem["detail"]


async def test_a_body_that_never_ends_is_given_up() -> None:
    status, _ = await Caller(b"[", complete=False).ask(bounds(body_timeout_s=0.01))
    assert status == 408


async def test_an_answer_that_never_comes_is_given_up() -> None:
    status, _ = await Caller(b"").ask(bounds(never, request_timeout_s=0.01))
    assert status == 504
