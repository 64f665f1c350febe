"""What a simulated caller needs from the line that he calls on, and what went over it.

Sound is 16-bit mono PCM at `SAMPLE_RATE` in both directions; the bot's arrives in real time.
"""

from __future__ import annotations

import asyncio
import time
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import soxr

from bot.errors import LeadlineError

SAMPLE_RATE = 48_000
"""Hz; what Opus works at."""
FRAME_MS = 20
FRAME_BYTES = SAMPLE_RATE * FRAME_MS // 1000 * 2
RECORDING_RATE = 24_000
"""Hz; the local voice has nothing above 11 kHz, and half the memory is saved."""
MAX_RECORDED_S = 1800
_GAP_S = 0.2


class CallerError(LeadlineError):
    """The simulated caller could not place or finish the call."""


class Peer(Protocol):
    """One participant's end of a call."""

    recording: Recording

    async def connect(self) -> None:
        """Join. Raises `CallerError` if nobody can be reached."""

    async def play(self, pcm: bytes) -> None:
        """Say something; returns when its last sample has been sent."""

    def sound(self) -> AsyncIterator[bytes]:
        """The bot's sound in frames of `FRAME_MS`; ends when the bot or the line is gone."""

    def messages(self) -> AsyncIterator[dict[str, Any]]:
        """RTVI messages of the bot; ends with the call."""

    async def close(self) -> None:
        """Leave. May be called twice."""


def put_latest(queue: asyncio.Queue[Any], item: Any) -> None:
    """Queue without waiting: the oldest item gives way when the queue is full."""
    if queue.full():
        queue.get_nowait()
    queue.put_nowait(item)


class Recording:
    """Both sides of a call on one clock: the caller left, the bot right.

    Reading and writing happen on the event loop's thread.
    """

    def __init__(self, *, sample_rate: int = RECORDING_RATE) -> None:
        self.sample_rate = sample_rate
        self._started_at: float | None = None
        self._sides = {"caller": bytearray(), "bot": bytearray()}
        self._resamplers = {
            side: soxr.ResampleStream(SAMPLE_RATE, sample_rate, 1, dtype="int16", quality="MQ")
            for side in self._sides
        }
        self._grown = asyncio.Event()
        self.finished = False

    @property
    def elapsed_s(self) -> float:
        """Seconds since the recording began; 0 before that."""
        return 0.0 if self._started_at is None else time.monotonic() - self._started_at

    @property
    def duration_s(self) -> float:
        """Seconds for which both sides are recorded."""
        return self._samples / self.sample_rate

    def start(self) -> None:
        """Start the clock; what comes before is not recorded."""
        if self._started_at is None:
            self._started_at = time.monotonic()

    def take_caller(self, frame: bytes) -> None:
        """Keep a frame that the caller has sent."""
        self._take("caller", frame)

    def take_bot(self, frame: bytes) -> None:
        """Keep a frame that came from the bot."""
        self._take("bot", frame)

    def finish(self) -> None:
        """End it: the shorter side is filled up with silence."""
        longest = max(len(pcm) for pcm in self._sides.values())
        for pcm in self._sides.values():
            pcm.extend(bytes(longest - len(pcm)))
        self.finished = True
        # soxr's binding complains on stderr of what is still alive when the process exits.
        self._resamplers.clear()
        self._grown.set()

    def stereo(self) -> bytes:
        """Interleaved 16-bit PCM: caller left, bot right."""
        samples = [self._array(side, 0, self._samples) for side in ("caller", "bot")]
        return np.column_stack(samples).tobytes()

    def side(self, name: Literal["caller", "bot"]) -> bytes:
        """One side alone: 16-bit PCM."""
        return bytes(self._sides[name])

    def mono(self, start: int = 0, stop: int | None = None) -> bytes:
        """Both sides mixed: 16-bit PCM from sample `start` to `stop`."""
        stop = self._samples if stop is None else stop
        caller = self._array("caller", start, stop).astype(np.int32)
        mixed = caller + self._array("bot", start, stop)
        return np.clip(mixed, -32_768, 32_767).astype(np.int16).tobytes()

    async def follow(self) -> AsyncIterator[bytes]:
        """Both sides mixed, from now on and as it is recorded, until the end."""
        position = self._samples
        while True:
            available = self._samples
            if available > position:
                yield self.mono(position, available)
                position = available
            if self.finished:
                return
            self._grown.clear()
            await self._grown.wait()

    def save(self, path: Path) -> None:
        """Write a stereo WAV file."""
        with wave.open(str(path), "wb") as file:
            file.setnchannels(2)
            file.setsampwidth(2)
            file.setframerate(self.sample_rate)
            file.writeframes(self.stereo())

    @property
    def _samples(self) -> int:
        return min(len(pcm) for pcm in self._sides.values()) // 2

    def _array(self, side: str, start: int, stop: int) -> np.ndarray[Any, np.dtype[np.int16]]:
        return np.frombuffer(bytes(self._sides[side][2 * start : 2 * stop]), dtype=np.int16)

    def _take(self, side: str, frame: bytes) -> None:
        if self._started_at is None or self.finished or self.elapsed_s > MAX_RECORDED_S:
            return
        pcm = self._sides[side]
        made = self._resamplers[side].resample_chunk(np.frombuffer(frame, dtype=np.int16))
        # A side that was silent on the wire (not yet there, or lost packets) is silent here.
        missing = self.elapsed_s - len(pcm) / 2 / self.sample_rate
        if missing > _GAP_S:
            pcm.extend(bytes(2 * int(missing * self.sample_rate)))
        pcm.extend(made.astype(np.int16).tobytes())
        self._grown.set()
