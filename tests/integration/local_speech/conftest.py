"""Speech for the recogniser to hear, spoken by the local voice, and a way to feed it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

import pytest
from pipecat.frames.frames import InputAudioRawFrame

from bot.services.local import Voice, preload, synthesise
from bot.services.local.text import spoken_text

RATE = 16_000
FRAME_MS = 20

UNVARYING = Voice(noise_scale=0.0, noise_width=0.0)
"""A voice without its random variation, so that a test hears the same at every run."""


@pytest.fixture(scope="session", autouse=True)
def _models_loaded() -> None:
    preload()


@pytest.fixture(scope="session")
def say() -> Callable[[str], bytes]:
    """Text to 16 kHz PCM, the same at every run; each text is synthesised once."""
    return cache(lambda text: synthesise(text, RATE, voice=UNVARYING))


def silence(seconds: float) -> bytes:
    return bytes(2 * round(seconds * RATE))


def audio_frames(pcm: bytes, *, rate: int = RATE) -> Iterator[InputAudioRawFrame]:
    step = 2 * rate * FRAME_MS // 1000
    for start in range(0, len(pcm), step):
        yield InputAudioRawFrame(pcm[start : start + step], rate, 1)


def as_heard(text: str) -> list[str]:
    """The words of a text however it is written: "3:30" and "three thirty" are the same."""
    spoken = re.sub(r"\bay\b", "a", spoken_text(text).lower())
    return re.sub(r"[^\w\s']|(?<=\w)-(?=\w)", " ", spoken.replace("e-mail", "email")).split()
