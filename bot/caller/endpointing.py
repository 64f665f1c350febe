"""When the other side has stopped speaking, by the energy of its sound."""

from __future__ import annotations

import numpy as np

from bot.caller.peer import FRAME_MS

SPEECH_RMS = 200.0
"""Of 32,768. A bot's line is silent to the bit between its words; this is far above Opus' noise."""
MIN_SPEECH_MS = 100
"""Shorter sounds are clicks."""
MAX_KEPT_MS = 30_000


class Endpointer:
    """Cuts a stream of frames into utterances."""

    def __init__(self, *, silence_s: float) -> None:
        self._silence_ms = silence_s * 1000
        self._loud_ms = 0
        self._quiet_ms = 0.0
        self._kept: list[bytes] = []

    @property
    def speaking(self) -> bool:
        """Whether an utterance has begun and is not over."""
        return self._loud_ms >= MIN_SPEECH_MS

    @property
    def silent_s(self) -> float:
        """Silence since the last loud frame, in seconds."""
        return self._quiet_ms / 1000

    def take(self, frame: bytes) -> bytes | None:
        """The whole utterance (16-bit PCM) with the frame that ends it, else None."""
        samples = np.frombuffer(frame, dtype=np.int16).astype(np.float32)
        loud = bool(samples.size) and float(np.sqrt(np.mean(samples * samples))) > SPEECH_RMS
        if loud:
            self._loud_ms += FRAME_MS
            self._quiet_ms = 0.0
        else:
            self._quiet_ms += FRAME_MS
        if self._loud_ms and len(self._kept) * FRAME_MS < MAX_KEPT_MS:
            self._kept.append(frame)
        if self._loud_ms and self._quiet_ms >= self._silence_ms:
            utterance, real = b"".join(self._kept), self.speaking
            self._loud_ms, self._kept = 0, []
            return utterance if real else None
        return None
