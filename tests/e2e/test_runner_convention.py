"""`bot(runner_args)`: Pipecat's development runner, evals and prebuilt client work unchanged."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from pipecat.evals.scenario import EvalScenarioFile
from pipecat.evals.script import EvalScriptScenario
from pipecat.evals.script_session import EvalScriptSession

from tests.servers.process import free_port

pytestmark = pytest.mark.e2e
SCENARIOS = Path(__file__).parents[1] / "evals" / "qualification.yaml"
START_TIMEOUT_S = 60


@pytest.fixture
async def runner(tmp_path: Path) -> AsyncIterator[str]:
    """Pipecat's development runner with our bot; gives its host and port."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot.app", "-t", "webrtc", "--host", "127.0.0.1", "--port", str(port)),
        env={**os.environ, "LEADLINE_DATA_DIR": str(tmp_path)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    host = f"127.0.0.1:{port}"
    try:
        await _answers(f"http://{host}/client/")
        yield host
    finally:
        process.kill()
        await process.wait()


async def _answers(url: str) -> None:
    async with asyncio.timeout(START_TIMEOUT_S), httpx.AsyncClient() as client:
        while True:
            try:
                if (await client.get(url)).is_success:
                    return
            except httpx.TransportError:
                await asyncio.sleep(0)  # Refused at once: the runner is still importing.


@pytest.mark.parametrize("index", [0, 1], ids=["order", "read-back"])
async def test_pipecats_evals_pass(runner: str, index: int) -> None:
    scenario = EvalScenarioFile.load(SCENARIOS).scenarios[index]
    assert isinstance(scenario, EvalScriptScenario)
    session = EvalScriptSession.from_scenario(
        scenario,
        f"ws://{runner}/ws",
        connect_timeout_s=30,
        default_timeout_ms=30_000,
    )
    result = await session.run()
    assert result.passed, [str(failure) for failure in result.failures]


async def test_the_prebuilt_client_is_served(runner: str) -> None:
    async with httpx.AsyncClient() as client:
        page = await client.get(f"http://{runner}/client/")
    assert "<!DOCTYPE html>" in page.text
