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

from bot.services.breaker import Breakers, BreakerState
from bot.services.bulkhead import QUEUE_S, Bulkheads
from bot.services.continuation import ReplyPlan
from bot.services.experience import Experience
from bot.services.hosting import RungFailedError
from bot.services.llm_answer import SENTENCE_S, LLMTerms
from bot.services.llm_ladder import LLMLadder
from bot.services.llm_rungs import LLMRung, ScriptedRung
from bot.services.patience import PatiencePolicy
from bot.services.turn_budget import TurnBudget
from processors.attempt import attempt_of
from tests.virtual_time import now

PLAN = ReplyPlan(
    text="Nice to meet you, Jane. Which company are you with?",
    essential="Which company are you with?",
)
STALL = None
"""In a fake's answer: silence, for good."""


FLOOR_S, CEILING_S = 1.0, 1.3


class FakeLLM:
    """Answers what it is told to; a number is a pause in seconds."""

    is_scripted = False

    def __init__(self, *answer: str | float | RungFailedError | None, name: str = "fake") -> None:
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
                elif isinstance(token, float):
                    await asyncio.sleep(token)
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
            terms=LLMTerms(
                experience=experience or Experience(breakers=Breakers(clock=now)),
                patience=PatiencePolicy(floor_s=FLOOR_S, ceiling_s=CEILING_S),
                budget=TurnBudget(clock=now),
                on_problem=lambda service, failure: self.problems.append((service, failure.what)),
            ),
            must_be_scripted=lambda: scripted,
            clock=now,
        )
        self.pushed: list[Frame] = []
        self.heard_at: list[float] = []
        self.problems: list[tuple[str, str]] = []

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        self.pushed.append(frame)
        if isinstance(frame, LLMTextFrame):
            self.heard_at.append(now())

    async def turn(self) -> str:
        """One turn; what the voice makes of it: an attempt's unfinished sentence is dropped."""
        self.pushed.clear()
        self.heard_at.clear()
        self.asked_at = now()
        await self.process_frame(LLMContextFrame(LLMContext()), FrameDirection.DOWNSTREAM)
        assert isinstance(self.pushed[0], LLMFullResponseStartFrame)
        assert isinstance(self.pushed[-1], LLMFullResponseEndFrame)
        assert sum(isinstance(f, LLMFullResponseEndFrame) for f in self.pushed) == 1
        return self.generated_text

    @property
    def first_token_after_s(self) -> float:
        """From the question to the first text that the voice got."""
        return round(self.heard_at[0] - self.asked_at, 3)


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
    llm, experience = FakeLLM(failure()), Experience(breakers=Breakers(clock=now))
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
            terms=LLMTerms(
                experience=Experience(), patience=PatiencePolicy(floor_s=1, ceiling_s=1)
            ),
        )


# --- how long it takes ------------------------------------------------------------------------


async def test_an_llm_that_says_nothing_costs_its_time_out_and_no_more() -> None:
    ladder = Ladder(FakeLLM(STALL))
    assert await ladder.turn() == PLAN.text
    assert ladder.first_token_after_s == FLOOR_S


async def test_the_next_llm_is_asked_at_half_the_time_out_and_held_until_it_is_over() -> None:
    second = FakeLLM(0.35, "Hello ", 0.02, "there.", name="second")
    ladder = Ladder(FakeLLM(STALL, name="first"), second)
    assert await ladder.turn() == "Hello there."
    assert ladder.first_token_after_s == FLOOR_S
    assert second.asked == [[]]


async def test_a_held_answer_is_called_off_when_the_first_one_comes_in_time() -> None:
    experience = Experience(breakers=Breakers(clock=now))
    second = FakeLLM("Nothing of this.", name="second")
    ladder = Ladder(FakeLLM(0.9, "In time."), second, experience=experience)
    assert await ladder.turn() == "In time."
    assert (ladder.first_token_after_s, second.stopped) == (0.9, 1)
    assert (ladder.rung_name, ladder.problems) == ("fake", [])
    texts = [frame.text for frame in ladder.pushed if isinstance(frame, LLMTextFrame)]
    assert texts == ["In time."]


async def test_an_answer_in_good_time_asks_nobody_else() -> None:
    second = FakeLLM("Hello.", name="second")
    await Ladder(FakeLLM(0.4, "Here I am."), second).turn()
    assert second.asked == []


async def test_a_late_answer_is_taken_as_long_as_nobody_else_has_one() -> None:
    ladder = Ladder(FakeLLM(1.1, "Late, but here."), FakeLLM(STALL, name="second"))
    assert await ladder.turn() == "Late, but here."
    assert ladder.first_token_after_s == 1.1
    assert ladder.problems == []


async def test_several_silent_llms_share_one_turns_time() -> None:
    ladder = Ladder(*(FakeLLM(STALL, name=name) for name in ("first", "second", "third")))
    assert await ladder.turn() == PLAN.text
    assert ladder.first_token_after_s <= CEILING_S + 0.4


async def test_who_refuses_is_followed_at_once() -> None:
    ladder = Ladder(FakeLLM(failure()), FakeLLM(0.35, "Hello.", name="second"))
    await ladder.turn()
    assert ladder.first_token_after_s == 0.35


