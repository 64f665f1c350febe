"""A speech recogniser on this machine: Moonshine (tiny, English), from the `moonshine-voice` wheel.

The library hands out pointers into memory that the next call on the same transcriber reuses, so
two calls at a time garble each other's text. Everything runs on one thread.
"""

from __future__ import annotations

import re
import threading
from concurrent.futures import Future
from typing import Any, Final

import numpy as np

from bot.services.local.engine import InferenceThread, Urgency

SAMPLE_RATE: Final = 16_000
"""Hz; what the model hears. Other rates are resampled by the library."""

LEADING_SILENCE_SECS: Final = 0.3
"""Before audio that begins with speech; without it the model may add a "Thank you." at the end
(8 of 60 utterances, none with it). What follows the last word made no difference."""

INAUDIBLE_PEAK: Final = 100
"""Of 32768 (-50 dBFS). Given silence, the model says "You"."""

_CHUNK_SECS: Final = 0.5
"""The binding converts samples one by one and holds the GIL meanwhile: small bites."""

_OPTIONS: Final = {
    # The caller's pipeline has decided what is speech; the library's own VAD makes up stray words.
    "vad_threshold": "0.0",
    "identify_speakers": "false",
    "return_audio_data": "false",
    "word_timestamps": "false",
}

_REPEATED_WORD: Final = re.compile(r"\b([\w']{1,20})(?:[\s,.-]+\1\b){8,}", re.IGNORECASE)
_REPEATED_PHRASE: Final = re.compile(
    r"\b([\w']+(?:[\s,.-]+[\w']+){1,7}?)(?:[\s,.-]+\1\b){4,}", re.IGNORECASE
)
MAX_TEXT_CHARS: Final = 2_000


class Utterance:
    """One stretch of speech that is recognised while it is being said.

    Its methods never block and may be called from any thread. Audio is kept apart from the jobs
    that read it: a final overtakes an interim that is still waiting, and must not miss its audio.
    """

    def __init__(self, *, sample_rate: int = SAMPLE_RATE) -> None:
        self._sample_rate = sample_rate
        self._unread = bytearray()
        self._unread_lock = threading.Lock()
        self._ended = False
        self._peak = 0
        self._stream: Any = None

    def hear(self, pcm: bytes) -> None:
        """Add 16-bit mono PCM."""
        with self._unread_lock:
            self._unread += pcm

    def interim(self) -> Future[str]:
        """Read the text of what has been heard so far."""
        return engine().submit(self._read, urgency=Urgency.NICE_TO_HAVE)

    def final(self, *, urgency: Urgency = Urgency.CALLER_WAITS) -> Future[str]:
        """Read the whole text. Ends the utterance."""
        return engine().submit(self._finish, urgency=urgency)

    def discard(self) -> None:
        """Forget the utterance; nothing more is read from it."""
        engine().submit(self._end, urgency=Urgency.NICE_TO_HAVE)

    def _read(self) -> str:
        from moonshine_voice.transcriber import MOONSHINE_FLAG_FORCE_UPDATE

        if self._ended:
            return ""
        with self._unread_lock:
            pcm, self._unread = self._unread, bytearray()
        stream = self._open()
        samples = np.frombuffer(bytes(pcm[: len(pcm) & ~1]), dtype="<i2").astype(np.float32)
        step = round(_CHUNK_SECS * self._sample_rate)
        for start in range(0, len(samples), step):
            chunk = samples[start : start + step]
            self._peak = max(self._peak, int(np.abs(chunk).max()))
            stream.add_audio((chunk / 32_768).tolist(), self._sample_rate)
        if self._peak < INAUDIBLE_PEAK:
            return ""
        # Without the flag the library may answer with text that is older than the audio.
        transcript = stream.update_transcription(MOONSHINE_FLAG_FORCE_UPDATE)
        return bounded(" ".join(line.text.strip() for line in transcript.lines).strip())

    def _finish(self) -> str:
        try:
            return self._read()
        finally:
            self._end()

    def _open(self) -> Any:
        if self._stream is None:
            self._stream = load_recogniser().open_stream()
        return self._stream

    def _end(self) -> None:
        self._ended = True
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class RecogniserModel:
    """The loaded model. Made once per process by `load_recogniser`."""

    def __init__(self) -> None:
        from moonshine_voice import get_model_path
        from moonshine_voice.moonshine_api import ModelArch
        from moonshine_voice.transcriber import Transcriber

        self._transcriber: Any = Transcriber(
            get_model_path("tiny-en"), ModelArch.TINY, options=_OPTIONS
        )

    def open_stream(self) -> Any:
        """Open a stream that is updated only when it is told to."""
        stream = self._transcriber.create_stream(update_interval=float("inf"))
        stream.start()
        return stream


def recognise(pcm16: bytes, sample_rate: int = SAMPLE_RATE) -> str:
    """Read 16-bit mono PCM. Blocks; thread-safe."""
    utterance = Utterance(sample_rate=sample_rate)
    utterance.hear(bytes(2 * round(LEADING_SILENCE_SECS * sample_rate)) + pcm16)
    return utterance.final(urgency=Urgency.SOON).result()


def bounded(text: str) -> str:
    """Cut the loops that small models fall into; what callers really repeat stays.

    >>> bounded("d-" * 40 + "d")
    'd-d-d-d-d-d-d-d'
    """
    text = text[: 4 * MAX_TEXT_CHARS]
    text = _REPEATED_WORD.sub(lambda m: _first_repeats(m, 8), text)
    text = _REPEATED_PHRASE.sub(lambda m: _first_repeats(m, 3), text)
    return text[:MAX_TEXT_CHARS]


def _first_repeats(match: re.Match[str], count: int) -> str:
    unit = re.escape(match.group(1))
    kept = re.match(rf"(?:{unit}[\s,.-]*){{{count}}}", match.group(0), re.IGNORECASE)
    return kept.group(0).rstrip(" ,.-") if kept else match.group(1)


# Loading ----------------------------------------------------------------------------------------

_loading = threading.Lock()
_model: RecogniserModel | None = None
_warm: Future[str] | None = None
_engine = InferenceThread("local-recogniser")


def engine() -> InferenceThread:
    """The one thread that may enter the library."""
    return _engine


def load_recogniser() -> RecogniserModel:
    """Load the model, once per process; later calls return it at once."""
    global _model  # noqa: PLW0603 - one model per process is the point
    if _model is None:
        with _loading:
            if _model is None:
                _model = RecogniserModel()
    return _model


def preload_recogniser() -> None:
    """Load the recogniser and let it listen once, so that no caller waits for it.

    Blocks until that is done; at once if it has been done before. Thread-safe.
    """
    global _warm  # noqa: PLW0603 - see `load_recogniser`
    with _loading:
        if _warm is None or (_warm.done() and _warm.exception() is not None):
            utterance = Utterance()
            tone = np.sin(np.arange(SAMPLE_RATE) * 0.2) * 3_000  # silence would not be read
            utterance.hear(tone.astype("<i2").tobytes())
            _warm = utterance.final()
        warm = _warm
    warm.result()
