"""Small pieces of PCM for tests: silence, and something loud enough to be speech."""

import numpy as np

SAMPLE_RATE_HZ = 16_000


def silence(ms: int, sample_rate: int = SAMPLE_RATE_HZ) -> bytes:
    return b"\x00\x00" * (sample_rate * ms // 1000)


def voice(ms: int, sample_rate: int = SAMPLE_RATE_HZ, pitch_hz: float = 140.0) -> bytes:
    """A voice-like buzz: a fundamental with falling harmonics, four syllables a second."""
    at_s = np.arange(sample_rate * ms // 1000) / sample_rate
    buzz = sum(np.sin(2 * np.pi * pitch_hz * n * at_s) / n for n in range(1, 9))
    syllables = 0.65 + 0.35 * np.sin(2 * np.pi * 4 * at_s)
    return bytes((np.asarray(buzz) * syllables * 5_000).astype(np.int16).tobytes())


def frames(pcm: bytes, ms: int = 20, sample_rate: int = SAMPLE_RATE_HZ) -> list[bytes]:
    """Cut as a transport delivers it."""
    size = sample_rate * ms // 1000 * 2
    return [pcm[i : i + size] for i in range(0, len(pcm), size)]
