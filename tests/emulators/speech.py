"""Sound for a text, and the time at which each of its characters is heard.

The default voice is a buzz with syllables: not words, but it has a leading silence, a length that
follows the text, and enough energy for a VAD. A real voice is any callable `(text, sample_rate)`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

LEADING_SILENCE_MS = 150
MS_PER_CHARACTER = 60
# Quieter than this (RMS-less, by amplitude) is the silence around what a voice says.
_SILENT_AMPLITUDE = 300
_FADE_MS = 5

Synthesiser = Callable[[str, int], bytes]
"""`(text, sample_rate in Hz) -> 16-bit little-endian mono PCM`. Called off the event loop."""


def tone_burst(text: str, sample_rate: int) -> bytes:
    """About 60 ms a character, after 150 ms of silence; a space is a short dip, not a pause."""
    spoken = text.strip()
    at_s = np.arange(sample_rate * MS_PER_CHARACTER * len(spoken) // 1000) / sample_rate
    buzz = sum(np.sin(2 * np.pi * 120.0 * n * at_s) / n for n in range(1, 9))
    loudness = np.array([0.35 if c.isspace() else 1.0 for c in spoken] or [0.0])
    envelope = loudness[np.minimum((at_s * 1000 / MS_PER_CHARACTER).astype(int), len(loudness) - 1)]
    voice = np.asarray(buzz) * envelope * 5_000
    fade = min(len(voice) // 2, sample_rate * _FADE_MS // 1000)
    if fade:
        ramp = np.linspace(0.0, 1.0, fade)
        voice[:fade] *= ramp
        voice[-fade:] *= ramp[::-1]
    silence = np.zeros(sample_rate * LEADING_SILENCE_MS // 1000)
    return bytes(np.concatenate([silence, voice]).astype("<i2").tobytes())


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Audio with the characters that are heard in it. Times count from the piece's own start."""

    pcm: bytes
    chars: list[str]
    starts_ms: list[int]
    durations_ms: list[int]


def pieces(text: str, pcm: bytes, sample_rate: int, *, piece_ms: int) -> Iterator[Piece]:
    """Cuts speech at character boundaries into pieces of about `piece_ms`, aligned.

    The characters share the voiced part in proportion (no phoneme is recognised here). The pieces'
    spans join without a gap: clients add them up to know when a word is heard.
    """
    samples = np.frombuffer(pcm, dtype="<i2")
    total_ms = len(samples) * 1000 // sample_rate
    bounds = _character_bounds_ms(len(text), samples, sample_rate)
    first = 0
    begin_ms = 0
    for n in range(len(text)):
        is_last = n == len(text) - 1
        end_ms = total_ms if is_last else bounds[n + 1]
        if not is_last and end_ms - begin_ms < piece_ms:
            continue
        starts = [bounds[i] - begin_ms for i in range(first, n + 1)]
        ends = [*starts[1:], end_ms - begin_ms]
        cut = slice(
            begin_ms * sample_rate // 1000, None if is_last else end_ms * sample_rate // 1000
        )
        yield Piece(
            pcm=samples[cut].tobytes(),
            chars=list(text[first : n + 1]),
            starts_ms=starts,
            durations_ms=[end - start for start, end in zip(starts, ends, strict=True)],
        )
        first, begin_ms = n + 1, end_ms


def _character_bounds_ms(
    characters: int, samples: "np.ndarray[tuple[int], np.dtype[np.int16]]", sample_rate: int
) -> list[int]:
    loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > _SILENT_AMPLITUDE)
    begin, end = (int(loud[0]), int(loud[-1]) + 1) if len(loud) else (0, len(samples))
    edges = np.linspace(begin, end, characters + 1) * 1000 / sample_rate
    return [int(edge) for edge in edges[:-1]]
