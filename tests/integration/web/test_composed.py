"""The composed services as processes: the same commands and settings, other addresses."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from livekit import api

from tests.servers.livekit import LiveKitServer
from tests.servers.process import ServerProcess, free_port
from tests.servers.valkey import ValkeyServer

pytestmark = pytest.mark.integration

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


async def test_migrate_then_web_serve_the_page_and_send_a_bot(
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
    try:
        async with httpx.AsyncClient(base_url=base_url, trust_env=False) as client:
            checks = (await client.get("/readyz")).json()["checks"]
            assert checks == {"database": "ok", "livekit": "ok", "redis": "ok"}
            assert "/room.js" in (await client.get("/")).text
            answer = await client.post("/browser/calls", headers={"Origin": base_url})
            assert answer.status_code == 201, answer.text
            started = answer.json()
    finally:
        process.stop()
    livekit = api.LiveKitAPI(livekit_server.url, livekit_server.api_key, livekit_server.api_secret)
    try:
        sent = await livekit.agent_dispatch.list_dispatch(room_name=started["room"])
    finally:
        await livekit.aclose()
    (ours,) = [dispatch for dispatch in sent if dispatch.agent_name == "leadline"]
    assert started["call_id"] in ours.metadata
