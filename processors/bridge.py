"""A silence that gets long is bridged by a short phrase: "One moment."

Stands behind the voice. The silence is the caller's: it begins with the end of their voice, not
with the end of their turn. The phrase is never spoken over the caller, who may only have paused,
and never twice in a row: a second one would say nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseStartFrame,
    OutputAudioRawFrame,
    TTSAudioRawFrame,
    UserStartedSpeakingFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

LONGEST_SILENCE_S: Final = 1.8
"""What a caller takes for a pause and not for a broken line."""
WAY_OUT_S: Final = 0.25
"""From here to the caller's ear: the transport's queue and the network."""
FRAME_S: Final = 0.04
BYTES_PER_SAMPLE: Final = 2


class SilenceBridge(FrameProcessor):
    """Speaks the phrase when an answer has been due for too long."""

    def __init__(
        self,
        *,
        phrase: Callable[[], bytes | None],
        sample_rate: int,
        longest_silence_s: float = LONGEST_SILENCE_S,
        clock: Callable[[], float] = time.monotonic,
        **kwargs: Any,
    ) -> None:
        """Bridge silences in one call.

        Args:
            phrase: the recorded phrase, 16-bit mono PCM; None while there is none.
            sample_rate: of the phrase, in Hz.
            longest_silence_s: the silence after which the phrase is heard.
            clock: seconds.
            kwargs: passed to Pipecat's FrameProcessor.
        """
        super().__init__(**kwargs)
        self._phrase = phrase
        self._sample_rate = sample_rate
        self._after_s = max(0.0, longest_silence_s - WAY_OUT_S)
        self._clock = clock
        self._voice_ended_at: float | None = None
        self._bridged_last = False
        self._waiting: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Follow who speaks; pass everything on."""
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            await self._follow(frame)
        await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        """Stop waiting."""
        await super().cleanup()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
        await self._stop_waiting()

    async def _follow(self, frame: Frame) -> None:
        if isinstance(frame, VADUserStoppedSpeakingFrame):
            self._voice_ended_at = self._clock() - frame.stop_secs
        elif isinstance(
            frame,
            VADUserStartedSpeakingFrame
            | UserStartedSpeakingFrame
            | InterruptionFrame
            | EndFrame
            | CancelFrame,
        ):
            await self._stop_waiting()
        elif isinstance(frame, LLMFullResponseStartFrame):
            await self._stop_waiting()
            self._waiting = self.create_task(self._bridge_in_time(), "bridge")
        elif isinstance(frame, TTSAudioRawFrame) and self._waiting:
            await self._stop_waiting()
            self._bridged_last = False

    async def _bridge_in_time(self) -> None:
        began_at = self._clock() if self._voice_ended_at is None else self._voice_ended_at
        await asyncio.sleep(max(0.0, began_at + self._after_s - self._clock()))
        phrase = None if self._bridged_last else self._phrase()
        self._waiting = None
        self._bridged_last = bool(phrase)
        if not phrase:
            return
        logger.info("The answer takes long: bridged")
        step = round(FRAME_S * self._sample_rate) * BYTES_PER_SAMPLE
        for start in range(0, len(phrase), step):
            await self.push_frame(
                OutputAudioRawFrame(phrase[start : start + step], self._sample_rate, 1)
            )

    async def _stop_waiting(self) -> None:
        if self._waiting:
            task, self._waiting = self._waiting, None
            await self.cancel_task(task)
