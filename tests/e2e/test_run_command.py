"""`leadline run` as a user runs it: a process, a room, a record."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.participant import participant
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

pytestmark = pytest.mark.e2e
Speech = Callable[[str, int], bytes]
RATE = 48_000


@asynccontextmanager
async def leadline(
    *arguments: str, env: dict[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", *arguments),
        env={**os.environ, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def output(*arguments: str, env: dict[str, str]) -> tuple[int, str, str]:
    async with leadline(*arguments, env=env) as process, asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def answer(*arguments: str, env: dict[str, str]) -> Any:
    code, out, err = await output(*arguments, env=env)
    assert code == 0, err
    return json.loads(out)


@pytest.fixture
def environment(
    livekit_server: LiveKitServer, providers: ProviderRig, tmp_path: Path
) -> dict[str, str]:
    return {
        **livekit_server.environment,
        **providers.env(),
        "LEADLINE_DATA_DIR": str(tmp_path),
        "LEADLINE_RECORDED": "true",
    }


async def test_a_call_is_found_again_by_every_command(
    environment: dict[str, str],
    livekit_server: LiveKitServer,
    providers: ProviderRig,
    speech: Speech,
) -> None:
    providers.deepgram.say("My name is Jane Doe.", "I work at Acme Robotics.")
    async with leadline("run", "sales", "--json", env=environment) as process:
        async with participant(livekit_server, room="sales") as caller:
            await caller.hears_reply(1)
            for n, sentence in enumerate(("My name is Jane Doe.", "I work at Acme Robotics.")):
                await caller.say(speech(sentence, RATE))
                await caller.hears_reply(n + 2)
        async with asyncio.timeout(30):
            out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    record = json.loads(out)
    assert record["end_reason"] == "caller_left"
    assert "recorded" in record["turns"][0]["heard_text"]
    shown = await answer("calls", "show", record["call_id"], "--json", env=environment)
    assert shown["turns"] == record["turns"]
    assert shown["latency"] == record["latency"]
    listed = await answer("calls", "list", "--json", env=environment)
    assert [call["call_id"] for call in listed] == [record["call_id"]]
    assert "turns" not in listed[0]
    leads = await answer("leads", "list", "--json", env=environment)
    assert leads[0]["fields"]["name"]["value"] == "Jane Doe"
    assert leads[0]["fields"]["company"]["value"] == "Acme Robotics"
    # Neither the caller's words nor a secret stands in the log.
    log = err.decode()
    assert "Jane" not in log
    assert environment["OPENAI_API_KEY"] not in log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_bot_that_is_told_to_go_leaves_with_a_whole_record(
    number: signal.Signals, environment: dict[str, str], livekit_server: LiveKitServer
) -> None:
    async with (
        leadline("run", "sales", "--json", env=environment) as process,
        participant(livekit_server, room="sales") as caller,
    ):
        await caller.bot_speaks(since=caller.joined_at, timeout_s=60)
        process.send_signal(number)
        async with asyncio.timeout(30):
            out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    record = json.loads(out)
    assert record["end_reason"] == "drained"
    assert record["ended_at"] is not None


@pytest.mark.parametrize(
    ("change", "arguments", "code", "message"),
    [
        ({"LIVEKIT_API_SECRET": "x" * 32}, ("run", "r"), 2, "LIVEKIT_API_SECRET"),
        ({"LIVEKIT_URL": "ws://127.0.0.1:9"}, ("run", "r"), 1, "does not answer"),
        ({"ELEVENLABS_VOICE_ID": "nobody"}, ("run", "r"), 2, "ELEVENLABS_VOICE_ID"),
        ({"LEADLINE_VAD_STOP_S": "soon"}, ("run", "r"), 2, "LEADLINE_VAD_STOP_S"),
        ({}, ("run", "r" * 300), 2, "ROOM"),
        ({}, ("run", "r", "--playbook", "nope"), 2, "--playbook"),
        ({}, ("run", "r", "--transport", "fax"), 2, "--transport"),
        ({"DAILY_API_KEY": ""}, ("run", "r", "--transport", "daily"), 2, "DAILY_API_KEY"),
        ({"LEADLINE_DATA_DIR": "/proc/nowhere"}, ("run", "r"), 1, "LEADLINE_DATA_DIR"),
    ],
)
async def test_bad_input_is_one_line_and_an_exit_code(
    change: dict[str, str],
    arguments: tuple[str, ...],
    code: int,
    message: str,
    environment: dict[str, str],
) -> None:
    got, out, err = await output(*arguments, env=environment | change)
    lines = [line for line in err.splitlines() if line.startswith("leadline:")]
    assert (got, len(lines)) == (code, 1), err
    assert message in lines[0]
    assert "Traceback" not in err
    assert out == ""
