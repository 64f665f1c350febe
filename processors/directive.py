"""Puts one directive at the tail of the context, just before the LLM answers.

Every way a turn can run (normal, speculative, empty, typed) ends in a context frame, so this is
the one place that covers them all. The directive goes onto a copy: the conversation's own context
stays what was really said, and its prefix stays the same for the provider's prompt cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipecat.frames.frames import Frame, LLMContextFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor


class DirectiveProcessor(FrameProcessor):
    """Adds what the next reply must do to each context on its way to the LLM."""

    def __init__(self, *, directive: Callable[[], str], **kwargs: Any) -> None:
        """`directive` gives the text for the caller's newest words; it must be quick and pure."""
        super().__init__(**kwargs)
        self._directive = directive

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Replace a context frame's context by a copy with the directive; pass the rest on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame) and direction is FrameDirection.DOWNSTREAM:
            frame.context = with_directive(frame.context, self._directive())
        await self.push_frame(frame, direction)


def with_directive(context: LLMContext, text: str) -> LLMContext:
    """A copy of the context whose last message is the directive."""
    directed = LLMContext(
        messages=[*context.messages], tools=context.tools, tool_choice=context.tool_choice
    )
    directed.add_message({"role": "system", "content": text})
    return directed
