"""The bounds of a request: how large its body is, and how long it may take."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.web.problems import problem_response

MAX_BODY_BYTES: Final = 65_536
BODY_TIMEOUT_S: Final = 10.0
REQUEST_TIMEOUT_S: Final = 20.0


class _BodyTooLargeError(Exception):
    pass


class _BodyTooSlowError(Exception):
    pass


class Bounds:
    """ASGI middleware: 413 for a body over the limit, 408 for one that dribbles in, 504 for an
    answer that takes too long."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
        body_timeout_s: float = BODY_TIMEOUT_S,
        request_timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._body_timeout_s = body_timeout_s
        self._request_timeout_s = request_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def note(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        status, detail = 0, ""
        try:
            async with asyncio.timeout(self._request_timeout_s):
                # The whole body first: no route sees half of one, or waits for the rest.
                body = await self._body(scope, receive)
                await self._app(scope, _replayed(body, receive), note)
        except _BodyTooLargeError:
            status = 413
            detail = f"the body is over {self._max_body_bytes} bytes: send less"
        except _BodyTooSlowError:
            status = 408
            detail = f"the body was not here within {self._body_timeout_s:g} s: send it faster"
        except TimeoutError:
            status = 504
            detail = f"no answer within {self._request_timeout_s:g} s: try again"
        if status and not begun:
            answer = problem_response(status, detail, headers={"Connection": "close"})
            await answer(scope, receive, send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        for name, value in scope["headers"]:
            if name == b"content-length" and int(value) > self._max_body_bytes:
                raise _BodyTooLargeError
        chunks = bytearray()
        try:
            async with asyncio.timeout(self._body_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] != "http.request":
                        return bytes(chunks)
                    chunks += message.get("body", b"")
                    if len(chunks) > self._max_body_bytes:
                        raise _BodyTooLargeError
                    if not message.get("more_body", False):
                        return bytes(chunks)
        except TimeoutError:
            raise _BodyTooSlowError from None


def _replayed(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
