"""A webhook's receiver on loopback that answers as it is told: late, wrongly, or not at all.

A real HTTP/1.1 server on a raw socket, so that it can do what no framework lets one do. It keeps
every request, and applies each `Idempotency-Key` once, as docs/delivery.md asks of a receiver.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Request:
    """One request, with its headers in lower case."""

    headers: dict[str, str]
    body: bytes

    @property
    def lead(self) -> dict[str, Any]:
        """The body as JSON."""
        document: dict[str, Any] = json.loads(self.body)
        return document


Answer = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def status(code: int, body: bytes = b"", **headers: str) -> Answer:
    """An ordinary answer; `retry_after="3"` becomes the header `retry-after`."""

    async def answer(_: Request, writer: asyncio.StreamWriter) -> None:
        lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()]
        head = f"HTTP/1.1 {code} X\r\ncontent-length: {len(body)}\r\n{''.join(lines)}\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return answer


async def hang(_: Request, _writer: asyncio.StreamWriter) -> None:
    """Say nothing, until the receiver is closed."""
    await asyncio.Event().wait()


async def lose(_: Request, writer: asyncio.StreamWriter) -> None:
    """Take the request and close before any answer."""
    writer.close()


async def drip_headers(_: Request, writer: asyncio.StreamWriter) -> None:
    """A byte of the head now and then, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\nx-drip: ")
    await _drip(writer)


async def drip_body(_: Request, writer: asyncio.StreamWriter) -> None:
    """A good head, and then a byte of the body now and then, for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    await _drip(writer)


async def flood(_: Request, writer: asyncio.StreamWriter) -> None:
    """A good head, and then as much body as the sender takes."""
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(b"rubbish " * 8192)
            await writer.drain()


async def no_http(_: Request, writer: asyncio.StreamWriter) -> None:
    """Something that is no HTTP."""
    writer.write(b"\x00\x01 hello\r\n\r\n")
    await writer.drain()


async def _drip(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(b"a")
            await writer.drain()
            await asyncio.sleep(0.02)


class Receiver:
    """``async with Receiver() as receiver``; `answers` are used up one by one, then it is 200."""

    def __init__(self, *answers: Answer, otherwise: Answer | None = None) -> None:
        self.answers = deque(answers)
        self.otherwise = otherwise or status(200)
        self.requests: list[Request] = []
        self.applied: dict[str, Request] = {}
        self.arrived = asyncio.Condition()
        self.port = 0
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}/leads"

    async def has(self, requests: int) -> None:
        """Wait until so many requests have come."""
        async with self.arrived, asyncio.timeout(30):
            await self.arrived.wait_for(lambda: len(self.requests) >= requests)

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close all connections."""
        assert self._server is not None
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        try:
            request = await _read(reader)
            self.requests.append(request)
            self.applied.setdefault(request.headers.get("idempotency-key", ""), request)
            answer = self.answers.popleft() if self.answers else self.otherwise
            async with self.arrived:
                self.arrived.notify_all()
            await answer(request, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # The sender has gone, or the test is over.
        finally:
            self._serving.discard(task)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:] if line)
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(headers=headers, body=body)
