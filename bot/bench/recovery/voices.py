"""Voices whose lines are made once for all runs: none begins with minutes of speech."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import astuple
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.services.local import Voice

Speak = Callable[[str, int], bytes]
"""Text and a sample rate in Hz to 16-bit mono PCM."""


def kept(voice: Voice, folder: Path) -> Speak:
    """The local voice; what it has said once is read from `folder`."""
    from bot.services.local import synthesise

    folder.mkdir(parents=True, exist_ok=True)

    @cache
    def speak(text: str, sample_rate: int) -> bytes:
        name = hashlib.sha256(repr((text, sample_rate, astuple(voice))).encode()).hexdigest()
        path = folder / f"{name[:32]}.pcm"
        if path.exists():
            return path.read_bytes()
        pcm = synthesise(text, sample_rate=sample_rate, voice=voice)
        # One rename, so that a run beside this one sees no half of it.
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(pcm)
        Path(file.name).replace(path)
        return pcm

    return speak
