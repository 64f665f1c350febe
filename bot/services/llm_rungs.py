"""What a ladder of LLMs stands on: hosted services of Pipecat, and the scripted dialogue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, Final, Protocol

from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMTextFrame,
    MetricsFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService
from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

from bot.services.continuation import ReplyPlan, not_yet_said, sentences_of, what_is_left
from bot.services.hosting import RungFailedError, ServiceHost, failure_of

TOKENS_AT_MOST: Final = 8192
"""Tokens waiting for the ladder: more than an answer may have."""


class LLMRung(Protocol):
    """Who can answer a turn."""

    name: str
    is_scripted: bool

    def answer(
        self, context: LLMContext, plan: ReplyPlan, said: Sequence[str]
    ) -> AsyncGenerator[str, None]:
        """The answer's text as it comes, going on behind the sentences that were `said`.

        Closing it calls the answer off. Raises RungFailedError.
        """


class ScriptedRung:
    """The dialogue's own words: it cannot fail."""

    name = "scripted"
    is_scripted = True

    async def answer(
        self, context: LLMContext, plan: ReplyPlan, said: Sequence[str]
    ) -> AsyncGenerator[str, None]:
        """The plan, or what is left of it."""
        text = what_is_left(plan, said)
        if text:
            yield text


class HostedLLMRung:
    """A Pipecat LLM service, asked for one answer at a time."""

    is_scripted = False

    def __init__(self, name: str, service: LLMService[Any]) -> None:
        """`name` is for the records."""
        self.name = name
        self.host = ServiceHost(service, on_frame=self._take)
        self.on_usage: Callable[[MetricsFrame], None] = lambda _: None
        self._tokens: asyncio.Queue[str | RungFailedError | None] | None = None

    async def answer(
        self, context: LLMContext, plan: ReplyPlan, said: Sequence[str]
    ) -> AsyncGenerator[str, None]:
        """What the service streams. Sentences that it says again are left out."""
        text = self._stream(_continued(context, said))
        if not said:
            async for token in text:
                yield token
            return
        sentences = SimpleTextAggregator()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
        async for token in text:
            async for sentence in sentences.aggregate(token):
                for new in not_yet_said([sentence.text.strip()], said):
                    yield f"{new} "
        for new in not_yet_said(sentences_of(sentences.text.text), said):
            yield new

    async def _stream(self, context: LLMContext) -> AsyncGenerator[str, None]:
        tokens = self._tokens = asyncio.Queue(TOKENS_AT_MOST)
        ended = False
        try:
            await self.host.give(LLMContextFrame(context))
            while True:
                token = await tokens.get()
                if token is None:
                    ended = True
                    return
                if isinstance(token, RungFailedError):
                    raise token
                yield token
        finally:
            if self._tokens is tokens:
                self._tokens = None
            if not ended:
                await self.host.interrupt()

    def _take(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, MetricsFrame):
            self.on_usage(frame)
        elif isinstance(frame, ErrorFrame):
            self._put(failure_of(frame, content_may_be_at_fault=True))
        elif direction is not FrameDirection.DOWNSTREAM:
            return
        elif isinstance(frame, LLMTextFrame):
            self._put(frame.text)
        elif isinstance(frame, LLMFullResponseEndFrame):
            self._put(None)

    def _put(self, token: str | RungFailedError | None) -> None:
        if self._tokens is not None and not self._tokens.full():
            self._tokens.put_nowait(token)


def _continued(context: LLMContext, said: Sequence[str]) -> LLMContext:
    """A snapshot of the context in which the answer has already begun."""
    snapshot = LLMContext(
        messages=[*context.messages], tools=context.tools, tool_choice=context.tool_choice
    )
    if said:
        snapshot.add_message({"role": "assistant", "content": " ".join(said)})
        snapshot.add_message(
            {
                "role": "system",
                "content": "You were cut off there; the person has heard those sentences. Say "
                "only what is missing of this reply, without repeating any of them.",
            }
        )
    return snapshot
