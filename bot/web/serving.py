"""Serves an ASGI application from inside a running event loop."""

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
async def serving(
    app: FastAPI,
    *,
    port: int,
    host: str = HOST,
    max_connections: int | None = None,
    keep_alive_s: int = 5,
    host_name: str = "--host",
    port_name: str = "--port",
) -> AsyncIterator[int]:
    """Serve until the context ends; gives the port (0 takes a free one).

    Args:
        app: the application.
        port: the port.
        host: the address; this machine only by default.
        max_connections: one more gets 503.
        keep_alive_s: how long an idle connection is kept.
        host_name: what an operator sets the host with, for errors.
        port_name: the same for the port.

    Raises:
        UsageError: the port is not allowed, or the host is not this machine's.
        LeadlineError: the application did not start.
    """
    listener = _listen(host, port, host_name=host_name, port_name=port_name)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="on",
        ws="none",
        server_header=False,
        limit_concurrency=max_connections,
        timeout_keep_alive=keep_alive_s,
        timeout_graceful_shutdown=2,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started:
            await asyncio.wait({task}, timeout=0.02)
            if task.done():
                raise LeadlineError("the server did not start; `leadline doctor` may know why")
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait({task}, timeout=STOP_TIMEOUT_S)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        listener.close()


def _listen(host: str, port: int, *, host_name: str, port_name: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise LeadlineError(f"port {port} is in use: use {port_name}") from None
        if error.errno == errno.EACCES:
            raise UsageError(
                f"{port_name} {port}: not allowed for this user; use one above 1023"
            ) from None
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise UsageError(
                f"{host_name} {host}: is not an address of this machine; use 127.0.0.1, or "
                "0.0.0.0 for all"
            ) from None
        raise LeadlineError(
            f"port {port} cannot be used: {error.strerror}; use {port_name}"
        ) from None
    return listener
