"""`leadline demo` as a newcomer runs it: real speech both ways, local models, a real browser."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import sys
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.servers.chromium import Chromium

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(420)]

RATE = 48_000
GREETING_S = 10.0
"""The browser's microphone plays its file from the start; the bot greets first."""


async def leadline(*arguments: str, data: Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        env={**os.environ, "LEADLINE_DATA_DIR": str(data)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@asynccontextmanager
async def running_demo(data: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The demo and its page's address; killed if a test leaves it running."""
    process = await leadline("demo", "--port", "0", data=data)
    assert process.stdout
    try:
        async with asyncio.timeout(60):
            async for line in process.stdout:
                found = re.search(rb"http://localhost:\d+", line)
                if found:
                    yield process, found[0].decode()
                    break
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def microphone(path: Path, *sentences: str, pause_s: float = 9.0) -> Path:
    """A WAV file of somebody who waits for the greeting and then talks."""
    from bot.services.local import Voice, synthesise

    pcm = bytearray(2 * int(GREETING_S * RATE))
    for sentence in sentences:
        pcm += synthesise(sentence, RATE, voice=Voice(pitch=0.95))
        pcm += bytes(2 * int(pause_s * RATE))
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(pcm + bytes(2 * 60 * RATE))
    return path


async def test_once_places_a_call_and_brings_the_lead(data_dir: Path) -> None:
    process = await leadline("demo", "--once", data=data_dir)
    out, err = await process.communicate()
    text = out.decode()
    assert process.returncode == 0, text + err.decode()
    assert err.decode().strip() == "", "the demo is quiet"
    for value in ("Daniel Carter", "Green River Foods", "daniel@greenriverfoods.com"):
        assert value in text
    assert "▌" in text
    listed = await leadline("leads", "list", "--json", data=data_dir)
    leads, _ = await listed.communicate()
    (lead,) = json.loads(leads)
    fields = lead["fields"]
    assert fields["name"]["value"] == "Daniel Carter"
    assert fields["company"]["value"] == "Green River Foods"
    assert fields["email"]["value"] == "daniel@greenriverfoods.com"
    assert fields["email"]["status"] == "confirmed"
    assert all(evidence["text"] for evidence in fields["email"]["evidence"])


async def test_one_watches_the_sample_call_and_then_talks_to_the_bot(
    chromium: Chromium, data_dir: Path, tmp_path: Path
) -> None:
    wav = microphone(
        tmp_path / "microphone.wav",
        "My name is Daniel Carter, and I work for Green River Foods.",
    )
    async with (
        running_demo(data_dir) as (process, url),
        chromium.open_page(microphone_wav=wav) as page,
    ):
        await page.goto(f"{url}/?test")
        name = page.locator("[data-field=name] .value")
        # The sample call runs by itself.
        await expect(page.locator(".line.bot .said").first).to_contain_text(
            "AI assistant", timeout=30_000
        )
        await expect(name).to_have_text("Daniel Carter", timeout=60_000)
        await expect(page.locator(".line.bot .took").nth(1)).to_contain_text(
            "answered in", timeout=30_000
        )
        # And now oneself.
        await page.get_by_role("button", name="Talk to Leadline").click()
        await expect(page.locator("#talk-label")).to_have_text("End the call", timeout=30_000)
        await expect(name).to_have_text("")
        await expect(page.locator(".line.caller .said").first).to_contain_text(
            "Daniel Carter", timeout=90_000
        )
        await expect(name).to_have_text("Daniel Carter", timeout=30_000)
        await expect(page.locator(".line.bot .said").nth(1)).to_contain_text(
            "Nice to meet you", timeout=30_000
        )
        process.send_signal(signal.SIGINT)
        await expect(page.locator("#talk-label")).to_have_text("Talk again", timeout=30_000)
        async with asyncio.timeout(30):
            assert await process.wait() == 0


async def test_a_busy_port_is_one_line_and_exit_1(data_dir: Path) -> None:
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        process = await leadline("demo", "--port", str(port), data=data_dir)
        _, err = await process.communicate()
    assert process.returncode == 1
    assert err.decode().strip().endswith(f"port {port} is in use: use --port")
    assert len(err.decode().strip().splitlines()) == 1
