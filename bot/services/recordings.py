"""Lines that are said in every call, recorded beside it: the greeting, "One moment."."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from loguru import logger

from bot.services.hosting import RungFailedError
from bot.services.tts_rungs import Piece, SpokenWord, Voice

RECORDING_TIMEOUT_S: Final = 8.0
"""Nobody waits for a recording, but the voice is busy with it."""

AUDIBLE_RMS: Final = 100.0
"""Of 16-bit samples: quieter is the silence with which voices begin."""
STEP_S: Final = 0.01
BYTES_PER_SAMPLE: Final = 2


class Recordings(dict[tuple[str, str, int], list[Piece]]):
    """By voice, text and sample rate in Hz."""

    def keep(self, key: tuple[str, str, int]) -> None:
        """For who lets recordings outlive the process; it may block."""


@dataclass(frozen=True)
class _UnderWay:
    voice: Voice
    text: str
    task: asyncio.Task[None]


class RecordedLines:
    """One call's way to what was recorded. A voice that has to speak comes first."""

    def __init__(self, recordings: Recordings, *, beginnings: Sequence[str] = ()) -> None:
        """`recordings` are the process's; `beginnings`: lines with which longer ones begin."""
        self._recordings = recordings
        self._beginnings = tuple(beginnings)
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
        beginning = self.beginning_of(voice, text, sample_rate)
        if beginning is not None:
            async for piece in self._begun(voice, beginning, text, sample_rate):
                yield piece
            return
        sound = voice.speak(text)
        try:
            async for piece in sound:
                yield piece
        finally:
            await sound.aclose()

    def beginning_of(self, voice: Voice, text: str, sample_rate: int) -> str | None:
        """The recorded line with which a text begins."""
        for line in self._beginnings:
            if text.startswith(f"{line} ") and self.of(voice, line, sample_rate) is not None:
                return line
        return None

    async def _begun(
        self, voice: Voice, beginning: str, text: str, sample_rate: int
    ) -> AsyncGenerator[Piece, None]:
        """The recorded beginning at once; the voice makes the rest while it is heard."""
        sound = voice.speak(text[len(beginning) :].strip())
        first = asyncio.ensure_future(anext(sound, None))
        try:
            begun_s = 0.0
            for piece in self.of(voice, beginning, sample_rate) or ():
                if isinstance(piece, bytes):
                    begun_s += len(piece) / BYTES_PER_SAMPLE / sample_rate
                yield piece
            following = await first
            while following is not None:
                yield _later(following, begun_s)
                following = await anext(sound, None)
        finally:
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await sound.aclose()

    def record(
        self, voice: Voice, text: str, sample_rate: int, *, keep: bool = False
    ) -> asyncio.Task[None] | None:
        """While that voice has nothing else to say: have a line ready in it.

        `keep` it for other processes, too.
        """
        if self._under_way is not None or self.of(voice, text, sample_rate) is not None:
            return None
        work = self._make(voice, text, sample_rate, keep=keep)
        task = asyncio.create_task(work, name="recording")
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

    async def _make(self, voice: Voice, text: str, sample_rate: int, *, keep: bool) -> None:
        try:
            async with asyncio.timeout(RECORDING_TIMEOUT_S):
                pieces = [piece async for piece in voice.speak(text)]
            if any(isinstance(piece, bytes) for piece in pieces):
                key = (voice.name, text, sample_rate)
                self._recordings[key] = without_the_first_silence(pieces, sample_rate)
                if keep:
                    await asyncio.to_thread(self._recordings.keep, key)
        except (RungFailedError, TimeoutError) as error:
            logger.debug("{} recorded nothing: {}", voice.name, error)
        finally:
            self._under_way = None


def _later(piece: Piece, by_s: float) -> Piece:
    return piece if isinstance(piece, bytes) else SpokenWord(piece.text, piece.start_s + by_s)


def without_the_first_silence(pieces: Sequence[Piece], sample_rate: int) -> list[Piece]:
    """What nobody hears is not waited for: providers begin with 0.1 to 0.2 s of silence."""
    sound = b"".join(piece for piece in pieces if isinstance(piece, bytes))
    step = int(sample_rate * STEP_S)
    samples = np.frombuffer(sound[: len(sound) // BYTES_PER_SAMPLE * BYTES_PER_SAMPLE], np.int16)
    frames = samples[: len(samples) // step * step].reshape(-1, step).astype(np.float32)
    loud = np.flatnonzero(np.sqrt(np.mean(frames * frames, axis=1)) > AUDIBLE_RMS)
    silent = max(0, int(loud[0]) - 1) * step if len(loud) else 0
    words = [piece for piece in pieces if not isinstance(piece, bytes)]
    shift_s = silent / sample_rate
    return [
        sound[silent * BYTES_PER_SAMPLE :],
        *(SpokenWord(word.text, max(0.0, word.start_s - shift_s)) for word in words),
    ]
