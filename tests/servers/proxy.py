"""A network that fails: a TCP proxy in front of a server, in the test's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 65_536


class FaultyProxy:
    """``async with FaultyProxy(port) as proxy``: clients connect to `proxy.port`.

    Bytes pass until a method says otherwise; `heal` lets them pass again.
    """

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._open = asyncio.Event()
        self._open.set()
        self._delay_s = 0.0
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        """Listen on a free port."""
        await self._listen()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close everything."""
        await self.refuse()

    async def hang(self) -> None:
        """Connections are taken and stay open, and nothing comes through: no error, no answer."""
        self._open.clear()

    async def slow_down(self, delay_s: float) -> None:
        """Everything takes so much longer, each way."""
        self._delay_s = delay_s

    async def refuse(self) -> None:
        """All connections break, and no new one is taken."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def heal(self) -> None:
        """Everything passes; what hung arrives now."""
        self._delay_s = 0.0
        self._open.set()
        if self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await self._open.wait()
                there, back = await asyncio.open_connection("127.0.0.1", self._target)
                try:
                    ways = (self._pass_on(reader, back), self._pass_on(there, writer))
                    pumps = [asyncio.ensure_future(way) for way in ways]
                    try:
                        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                    finally:
                        for pump in pumps:
                            pump.cancel()
                        await asyncio.gather(*pumps, return_exceptions=True)
                finally:
                    back.close()
        finally:
            writer.close()
            self._connections.discard(task)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(_CHUNK_BYTES):
            await self._open.wait()
            if self._delay_s:
                await asyncio.sleep(self._delay_s)
            sink.write(data)
            await sink.drain()
