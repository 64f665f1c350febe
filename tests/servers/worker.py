"""`leadline worker` as an operator starts it, on a LiveKit server of the tests."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from livekit import api

from tests.servers.livekit import LiveKitServer
from tests.servers.process import ServerProcess, free_port

START_TIMEOUT_S = 120.0
AGENT_NAME = "leadline"


@contextmanager
def worker(
    server: LiveKitServer, *, folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[ServerProcess]:
    """A worker that is registered with the server; it is killed in the end if it still runs."""
    port = free_port()

    def is_ready() -> bool:
        try:
            answer = httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False)
        except httpx.HTTPError:
            return False
        return answer.status_code == 200

    process = ServerProcess(
        command=[sys.executable, "-m", "bot", "worker"],
        log=folder / "worker.log",
        is_ready=is_ready,
        environment={
            **os.environ,
            **server.environment,
            "LEADLINE_DATA_DIR": str(folder),
            "LEADLINE_WORKER_IDLE_PROCESSES": "1",
            **(environment or {}),
            "LEADLINE_WORKER_PORT": str(port),
        },
    )
    process.start(START_TIMEOUT_S)
    try:
        yield process
    finally:
        process.kill()


async def dispatch(server: LiveKitServer, *, room: str, metadata: str | None = None) -> None:
    """A dispatch by LiveKit's own API, as any tool may make one."""
    client = api.LiveKitAPI(server.http_url, server.api_key, server.api_secret)
    try:
        await client.agent_dispatch.create_dispatch(
            api.CreateAgentDispatchRequest(
                agent_name=AGENT_NAME,
                room=room,
                metadata=json.dumps({"call_id": room}) if metadata is None else metadata,
            )
        )
    finally:
        await client.aclose()