async def test_an_answer_that_falls_silent_goes_on_after_the_stall() -> None:
    second = FakeLLM(0.35, "And you?", name="second")
    ladder = Ladder(FakeLLM(0.3, "I am fine. An", STALL, name="first"), second)
    assert await ladder.turn() == "I am fine. And you?"
    assert round(ladder.heard_at[-1] - ladder.heard_at[0], 3) == 0.8


async def test_an_answer_that_falters_and_goes_on_is_left_alone() -> None:
    second = FakeLLM(STALL, name="second")
    falters = FakeLLM("I am ", 0.55, "fine, ", 0.55, "thank you.", name="first")
    ladder = Ladder(falters, second)
    assert await ladder.turn() == "I am fine, thank you."
    assert len(second.asked) == 1, "it is asked once in a turn, however often the first falters"


async def test_an_answer_that_only_drips_is_left_before_its_first_sentence_is_whole() -> None:
    dripping = FakeLLM("Nice ", 0.6, "to ", 0.6, "meet ", 0.6, "you ", 0.6, "Jane")
    ladder = Ladder(dripping)
    assert await ladder.turn() == PLAN.text
    assert ladder.problems == [("llm:fake", "answers too slowly")]
    assert ladder.heard_at[-1] - ladder.asked_at <= SENTENCE_S + 0.6


async def test_a_sentence_that_drips_behind_others_has_the_time_in_which_they_are_played() -> None:
    answer = ("Nice to meet you, Jane. ", 0.7, "Which ", 0.7, "company ", 0.7, "is it?")
    ladder = Ladder(FakeLLM(*answer))
    assert await ladder.turn() == "Nice to meet you, Jane. Which company is it?"
    assert ladder.problems == []


async def test_the_time_out_follows_what_the_llm_usually_takes() -> None:
    quick = FakeLLM(0.8, "Hello.")
    ladder = Ladder(quick)
    for _ in range(8):
        await ladder.turn()
    quick._answer = (STALL,)
    await ladder.turn()
    assert ladder.first_token_after_s == 1.2, "1.5 times the p99, between floor and ceiling"


async def test_who_was_left_alone_is_probed_beside_the_call_and_costs_nobody_time() -> None:
    llm = FakeLLM(failure())
    ladder = Ladder(llm)
    for _ in range(3):
        await ladder.turn()
    await asyncio.sleep(10)
    llm._answer = (0.35, "I am back.")
    assert await ladder.turn() == PLAN.text
    assert ladder.first_token_after_s == 0
    await asyncio.sleep(1)
    assert await ladder.turn() == "I am back."


async def test_a_probe_that_fails_keeps_the_llm_out() -> None:
    llm = FakeLLM(failure())
    ladder = Ladder(llm)
    for _ in range(3):
        await ladder.turn()
    await asyncio.sleep(10)
    llm._answer = (STALL,)
    for _ in range(3):
        assert await ladder.turn() == PLAN.text
        assert ladder.first_token_after_s == 0
        await asyncio.sleep(2)
    assert len(llm.asked) == 4


async def test_each_failure_is_told_for_the_record() -> None:
    ladder = Ladder(
        FakeLLM(RungFailedError("quotes a key", what="answered 500 (server)"), name="first"),
        FakeLLM(STALL, name="second"),
    )
    await ladder.turn()
    assert ladder.problems == [
        ("llm:first", "answered 500 (server)"),
        ("llm:second", "said nothing for 1.0 s"),
    ]


async def test_when_all_places_are_taken_the_next_rung_answers_and_nobody_is_blamed() -> None:
    experience = Experience(breakers=Breakers(clock=now), bulkheads=Bulkheads(1))
    ladder = Ladder(FakeLLM("Hello."), experience=experience)
    async with experience.bulkheads.of("llm:fake").place():
        for _ in range(4):
            assert await ladder.turn() == PLAN.text
            assert ladder.first_token_after_s == QUEUE_S
    assert experience.breakers.of("llm:fake").is_closed
    assert await ladder.turn() == "Hello."


async def test_with_nobody_hosted_below_an_error_at_once_is_asked_once_more() -> None:
    class Unlucky(FakeLLM):
        async def answer(
            self, context: LLMContext, plan: ReplyPlan, said: Sequence[str]
        ) -> AsyncGenerator[str, None]:
            self.asked.append(list(said))
            if len(self.asked) == 1:
                raise RungFailedError("500", may_pass=True)
            yield "Here I am."

    llm = Unlucky()
    ladder = Ladder(llm)
    ladder._terms.retries_once = True
    assert await ladder.turn() == "Here I am."
    assert 0 < ladder.first_token_after_s <= 0.1
    assert ladder.problems == []


@pytest.mark.parametrize(
    ("answer", "asked"),
    [
        pytest.param((RungFailedError("500", may_pass=True),), 2, id="again, and no third time"),
        pytest.param((RungFailedError("429"),), 1, id="a limit was hit"),
        pytest.param((0.3, RungFailedError("500", may_pass=True)), 1, id="too late"),
        pytest.param(("Hi", RungFailedError("500", may_pass=True)), 1, id="it had begun"),
    ],
)
async def test_a_retry_is_made_only_where_it_can_still_be_in_time(
    answer: tuple[str | float | RungFailedError, ...], asked: int
) -> None:
    llm = FakeLLM(*answer)
    ladder = Ladder(llm)
    ladder._terms.retries_once = True
    assert await ladder.turn() == PLAN.text
    assert len(llm.asked) == asked
