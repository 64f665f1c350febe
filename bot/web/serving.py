"""Serves an ASGI application on this machine from inside a running event loop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from bot.errors import LeadlineError, UsageError

HOST = "127.0.0.1"
STOP_TIMEOUT_S = 15.0


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the command, which knows what else has to end."""
        yield


@asynccontextmanager
async def serving(app: FastAPI, *, port: int) -> AsyncIterator[int]:
    """Serve until the context ends; gives the port (0 takes a free one).

    Raises:
        UsageError: the port is in use, or not allowed.
        LeadlineError: the application did not start.
    """
    listener = _listen(port)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            await asyncio.wait({task}, timeout=0.02)
            if task.done():
                raise LeadlineError(
                    "the demo's server did not start; `leadline doctor` may know why"
                )
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait({task}, timeout=STOP_TIMEOUT_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        listener.close()


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise LeadlineError(f"port {port} is in use: use --port") from None
        if error.errno == errno.EACCES:
            raise UsageError(
                f"--port {port}: not allowed for this user; use one above 1023"
            ) from None
        raise LeadlineError(f"port {port} cannot be used: {error.strerror}; use --port") from None
    return listener
