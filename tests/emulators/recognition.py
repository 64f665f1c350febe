"""How the Deepgram emulator knows what was said: from a script, or by really recognising it."""

import asyncio
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

import numpy as np

from tests.emulators.endpointing import Segment

if TYPE_CHECKING:
    from moonshine_voice.transcriber import Transcriber

# An unhurried speaker; decides only how fast scripted interim results grow.
SCRIPTED_WORDS_PER_S = 2.8


class Recogniser(Protocol):
    """Turns speech into text."""

    async def interim(self, segment: Segment) -> str:
        """What is recognised so far; may be called many times for one segment."""

    async def final(self, segment: Segment) -> str:
        """The text of a segment that has ended; called once."""


class ScriptedRecogniser:
    """Says a prepared text for each utterance, whatever was really spoken.

    A text is used up when its final result is due, so that audio replayed after a lost connection
    is recognised as the same words. When the script is used up the fallback recognises, or, without
    one, nothing is understood.
    """

    def __init__(self, texts: Iterable[str] = (), *, fallback: Recogniser | None = None) -> None:
        self.texts = deque(texts)
        self._fallback = fallback
        self._is_scripted = False

    async def interim(self, segment: Segment) -> str:
        if segment.continues and self._is_scripted:
            return ""
        if not self.texts:
            return await self._fallback.interim(segment) if self._fallback else ""
        words = self.texts[0].split()
        spoken = max(1, round(segment.duration_s * SCRIPTED_WORDS_PER_S))
        return " ".join(words[:spoken])

    async def final(self, segment: Segment) -> str:
        # The script has one text for the whole utterance: what follows a short pause is part of it.
        if segment.continues and self._is_scripted:
            return ""
        self._is_scripted = bool(self.texts)
        if not self.texts:
            return await self._fallback.final(segment) if self._fallback else ""
        return self.texts.popleft()


class MoonshineRecogniser:
    """Really recognises English, with the tiny model inside moonshine-voice 0.1.0, off the loop."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="moonshine")
        self._transcriber: Transcriber | None = None

    async def load(self) -> None:
        """Loads the model now (about a second), so that the first utterance does not pay for it."""
        await asyncio.get_running_loop().run_in_executor(self._pool, self._loaded)

    async def interim(self, segment: Segment) -> str:
        return await self.final(segment)

    async def final(self, segment: Segment) -> str:
        pcm = bytes(segment.pcm)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._transcribe, pcm, segment.sample_rate)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _loaded(self) -> "Transcriber":
        if self._transcriber is None:
            from moonshine_voice import ModelArch
            from moonshine_voice.transcriber import Transcriber
            from moonshine_voice.utils import get_model_path

            # Its own voice detector drops or invents words in speech that is already cut out.
            self._transcriber = Transcriber(
                str(get_model_path("tiny-en")), ModelArch.TINY, options={"vad_threshold": "0.0"}
            )
        return self._transcriber

    def _transcribe(self, pcm: bytes, sample_rate: int) -> str:
        samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32) / 32768.0
        transcript = self._loaded().transcribe_without_streaming(samples.tolist(), sample_rate)
        return " ".join(line.text.strip() for line in transcript.lines).strip()
