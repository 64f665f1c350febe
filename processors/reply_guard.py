"""A caller's turn always gets a reply: where the LLM gives none, the scripted dialogue speaks.

Sits right behind the LLM. Pipecat's LLM services answer a failure with a start and an end and
nothing in between; a stalled one answers with a start and silence. Both are filled here with the
scripted reply to the same turn. What a stalled LLM says afterwards is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor


class ReplyGuard(FrameProcessor):
    """Fills a missing reply, and knows the text that was generated for the last one."""

    def __init__(
        self,
        *,
        scripted_reply: Callable[[], str],
        first_token_timeout_s: float,
        must_be_scripted: Callable[[], bool] = lambda: False,
        **kwargs: Any,
    ) -> None:
        """Guard the LLM in front.

        Args:
            scripted_reply: the reply without an LLM; quick and pure.
            first_token_timeout_s: how long the LLM may take to its first text, in seconds.
            must_be_scripted: whether this reply may not be the LLM's, because it has failed to
                read a value back in the words that count.
            kwargs: passed to Pipecat's FrameProcessor.
        """
        super().__init__(**kwargs)
        self._scripted_reply = scripted_reply
        self._first_token_timeout_s = first_token_timeout_s
        self._must_be_scripted = must_be_scripted
        self._deadline: asyncio.Task[None] | None = None
        self._spoken: list[str] = []
        self._abandoned = False
        self._open = False

    @property
    def generated_text(self) -> str:
        """All text generated for the newest reply, heard or not."""
        return "".join(self._spoken).strip()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Watch the LLM's answer; pass everything else on."""
        await super().process_frame(frame, direction)
        if direction is not FrameDirection.DOWNSTREAM:
            await self.push_frame(frame, direction)
        elif isinstance(frame, LLMFullResponseStartFrame):
            await self._begin(frame)
        elif isinstance(frame, LLMTextFrame):
            await self._continue(frame)
        elif isinstance(frame, LLMFullResponseEndFrame):
            await self._end(frame)
        else:
            if isinstance(frame, InterruptionFrame | EndFrame | CancelFrame):
                await self._interrupt()
            await self.push_frame(frame, direction)

    async def _begin(self, frame: LLMFullResponseStartFrame) -> None:
        await self._stop_waiting()
        self._spoken, self._abandoned, self._open = [], False, True
        await self.push_frame(frame)
        if self._must_be_scripted():
            await self._replace("does not read back what it must")
            return
        self._deadline = self.create_task(self._wait_for_first_token(), "first-token")

    async def _continue(self, frame: LLMTextFrame) -> None:
        if self._abandoned:
            return
        if frame.text.strip():
            await self._stop_waiting()
        self._spoken.append(frame.text)
        await self.push_frame(frame)

    async def _end(self, frame: LLMFullResponseEndFrame) -> None:
        await self._stop_waiting()
        if self._abandoned or not self._open:
            self._abandoned = False
            return
        if not self.generated_text:
            await self._speak_scripted("gave no answer")
        self._open = False
        await self.push_frame(frame)

    async def _interrupt(self) -> None:
        await self._stop_waiting()
        self._open = False

    async def _wait_for_first_token(self) -> None:
        await asyncio.sleep(self._first_token_timeout_s)
        self._deadline = None
        await self._replace(f"said nothing for {self._first_token_timeout_s:.1f} s")

    async def _replace(self, reason: str) -> None:
        """Speak the whole scripted reply, and drop what the LLM still says to this turn."""
        self._abandoned = True
        await self._speak_scripted(reason)
        self._open = False
        await self.push_frame(LLMFullResponseEndFrame())

    async def _speak_scripted(self, reason: str) -> None:
        logger.warning("The LLM {}; the scripted dialogue answers this turn", reason)
        text = self._scripted_reply()
        self._spoken = [text]
        await self.push_frame(LLMTextFrame(text))

    async def _stop_waiting(self) -> None:
        if self._deadline:
            task, self._deadline = self._deadline, None
            await self.cancel_task(task)
