"""Both sides of a call, each sound where it was heard, also when this machine was late to notice.

A frame that arrives late says nothing about when it was due; frames that arrive early do not
exist. So a frame's place is its place in the stream plus the smallest delay that it or any later
frame had: a burst after a busy moment falls back to where it belongs, and only a silence on the
wire, after which every frame is later, moves what follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import soxr

from bot.caller.peer import FRAME_MS, SAMPLE_RATE, Recording

FRAME_S: Final = FRAME_MS / 1000


def places(arrived_s: Sequence[float]) -> list[float]:
    """Where each frame of `FRAME_MS` begins, in seconds, by when it had arrived."""
    stream_s = np.arange(1, len(arrived_s) + 1) * FRAME_S
    delay_s = np.asarray(arrived_s) - stream_s
    smallest_s = np.minimum.accumulate(delay_s[::-1])[::-1]
    return [float(at) for at in np.maximum(0.0, smallest_s + stream_s - FRAME_S)]


class AlignedRecording(Recording):
    """Keeps frames with their arrival, and puts them into place at the end."""

    def __init__(self) -> None:
        """Nothing is recorded before `start`."""
        super().__init__()
        self._arrivals: dict[str, list[tuple[float, bytes]]] = {"caller": [], "bot": []}

    def finish(self) -> None:
        """Align both sides, then end as any recording does."""
        if not self.finished:
            for side, frames in self._arrivals.items():
                self._sides[side] = self._aligned(frames)
        super().finish()

    def _take(self, side: str, frame: bytes) -> None:
        if self._started_at is not None and not self.finished:
            self._arrivals[side].append((self.elapsed_s, frame))

    def _aligned(self, frames: list[tuple[float, bytes]]) -> bytearray:
        if not frames:
            return bytearray()
        begins = places([at for at, _ in frames])
        size = SAMPLE_RATE * FRAME_MS // 1000
        samples = np.zeros(round(begins[-1] * SAMPLE_RATE) + size, dtype=np.int16)
        for begin_s, (_, frame) in zip(begins, frames, strict=True):
            begin = round(begin_s * SAMPLE_RATE)
            samples[begin : begin + size] = np.frombuffer(frame, dtype=np.int16)
        resampled = soxr.resample(samples, SAMPLE_RATE, self.sample_rate, quality="MQ")
        return bytearray(resampled.astype(np.int16).tobytes())
