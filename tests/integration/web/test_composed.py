"""The composed services as processes: the same commands and settings, other addresses."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from bot.config import Settings
from bot.storage.store import Store
from tests.e2e.participant import participant
from tests.servers.livekit import LiveKitServer
from tests.servers.process import ServerProcess, free_port
from tests.servers.valkey import ValkeyServer
from tests.servers.worker import worker

pytestmark = [pytest.mark.integration, pytest.mark.e2e]

ROOT = Path(__file__).parents[3]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]


def environment(name: str, **addresses: str) -> dict[str, str]:
    """The service's environment as compose resolves it without `.env`, at other addresses."""
    composed = {
        key: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value)
        for key, value in SERVICES[name]["environment"].items()
    }
    assert addresses.keys() <= composed.keys()
    return {**os.environ, **composed, **addresses, "LEADLINE_ENV_FILE": os.devnull}


def command(name: str) -> list[str]:
    return [sys.executable, "-m", "bot", *SERVICES[name]["command"]]


async def call_from_the_page(base_url: str) -> dict[str, Any]:
    """What the page gets when its button is clicked."""
    async with httpx.AsyncClient(base_url=base_url, trust_env=False, timeout=20) as client:
        checks = (await client.get("/readyz")).json()["checks"]
        assert checks == {"database": "ok", "livekit": "ok", "redis": "ok"}
        assert "/room.js" in (await client.get("/")).text
        answer = await client.post("/browser/calls", headers={"Origin": base_url})
        assert answer.status_code == 201, answer.text
        started: dict[str, Any] = answer.json()
        return started


async def test_a_call_from_the_page_is_answered_and_its_lead_is_in_postgres(
    livekit_server: LiveKitServer, valkey_server: ValkeyServer, postgres_url: str, tmp_path: Path
) -> None:
    addresses = {
        **livekit_server.environment,
        "DATABASE_URL": postgres_url,
        "REDIS_URL": valkey_server.url,
        "LEADLINE_DATA_DIR": str(tmp_path),
    }
    await asyncio.to_thread(
        subprocess.run,
        command("migrate"),
        env=environment("migrate", **addresses),
        cwd=ROOT,
        check=True,
    )

    port = free_port()
    web = [str(port) if part == "8080" else part for part in command("web")]
    base_url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        try:
            return httpx.get(f"{base_url}/readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    process = ServerProcess(
        command=web,
        log=tmp_path / "web.log",
        is_ready=is_ready,
        environment=environment("web", **addresses, LEADLINE_LIVEKIT_PUBLIC_URL=livekit_server.url),
    )
    process.start()
    fleet = worker(livekit_server, folder=tmp_path, environment=environment("worker", **addresses))
    try:
        with fleet as running:
            started = await call_from_the_page(base_url)
            async with participant(livekit_server, room=started["room"]) as caller:
                await caller.bot_speaks(since=caller.joined_at)
                await caller.bot_is_silent()
            os.kill(running.pid, signal.SIGTERM)
            assert await asyncio.to_thread(running.wait, 60.0) == 0
    finally:
        process.stop()
    settings = Settings(DATABASE_URL=postgres_url, LEADLINE_DATA_DIR=str(tmp_path))
    async with Store.opened(settings) as store:
        call = await store.call(started["call_id"])
        (lead,) = await store.leads()
    assert call.end_reason == "caller_left"
    assert "AI assistant" in call.turns[0].heard_text
    assert lead.call_id == call.call_id
