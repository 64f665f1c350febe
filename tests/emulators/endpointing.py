"""Where speech begins and pauses in a stream of PCM, by energy: the emulator's own ears.

Not a voice activity detector to build a product on: the emulator needs to know only when somebody
began and stopped making sound, so that it answers the audio it was really sent.
"""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

FRAME_MS = 20
PREROLL_MS = 300
# RMS of 16-bit samples; a quiet room after Opus stays below 60, distant speech is above 400.
DEFAULT_SPEECH_RMS = 200.0
# Two of three frames, so that a click does not open a segment.
ONSET_WINDOW_FRAMES = 3
ONSET_VOICED_FRAMES = 2
SAMPLE_BYTES = 2


@dataclass(kw_only=True)
class Segment:
    """One stretch of speech. Times are seconds since the stream began.

    `continues` means that it belongs to the utterance before it: the pause between was short.
    """

    start_s: float
    speech_end_s: float
    sample_rate: int
    continues: bool
    pcm: bytearray = field(default_factory=bytearray)

    @property
    def duration_s(self) -> float:
        return len(self.pcm) / SAMPLE_BYTES / self.sample_rate


class SpeechDetector:
    """Cuts a stream of 16-bit mono PCM into segments of speech.

    Args:
        sample_rate: in Hz.
        pause_ms: how much silence ends a segment; None means that only `finish()` does.
        utterance_gap_ms: how much silence separates utterances; less makes the next segment a
            continuation.
        speech_rms: loudness from which a frame counts as voiced.
    """

    def __init__(
        self,
        *,
        sample_rate: int,
        pause_ms: int | None,
        utterance_gap_ms: int,
        speech_rms: float = DEFAULT_SPEECH_RMS,
    ) -> None:
        self._rate = sample_rate
        self._pause_s = None if pause_ms is None else pause_ms / 1000
        self._gap_s = utterance_gap_ms / 1000
        self._speech_rms = speech_rms
        self._frame_bytes = sample_rate * FRAME_MS // 1000 * SAMPLE_BYTES
        self._rest = bytearray()
        self._preroll: deque[bytes] = deque(maxlen=PREROLL_MS // FRAME_MS)
        self._onset: deque[bool] = deque(maxlen=ONSET_WINDOW_FRAMES)
        self._last_speech_end_s: float | None = None
        self.now_s = 0.0
        self.segment: Segment | None = None

    def feed(self, pcm: bytes) -> list[tuple[str, Segment]]:
        """Takes audio; returns ("started" | "ended", segment) in the order it happened."""
        self._rest += pcm
        events: list[tuple[str, Segment]] = []
        while len(self._rest) >= self._frame_bytes:
            frame = bytes(self._rest[: self._frame_bytes])
            del self._rest[: self._frame_bytes]
            event = self._take(frame)
            if event is not None:
                events.append(event)
        return events

    def finish(self) -> Segment | None:
        """Ends the open segment now, whatever the silence; None if nobody is speaking."""
        segment = self.segment
        if segment is not None:
            self._last_speech_end_s = segment.speech_end_s
        self.segment = None
        self._onset.clear()
        self._preroll.clear()
        return segment

    def _take(self, frame: bytes) -> tuple[str, Segment] | None:
        self.now_s += FRAME_MS / 1000
        voiced = _rms(frame) >= self._speech_rms
        if self.segment is None:
            return self._listen_for_onset(frame, voiced=voiced)
        segment = self.segment
        segment.pcm += frame
        if voiced:
            segment.speech_end_s = self.now_s
        elif self._pause_s is not None and self.now_s - segment.speech_end_s >= self._pause_s:
            self.finish()
            return ("ended", segment)
        return None

    def _listen_for_onset(self, frame: bytes, *, voiced: bool) -> tuple[str, Segment] | None:
        self._onset.append(voiced)
        self._preroll.append(frame)
        if sum(self._onset) < ONSET_VOICED_FRAMES:
            return None
        start_s = max(0.0, self.now_s - FRAME_MS / 1000 * ONSET_VOICED_FRAMES)
        since = None if self._last_speech_end_s is None else start_s - self._last_speech_end_s
        self.segment = Segment(
            start_s=start_s,
            speech_end_s=self.now_s,
            sample_rate=self._rate,
            continues=since is not None and since < self._gap_s,
            pcm=bytearray(b"".join(self._preroll)),
        )
        self._onset.clear()
        self._preroll.clear()
        return ("started", self.segment)


def _rms(frame: bytes) -> float:
    samples = np.frombuffer(frame, dtype=np.int16).astype(np.float32)
    return float(np.sqrt(np.mean(samples * samples)))
