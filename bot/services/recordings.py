"""Lines that are said in every call, recorded beside it: the greeting, and "One moment."."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from loguru import logger

from bot.services.hosting import RungFailedError
from bot.services.tts_rungs import Piece, Voice

RECORDING_TIMEOUT_S: Final = 8.0
"""Nobody waits for a recording, but the voice is busy with it."""

Recordings = dict[tuple[str, str, int], list[Piece]]
"""By voice, text and sample rate in Hz."""


@dataclass(frozen=True)
class _UnderWay:
    voice: Voice
    text: str
    task: asyncio.Task[None]


class RecordedLines:
    """One call's way to what was recorded. A voice that has to speak comes first."""

    def __init__(self, recordings: Recordings) -> None:
        """`recordings` are the process's."""
        self._recordings = recordings
        self._under_way: _UnderWay | None = None

    def of(self, voice: Voice, text: str, sample_rate: int) -> list[Piece] | None:
        """The recording of a line, if there is one."""
        return self._recordings.get((voice.name, text, sample_rate))

    async def sound(self, voice: Voice, text: str, sample_rate: int) -> AsyncGenerator[Piece, None]:
        """The recording, if there is one or it is just being made; else the voice itself.

        Raises:
            RungFailedError: the voice has failed.
        """
        await self._make_way(voice, text)
        recorded = self.of(voice, text, sample_rate)
        if recorded is not None:
            for piece in recorded:
                yield piece
            return
        sound = voice.speak(text)
        try:
            async for piece in sound:
                yield piece
        finally:
            await sound.aclose()

    def record(self, voice: Voice, text: str, sample_rate: int) -> asyncio.Task[None] | None:
        """While that voice has nothing else to say: have a line ready in it."""
        if self._under_way is not None or self.of(voice, text, sample_rate) is not None:
            return None
        task = asyncio.create_task(self._make(voice, text, sample_rate), name="recording")
        self._under_way = _UnderWay(voice, text, task)
        return task

    async def stop(self) -> None:
        """Leave the recording that is under way."""
        if self._under_way:
            self._under_way.task.cancel()
            await asyncio.gather(self._under_way.task, return_exceptions=True)

    async def _make_way(self, voice: Voice, text: str) -> None:
        under_way = self._under_way
        if under_way is None or under_way.voice is not voice:
            return
        if under_way.text == text:
            await asyncio.wait({under_way.task})
        else:
            await self.stop()

    async def _make(self, voice: Voice, text: str, sample_rate: int) -> None:
        try:
            async with asyncio.timeout(RECORDING_TIMEOUT_S):
                pieces = [piece async for piece in voice.speak(text)]
            if any(isinstance(piece, bytes) for piece in pieces):
                self._recordings[voice.name, text, sample_rate] = pieces
        except (RungFailedError, TimeoutError) as error:
            logger.debug("{} recorded nothing: {}", voice.name, error)
        finally:
            self._under_way = None
