"""Whoever of the LLMs fails: one answer to each turn, in full and once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection

from bot.services.breaker import BreakerState
from bot.services.continuation import ReplyPlan
from bot.services.experience import Experience
from bot.services.hosting import RungFailedError
from bot.services.llm_ladder import LLMLadder
from bot.services.llm_rungs import LLMRung, ScriptedRung
from bot.services.patience import PatiencePolicy
from processors.attempt import attempt_of

PLAN = ReplyPlan(
    text="Nice to meet you, Jane. Which company are you with?",
    essential="Which company are you with?",
)
STALL = None
"""In a fake's answer: silence, for good."""


class FakeLLM:
    """Answers what it is told to."""

    is_scripted = False

    def __init__(self, *answer: str | RungFailedError | None, name: str = "fake") -> None:
        self.name = name
        self._answer = answer
        self.asked: list[list[str]] = []
        self.stopped = 0
        self.stalled = asyncio.Event()

    async def answer(
        self, context: LLMContext, plan: ReplyPlan, said: Sequence[str]
    ) -> AsyncGenerator[str, None]:
        self.asked.append(list(said))
        try:
            for token in self._answer:
                if token is STALL:
                    self.stalled.set()
                    await asyncio.Event().wait()
                elif isinstance(token, RungFailedError):
                    raise token
                else:
                    yield token
        finally:
            self.stopped += 1


class Ladder(LLMLadder):
    """Driven by hand."""

    def __init__(
        self, *rungs: LLMRung, scripted: bool = False, experience: Experience | None = None
    ) -> None:
        super().__init__(
            rungs=[*rungs, ScriptedRung()],
            plan=lambda: PLAN,
            experience=experience or Experience(),
            patience=PatiencePolicy(floor_s=0.02, ceiling_s=0.02),
            stall_s=0.02,
            must_be_scripted=lambda: scripted,
        )
        self.pushed: list[Frame] = []

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        self.pushed.append(frame)

    async def turn(self) -> str:
        """One turn; what the voice makes of it: an attempt's unfinished sentence is dropped."""
        self.pushed.clear()
        await self.process_frame(LLMContextFrame(LLMContext()), FrameDirection.DOWNSTREAM)
        assert isinstance(self.pushed[0], LLMFullResponseStartFrame)
        assert isinstance(self.pushed[-1], LLMFullResponseEndFrame)
        assert sum(isinstance(f, LLMFullResponseEndFrame) for f in self.pushed) == 1
        return self.generated_text


def failure(reason: str = "500", *, permanent: bool = False) -> RungFailedError:
    return RungFailedError(reason, permanent=permanent)


async def test_an_llm_that_answers_is_left_alone() -> None:
    ladder = Ladder(FakeLLM("Hi. ", "How are you?"))
    assert await ladder.turn() == "Hi. How are you?"
    assert ladder.rung_name == "fake"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param((failure(),), id="error"),
        pytest.param((STALL,), id="stall before the first token"),
        pytest.param((" ", STALL), id="white space, then nothing"),
        pytest.param((), id="empty"),
        pytest.param((" \n",), id="white space"),
        pytest.param(('{"error":', '"overloaded"}'), id="an error document"),
        pytest.param(("\x00\x01",), id="control characters"),
    ],
)
async def test_a_turn_that_gets_no_answer_is_answered_by_the_next_rung(
    answer: tuple[str | RungFailedError | None, ...],
) -> None:
    ladder = Ladder(FakeLLM(*answer))
    assert await ladder.turn() == PLAN.text
    assert ladder.rung_name == "scripted"


async def test_the_turn_is_asked_of_every_rung_in_order() -> None:
    first, second = FakeLLM(failure(), name="first"), FakeLLM("Hello there.", name="second")
    ladder = Ladder(first, second)
    assert await ladder.turn() == "Hello there."
    assert ladder.rung_name == "second"
    assert (first.stopped, second.stopped) == (1, 1)


@pytest.mark.parametrize("end", [failure("closed"), STALL, "\x07"])
async def test_an_answer_that_breaks_off_goes_on_and_repeats_nothing(
    end: str | RungFailedError | None,
) -> None:
    ladder = Ladder(FakeLLM("Nice to meet you, Jane. Whi", "ch comp", end))
    assert await ladder.turn() == PLAN.text
    # The voice drops what the first attempt left unfinished: the rest is another attempt's.
    attempts = [attempt_of(f) for f in ladder.pushed if isinstance(f, LLMTextFrame)]
    assert attempts[0] is not attempts[-1]


async def test_the_next_llm_is_told_what_was_said() -> None:
    second = FakeLLM("And you?", name="second")
    ladder = Ladder(FakeLLM("I am fine. An", failure(), name="first"), second)
    assert await ladder.turn() == "I am fine. And you?"
    assert second.asked == [["I am fine."]]


async def test_a_reply_that_must_be_scripted_asks_nobody() -> None:
    llm = FakeLLM("All confirmed!")
    assert await Ladder(llm, scripted=True).turn() == PLAN.text
    assert llm.asked == []


async def test_who_fails_again_and_again_is_left_alone() -> None:
    llm, experience = FakeLLM(failure()), Experience()
    ladder = Ladder(llm, experience=experience)
    for _ in range(5):
        assert await ladder.turn() == PLAN.text
    assert len(llm.asked) == 3
    assert experience.breakers.of("llm:fake").state is BreakerState.OPEN


async def test_a_wrong_key_is_tried_once() -> None:
    llm = FakeLLM(failure("401", permanent=True))
    ladder = Ladder(llm)
    await ladder.turn()
    await ladder.turn()
    assert len(llm.asked) == 1


async def test_an_interrupted_answer_is_called_off_and_nothing_takes_its_place() -> None:
    llm = FakeLLM("Nice. To", STALL)
    ladder = Ladder(llm)
    ladder._stall_s = 60
    turn = asyncio.create_task(ladder.turn())
    await llm.stalled.wait()
    turn.cancel()
    await asyncio.gather(turn, return_exceptions=True)
    assert llm.stopped == 1
    assert not any(isinstance(f, LLMFullResponseEndFrame) for f in ladder.pushed)


def test_a_ladder_without_ground_is_refused() -> None:
    with pytest.raises(ValueError, match="last rung"):
        LLMLadder(
            rungs=[FakeLLM()],
            plan=lambda: PLAN,
            experience=Experience(),
            patience=PatiencePolicy(floor_s=1, ceiling_s=1),
        )
