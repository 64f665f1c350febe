"""`leadline call` talks to `leadline run` in a real LiveKit room: real speech both ways."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import wave
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.servers.livekit import LiveKitServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]


def short_playbook(path: Path) -> Path:
    """The default playbook with two questions, so that the call is short."""
    playbook = yaml.safe_load((files("flows") / "playbooks" / "b2b-software.yaml").read_text())
    kept = [field for field in playbook["fields"] if field["key"] in ("name", "company")]
    playbook |= {"name": "short", "fields": kept, "rubric": []}
    playbook["dispositions"]["qualified"]["known"] = ["name"]
    path.write_text(yaml.safe_dump(playbook), "utf-8")
    return path


async def leadline(*arguments: str, env: dict[str, str]) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        env={**os.environ, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_both_sides_of_a_call_between_two_commands(
    livekit_server: LiveKitServer, data_dir: Path, tmp_path: Path
) -> None:
    env = {**livekit_server.environment, "LEADLINE_DATA_DIR": str(data_dir)}
    playbook = short_playbook(tmp_path / "short.yaml")
    wav = tmp_path / "call.wav"
    bot = await leadline("run", "talk", "--playbook", str(playbook), "--json", env=env)
    caller = await leadline("call", "talk", "--wav", str(wav), "--json", env=env)
    try:
        (heard, complaint), (record, log) = await asyncio.gather(
            caller.communicate(), bot.communicate()
        )
    finally:
        for process in (bot, caller):
            if process.returncode is None:
                process.kill()
    assert caller.returncode == 0, complaint.decode()
    assert bot.returncode == 0, log.decode()

    report = json.loads(heard)
    said = [each["text"] for each in report["said"] if each["role"] == "caller"]
    assert said[0].startswith("My name is Daniel Carter")
    assert report["left"] in ("bot_left", "goodbye")
    assert len(report["answered_ms"]) >= 1
    call = json.loads(record)
    assert call["end_reason"] == "completed"
    transcript = " ".join(turn["text"] for turn in call["turns"] if turn["role"] == "caller")
    assert "Daniel Carter" in transcript

    with wave.open(str(wav)) as file:
        assert file.getnchannels() == 2
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).reshape(-1, 2)
        seconds = len(samples) / file.getframerate()
    assert abs(seconds - report["duration_s"]) < 2
    for side in (0, 1):
        assert np.abs(samples[:, side]).max() > 3000, "both sides are recorded"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["call", "talk", "--persona", "nobody"], 2, "no such persona or file"),
        (["call", "talk", "--wav", "/no/such/folder/x.wav"], 2, "there is no folder"),
        (["call", " "], 2, "ROOM: the room name is empty"),
    ],
)
async def test_wrong_usage_is_one_line(
    livekit_server: LiveKitServer, data_dir: Path, arguments: list[str], code: int, says: str
) -> None:
    process = await leadline(*arguments, env=livekit_server.environment)
    out, err = await process.communicate()
    assert process.returncode == code
    assert out == b""
    assert says in err.decode()
    assert len(err.decode().strip().splitlines()) == 1


async def test_a_wrong_secret_is_one_line(livekit_server: LiveKitServer, data_dir: Path) -> None:
    env = {**livekit_server.environment, "LIVEKIT_API_SECRET": "x" * 40}
    process = await leadline("call", "talk", env=env)
    _, err = await process.communicate()
    assert process.returncode == 1
    assert "LIVEKIT_API_SECRET" in err.decode()
    assert len(err.decode().strip().splitlines()) == 1
