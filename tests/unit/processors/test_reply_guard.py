"""A caller's turn always gets a reply, and never two."""

from __future__ import annotations

import asyncio
from typing import Any

from pipecat.frames.frames import (
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.tests.utils import run_test

from processors.reply_guard import ReplyGuard


def guard(*, timeout_s: float = 60.0) -> ReplyGuard:
    return ReplyGuard(scripted_reply=lambda: "What is your name?", first_token_timeout_s=timeout_s)


def said(frames: Any) -> list[str]:
    return [frame.text for frame in frames if isinstance(frame, LLMTextFrame)]


async def through(processor: ReplyGuard, *frames: Frame) -> list[str]:
    down, _ = await run_test(processor, frames_to_send=list(frames))
    return said(down)


async def test_an_llm_that_answers_is_left_alone() -> None:
    answer = [LLMFullResponseStartFrame(), LLMTextFrame("Hi."), LLMFullResponseEndFrame()]
    processor = guard()
    assert await through(processor, *answer) == ["Hi."]
    assert processor.generated_text == "Hi."


async def test_an_llm_that_fails_is_replaced_by_the_scripted_reply() -> None:
    answer = [LLMFullResponseStartFrame(), LLMFullResponseEndFrame()]
    assert await through(guard(), *answer) == ["What is your name?"]


async def test_white_space_is_no_answer() -> None:
    answer = [LLMFullResponseStartFrame(), LLMTextFrame(" \n"), LLMFullResponseEndFrame()]
    assert (await through(guard(), *answer))[-1] == "What is your name?"


def by_hand(processor: ReplyGuard) -> list[Frame]:
    """Drive the processor without a pipeline, so that every moment is the test's own."""
    pushed: list[Frame] = []

    async def push(frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM) -> None:
        pushed.append(frame)

    async def cancel(task: asyncio.Task[None], timeout: float | None = None) -> None:
        task.cancel()

    processor.push_frame = push  # type: ignore[method-assign]
    processor.create_task = lambda work, name=None: asyncio.ensure_future(work)  # type: ignore[method-assign,misc,assignment]
    processor.cancel_task = cancel  # type: ignore[method-assign]
    return pushed


async def test_an_interrupted_reply_is_not_replaced() -> None:
    processor = guard()
    pushed = by_hand(processor)
    await processor._begin(LLMFullResponseStartFrame())
    await processor._interrupt()
    await processor._end(LLMFullResponseEndFrame())
    assert said(pushed) == []


async def test_a_stalled_llm_is_replaced_and_what_it_says_later_is_dropped() -> None:
    processor = guard(timeout_s=0.0)
    pushed = by_hand(processor)
    await processor._begin(LLMFullResponseStartFrame())
    deadline = processor._deadline
    assert deadline is not None
    await deadline
    await processor._continue(LLMTextFrame("Late."))
    await processor._end(LLMFullResponseEndFrame())
    assert said(pushed) == ["What is your name?"]
    assert sum(isinstance(frame, LLMFullResponseEndFrame) for frame in pushed) == 1


async def test_an_llm_that_never_reads_back_rightly_is_replaced_at_once() -> None:
    processor = ReplyGuard(
        scripted_reply=lambda: "Let me read that back.",
        first_token_timeout_s=60.0,
        must_be_scripted=lambda: True,
    )
    answer = [
        LLMFullResponseStartFrame(),
        LLMTextFrame("All confirmed!"),
        LLMFullResponseEndFrame(),
    ]
    assert await through(processor, *answer) == ["Let me read that back."]
