"""The LLM is told what to do next, and the conversation's context never is."""

from __future__ import annotations

from pipecat.frames.frames import LLMContextFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.tests.utils import run_test

from processors.directive import DirectiveProcessor


async def test_the_directive_is_the_last_message_of_a_copy() -> None:
    context = LLMContext(messages=[{"role": "user", "content": "Hello."}])
    processor = DirectiveProcessor(directive=lambda: "Ask for the name.")
    down, _ = await run_test(processor, frames_to_send=[LLMContextFrame(context=context)])
    directed = next(frame for frame in down if isinstance(frame, LLMContextFrame)).context
    assert directed.messages == [
        {"role": "user", "content": "Hello."},
        {"role": "system", "content": "Ask for the name."},
    ]
    assert context.messages == [{"role": "user", "content": "Hello."}]


async def test_each_context_gets_the_directive_of_its_own_moment() -> None:
    directives = iter(["first", "second"])
    processor = DirectiveProcessor(directive=lambda: next(directives))
    frames = [LLMContextFrame(context=LLMContext()) for _ in range(2)]
    down, _ = await run_test(processor, frames_to_send=frames)
    contexts = [frame.context for frame in down if isinstance(frame, LLMContextFrame)]
    assert [context.messages[-1]["content"] for context in contexts] == ["first", "second"]  # type: ignore[index]
