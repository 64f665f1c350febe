"""A real headless Chromium, with a WAV file as its microphone."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

REMEDY = "no chromium on PATH; install it (Debian: apt-get install chromium)"

_ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    # Loopback addresses instead of mDNS names, which a machine without multicast cannot resolve.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)


class Chromium:
    """Opens pages in a browser of their own.

    Args:
        program: the executable.
    """

    def __init__(self, *, program: Path) -> None:
        self.program = program

    def arguments(self, microphone_wav: Path | None = None, *, loop: bool = False) -> list[str]:
        """Command-line arguments; without a WAV file the microphone beeps once a second.

        A page under test must switch off echo cancellation, noise suppression and gain control:
        they distort the recording.
        """
        arguments = list(_ARGUMENTS)
        if microphone_wav is not None:
            once = "" if loop else "%noloop"
            arguments.append(f"--use-file-for-fake-audio-capture={microphone_wav}{once}")
        return arguments

    @asynccontextmanager
    async def open_page(
        self, *, microphone_wav: Path | None = None, loop: bool = False
    ) -> AsyncIterator[Page]:
        """A blank page that may use the microphone; the browser ends with the context."""
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=self.program,
                headless=True,
                args=self.arguments(microphone_wav, loop=loop),
            )
            try:
                context = await browser.new_context(permissions=["microphone"])
                yield await context.new_page()
            finally:
                await browser.close()


def find_program() -> Path | None:
    """Chromium or a browser made of it, on PATH."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return Path(found)
    return None


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    """Chromium. A developer's run without one skips; CI fails."""
    program = find_program()
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail(REMEDY)
        pytest.skip(REMEDY)
    return Chromium(program=program)
