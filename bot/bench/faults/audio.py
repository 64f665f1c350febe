"""Silence in recorded audio, at a resolution of 10 ms, by energy alone.

A frame is audible when its loudness passes a gate: far above what Opus leaves of silence, far
below a quiet voice. A sound begins where `ONSET_FRAMES` of `ONSET_WINDOW` frames are audible, so
that a click is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FRAME_MS: Final = 10
AUDIBLE_RMS: Final = 200.0
"""Of 16-bit samples: -44 dBFS."""
ONSET_WINDOW: Final = 4
ONSET_FRAMES: Final = 3

DIVIDING_PAUSE_S: Final = 0.6
ROOM_S: Final = 0.15

Audible = NDArray[np.bool_]


@dataclass(frozen=True)
class Silence:
    """The silences of one exchange, in seconds.

    `first_s`: from the caller's last audible frame to the bot's first; None if there is none.
    `longest_s`: the longest one from there to the bot's last sound, the first included; None too.
    """

    first_s: float | None
    longest_s: float | None


def audible(pcm: bytes, sample_rate: int) -> Audible:
    """For each frame of 10 ms of 16-bit mono PCM whether it is heard."""
    samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32)
    size = sample_rate * FRAME_MS // 1000
    frames = samples[: len(samples) // size * size].reshape(-1, size)
    loud = np.sqrt(np.mean(frames * frames, axis=1)) > AUDIBLE_RMS
    return _without_clicks(loud)


def silence_after(
    caller: Audible, bot: Audible, *, from_s: float, to_s: float, caller_speaks: bool = True
) -> Silence:
    """The silences between the caller's voice in a stretch of a call and the bot's last sound.

    Without `caller_speaks` the wait begins with the stretch itself, as it does when one joins.
    """
    begin, end = _frame(from_s), min(_frame(to_s), len(bot))
    since = begin
    if caller_speaks:
        voiced = np.flatnonzero(caller[begin:end])
        if not len(voiced):
            return Silence(None, None)
        since = begin + int(voiced[-1]) + 1
    heard = np.flatnonzero(bot[since:end])
    if not len(heard):
        return Silence(None, None)
    gaps = np.diff(np.concatenate(([-1], heard))) - 1
    return Silence(_seconds(int(heard[0])), _seconds(int(gaps.max())))


def stretches(sound: Audible, *, from_s: float, to_s: float) -> list[tuple[float, float]]:
    """Where there is sound, with a little room around; pauses inside a sentence do not divide."""
    begin, end = _frame(from_s), min(_frame(to_s), len(sound))
    heard = np.flatnonzero(sound[begin:end]) + begin
    if not len(heard):
        return []
    divides = np.flatnonzero(np.diff(heard) > _frame(DIVIDING_PAUSE_S))
    firsts = heard[np.concatenate(([0], divides + 1))]
    lasts = heard[np.concatenate((divides, [len(heard) - 1]))]
    room = _frame(ROOM_S)
    return [
        (_seconds(max(begin, int(first) - room)), _seconds(min(end, int(last) + 1 + room)))
        for first, last in zip(firsts, lasts, strict=True)
    ]


def _without_clicks(loud: Audible) -> Audible:
    """Audible frames, less those that no sound begins or goes on with."""
    count = np.convolve(loud, np.ones(ONSET_WINDOW, dtype=np.int64))[: len(loud)]
    sounding = np.zeros_like(loud)
    # A window that is loud enough makes all its frames part of a sound.
    for shift in range(ONSET_WINDOW):
        sounding[: len(loud) - shift] |= (count >= ONSET_FRAMES)[shift:]
    return np.asarray(loud & sounding, dtype=np.bool_)


def _frame(at_s: float) -> int:
    return max(0, round(at_s * 1000 / FRAME_MS))


def _seconds(frames: int) -> float:
    return round(frames * FRAME_MS / 1000, 3)
