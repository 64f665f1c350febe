"""The scripted dialogue as an ordinary LLM service: same frames, same place in the chain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import LLMSettings


class ScriptedLLMService(LLMService[Any]):
    """Answers every context with the reply that the dialogue's own code has for it."""

    def __init__(self, *, reply: Callable[[], str], **kwargs: Any) -> None:
        """`reply` gives the text for the caller's newest words; quick, pure, without I/O."""
        super().__init__(settings=no_settings(), **kwargs)
        self._reply = reply

    def can_generate_metrics(self) -> bool:
        """Its time to first token is measured like any LLM's."""
        return True

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Reply to a context; pass everything else on."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        await self.push_frame(LLMFullResponseStartFrame())
        await self.start_ttfb_metrics()
        text = self._reply()
        await self.stop_ttfb_metrics()
        if text:
            await self.push_frame(LLMTextFrame(text))
        await self.push_frame(LLMFullResponseEndFrame())


def no_settings() -> LLMSettings:
    """Settings of a service that has none."""
    return LLMSettings(
        model="scripted",
        system_instruction=None,
        temperature=None,
        max_tokens=None,
        top_p=None,
        top_k=None,
        frequency_penalty=None,
        presence_penalty=None,
        seed=None,
        filter_incomplete_user_turns=False,
        user_turn_completion_config=None,
        extra={},
    )
