"""The local voice as a Pipecat TTS service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, Final, TypeVar

from loguru import logger
from pipecat.frames.frames import ErrorFrame, Frame, StartFrame, TTSAudioRawFrame
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.transcriptions.language import Language
from pipecat.utils.tracing.service_decorators import traced_tts
from pipecat.utils.types import NOT_GIVEN, NotGiven

from bot.services.local.engine import Urgency
from bot.services.local.voice import Speech, StopSwitch, Voice, engine, preload_voice

T = TypeVar("T")

FRAME_SECS: Final = 0.04
"""What the transports write at a time; smaller frames only cost CPU in every processor."""


@dataclass
class LocalTTSSettings(TTSSettings):
    """Settings of the local voice; see `Voice` for their meaning and range."""

    speed: float | NotGiven = field(default_factory=lambda: NOT_GIVEN)
    pitch: float | NotGiven = field(default_factory=lambda: NOT_GIVEN)
    noise_scale: float | NotGiven = field(default_factory=lambda: NOT_GIVEN)
    noise_width: float | NotGiven = field(default_factory=lambda: NOT_GIVEN)
    sentence_pause_secs: float | NotGiven = field(default_factory=lambda: NOT_GIVEN)


class LocalTTSService(TTSService):
    """Speaks sentence by sentence, with exact word times, on a thread of its own.

    Word times are seconds of audio from the start of the audio context, as Pipecat counts them.
    Every word goes into the context's queue right before the audio in which it begins.
    """

    Settings = LocalTTSSettings
    _settings: LocalTTSSettings

    def __init__(self, *, settings: LocalTTSSettings | None = None, **kwargs: Any) -> None:
        """Make the service; the model is loaded when the pipeline starts, unless it is already.

        Args:
            settings: What differs from the voice's defaults.
            **kwargs: Passed on to `TTSService`.

        Raises:
            ValueError: If a setting is out of range.
        """
        default = Voice()
        complete = LocalTTSSettings(
            model="piper",
            voice="joe",
            language=Language.EN_US,
            **{f.name: getattr(default, f.name) for f in fields(Voice)},
        )
        if settings is not None:
            complete.apply_update(settings)
        super().__init__(
            push_start_frame=True,
            push_stop_frames=True,
            push_text_frames=False,
            settings=complete,
            **kwargs,
        )
        self._voice = _voice_of(complete)
        self._spoken_secs: dict[str, float] = {}
        self._switches: dict[str, StopSwitch] = {}
        self._loading: asyncio.Task[None] | None = None

    def can_generate_metrics(self) -> bool:
        """The service measures its latency."""
        return True

    async def start(self, frame: StartFrame) -> None:
        """Start, and load the model in the background if no one has."""
        await super().start(frame)
        self._loading = self.create_task(self._load(), name="load_voice")

    async def cleanup(self) -> None:
        """Stop what is being synthesised."""
        await super().cleanup()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
        for switch in self._switches.values():
            switch.stop()
        if self._loading is not None and not self._loading.done():
            await self.cancel_task(self._loading)

    async def _update_settings(self, delta: TTSSettings) -> dict[str, Any]:  # type: ignore[override]
        trial = self._settings.copy()
        trial.apply_update(delta)  # type: ignore[arg-type]
        try:
            voice = _voice_of(trial)
        except ValueError as error:
            await self.push_error(f"local voice: {error}; the setting is left as it was")
            return {}
        changed = await super()._update_settings(delta)
        self._voice = voice
        return changed

    @traced_tts
    async def run_tts(self, text: str, context_id: str) -> AsyncGenerator[Frame | None, None]:
        """Speak `text` in an audio context. Cancelling it stops the model at once."""
        switch = self._switches[context_id] = StopSwitch()
        voice = self._voice
        try:
            await self.start_tts_usage_metrics(text)
            pieces = await _on_engine(lambda: voice.plan(text), Urgency.CALLER_WAITS)
            urgency = Urgency.CALLER_WAITS if context_id not in self._spoken_secs else Urgency.SOON
            for piece in pieces:
                render = partial(voice.render, piece, sample_rate=self.sample_rate, switch=switch)
                speech = await _on_engine(render, urgency)
                urgency = Urgency.SOON
                async for frame in self._frames(speech, context_id):
                    yield frame
        except Exception as error:
            if not switch.stopped:
                logger.error(f"{self}: synthesis failed: {error}")
                yield ErrorFrame(error=f"local voice failed: {error}")
        finally:
            switch.stop()
            if self._switches.get(context_id) is switch:
                del self._switches[context_id]

    async def _frames(self, speech: Speech, context_id: str) -> AsyncGenerator[Frame, None]:
        if not self.audio_context_available(context_id):
            return  # interrupted meanwhile: nothing of it may be heard or remembered
        offset = self._spoken_secs.get(context_id, 0.0)
        words = list(speech.words)
        step = 2 * round(FRAME_SECS * self.sample_rate)
        for start in range(0, len(speech.pcm), step):
            end_secs = (start + step) / 2 / self.sample_rate
            begun = [word for word in words if word.start_secs < end_secs]
            words = words[len(begun) :]
            await self.add_word_timestamps(
                [(word.text, offset + word.start_secs) for word in begun], context_id
            )
            yield TTSAudioRawFrame(
                speech.pcm[start : start + step], self.sample_rate, 1, context_id=context_id
            )
        if words:
            await self.add_word_timestamps(
                [(word.text, offset + word.start_secs) for word in words], context_id
            )
        self._spoken_secs[context_id] = offset + speech.duration_secs

    async def on_audio_context_interrupted(self, context_id: str) -> None:
        """Stop the synthesis of an interrupted context."""
        self._forget(context_id)
        await super().on_audio_context_interrupted(context_id)

    async def on_audio_context_completed(self, context_id: str) -> None:
        """Forget how far a context had got."""
        self._spoken_secs.pop(context_id, None)
        await super().on_audio_context_completed(context_id)

    def _forget(self, context_id: str) -> None:
        self._spoken_secs.pop(context_id, None)
        switch = self._switches.pop(context_id, None)
        if switch is not None:
            switch.stop()

    async def _load(self) -> None:
        try:
            await asyncio.to_thread(preload_voice)
        except Exception as error:
            await self.push_error(
                f"local voice cannot be loaded: {error}",
                exception=error,
                force_treat_as_permanent=True,
            )


async def _on_engine(job: Callable[[], T], urgency: Urgency) -> T:
    return await asyncio.wrap_future(engine().submit(job, urgency=urgency))


def _voice_of(settings: LocalTTSSettings) -> Voice:
    return Voice(**{f.name: getattr(settings, f.name) for f in fields(Voice)})
