"""Anthropic as a rung, through Pipecat's real client and the API's wire protocol."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pipecat.frames.frames import LLMContextFrame, LLMFullResponseEndFrame
from pipecat.processors.aggregators.llm_context import LLMContext
from pydantic import SecretStr

from bot.config import Settings
from bot.diagnosis.providers import check_anthropic
from bot.problems import Problems
from bot.services.continuation import ReplyPlan
from bot.services.experience import Experience
from bot.services.llm_answer import LLMTerms
from bot.services.llm_clients import anthropic
from bot.services.llm_ladder import LLMLadder
from bot.services.llm_rungs import HostedLLMRung, ScriptedRung
from bot.services.patience import PatiencePolicy
from tests.emulators.anthropic import AnthropicEmulator, AnthropicTiming
from tests.emulators.bench import ServiceBench
from tests.emulators.faults import FaultKind, Point

PLAN = ReplyPlan(text="Nice to meet you. Which company is it?", essential="Which company is it?")
ANSWER = "Nice to meet you. And where do you work these days?"


@pytest.fixture
async def emulator() -> AsyncIterator[AnthropicEmulator]:
    timing = AnthropicTiming(first_token_ms=1, per_token_ms=1)
    async with AnthropicEmulator(timing=timing, fallback=lambda _: ANSWER) as running:
        yield running


class Asked:
    """A ladder with Anthropic above the scripted dialogue, in a pipeline of its own."""

    def __init__(self, emulator: AnthropicEmulator, *, key: str | None = None) -> None:
        self.experience = Experience()
        self.problems = Problems()
        rung = HostedLLMRung("anthropic", anthropic(settings_of(emulator, key), "Be brief."))
        self.ladder = LLMLadder(
            rungs=[rung, ScriptedRung()],
            plan=lambda: PLAN,
            terms=LLMTerms(
                experience=self.experience,
                patience=PatiencePolicy(floor_s=3, ceiling_s=3),
                on_problem=self.problems.add,
                stall_s=0.5,
            ),
        )
        self.bench = ServiceBench(self.ladder)

    async def turn(self, *messages: dict[str, str]) -> str:
        context = LLMContext([{"role": "user", "content": "I am Jane."}, *messages])  # type: ignore[list-item]
        await self.bench.send(LLMContextFrame(context))
        await self.bench.next(LLMFullResponseEndFrame)
        return self.ladder.generated_text

    @property
    def breaker(self) -> Any:
        return self.experience.breakers.of("llm:anthropic")


def settings_of(emulator: AnthropicEmulator, key: str | None = None) -> Settings:
    return Settings(
        ANTHROPIC_API_KEY=SecretStr(key or emulator.api_key),
        ANTHROPIC_BASE_URL=emulator.http_url,
        ANTHROPIC_MODEL="claude-haiku-4-5",
    )


async def test_it_answers_over_its_own_protocol(emulator: AnthropicEmulator) -> None:
    asked = Asked(emulator)
    async with asked.bench:
        assert await asked.turn() == ANSWER
    assert asked.ladder.rung_name == "anthropic"
    body = emulator.requests_of("messages")[0].body
    assert body["model"] == "claude-haiku-4-5"
    assert "Be brief." in str(body["system"])


async def test_a_directive_at_the_tail_is_taken(emulator: AnthropicEmulator) -> None:
    asked = Asked(emulator)
    async with asked.bench:
        directive = {"role": "system", "content": "Ask for the company."}
        assert await asked.turn(directive) == ANSWER
    messages = emulator.requests_of("messages")[0].body["messages"]
    assert "Ask for the company." in str(messages[-1])
    assert asked.problems.records == []


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (FaultKind.REFUSE, {}),
        (FaultKind.RATE_LIMITED, {}),
        (FaultKind.SERVER_ERROR, {}),
        (FaultKind.EMPTY, {}),
        (FaultKind.GARBAGE, {"chunks": 2}),
        (FaultKind.STALL_MIDWAY, {"chunks": 2}),
        (FaultKind.CLOSE_MIDWAY, {"chunks": 2}),
        (FaultKind.CLOSE_MIDWAY, {"chunks": 2, "abrupt": True}),
        (FaultKind.SERVER_ERROR, {"chunks": 2, "point": Point.ANSWER}),
    ],
)
async def test_whatever_goes_wrong_the_turn_is_answered(
    kind: FaultKind, options: dict[str, Any], emulator: AnthropicEmulator
) -> None:
    emulator.faults.inject(kind, **options)
    asked = Asked(emulator)
    async with asked.bench:
        assert await asked.turn() == PLAN.text
        [problem] = asked.problems.records
        assert (problem.service, problem.permanent) == ("llm:anthropic", False)
        assert await asked.turn() == ANSWER, "the next turn begins at the top again"


async def test_an_answer_that_ends_in_good_order_but_too_early_goes_on(
    emulator: AnthropicEmulator,
) -> None:
    emulator.faults.inject(FaultKind.CLOSE_MIDWAY, chunks=6)
    asked = Asked(emulator)
    async with asked.bench:
        assert await asked.turn() == PLAN.text
    assert asked.ladder.rung_name == "scripted"


async def test_a_wrong_key_is_tried_once_and_said_on_the_record(
    emulator: AnthropicEmulator,
) -> None:
    asked = Asked(emulator, key="sk-ant-wrong")
    async with asked.bench:
        assert await asked.turn() == PLAN.text
        assert await asked.turn() == PLAN.text
    assert asked.breaker.is_permanent
    assert len(emulator.requests_of("messages")) == 1
    [problem] = asked.problems.records
    assert problem.model_dump(exclude={"at_s"}) == {
        "service": "llm:anthropic",
        "what": "answered 401 (authentication)",
        "permanent": True,
    }


async def test_a_request_that_is_refused_for_its_content_condemns_nobody(
    emulator: AnthropicEmulator,
) -> None:
    asked = Asked(emulator)
    async with asked.bench:
        assert await asked.turn({"role": "assistant", "content": " "}) in (ANSWER, PLAN.text)
        assert not asked.breaker.is_permanent
        assert await asked.turn() == ANSWER


async def test_the_doctor_asks_it_where_the_call_does(emulator: AnthropicEmulator) -> None:
    assert (await check_anthropic(settings_of(emulator))).usable
    refused = await check_anthropic(settings_of(emulator, "sk-ant-wrong"))
    assert refused.usable is False
    assert "ANTHROPIC_API_KEY" in (refused.remedy or "")
