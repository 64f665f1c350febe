"""Recordings that outlive their process: the next bot of a call must not wait for its voice.

A file a line, in `voices/` under the data directory. They are no caller's words: only lines that
are said in every call are kept.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Final

from loguru import logger

from bot.config import Settings
from bot.services.recordings import Recordings
from bot.services.tts_rungs import Piece, SpokenWord

VERSION: Final = 1
FILES_AT_MOST: Final = 200
Key = tuple[str, str, int]


class KeptRecordings(Recordings):
    """By voice, text and sample rate in Hz, as `Recordings`; `keep` writes one to the disk."""

    def __init__(self, folder: Path, *, voices: str) -> None:
        """Read what is there. `voices` tells one choice of voices from another."""
        super().__init__()
        self._folder = folder
        self._voices = voices
        for path in sorted(folder.glob("*.json"))[:FILES_AT_MOST] if folder.is_dir() else ():
            self._read(path)

    def keep(self, key: Key) -> None:
        """Write a recording; it blocks. A disk that refuses costs nothing but time."""
        document = {
            "version": VERSION,
            "voices": self._voices,
            "key": list(key),
            "pieces": [
                base64.b64encode(piece).decode()
                if isinstance(piece, bytes)
                else [piece.text, piece.start_s]
                for piece in self[key]
            ],
        }
        name = hashlib.sha256(repr((self._voices, key)).encode()).hexdigest()[:32]
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, half = tempfile.mkstemp(dir=self._folder)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(document, file)
            Path(half).replace(self._folder / f"{name}.json")
        except OSError as error:
            logger.debug("A recording is not kept: {}", error.strerror)

    def _read(self, path: Path) -> None:
        try:
            document = json.loads(path.read_text("utf-8"))
            if (document["version"], document["voices"]) != (VERSION, self._voices):
                return
            voice, text, rate = document["key"]
            pieces: list[Piece] = [
                base64.b64decode(piece)
                if isinstance(piece, str)
                else SpokenWord(str(piece[0]), float(piece[1]))
                for piece in document["pieces"]
            ]
            self[str(voice), str(text), int(rate)] = pieces
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            logger.debug("A recording cannot be read: {}", type(error).__name__)


def kept_recordings(settings: Settings) -> KeptRecordings:
    """Those of the settings' voices."""
    voices = repr((settings.elevenlabs_voice_id, settings.elevenlabs_model, settings.tts_fallbacks))
    return KeptRecordings(settings.data_dir / "voices", voices=voices)
