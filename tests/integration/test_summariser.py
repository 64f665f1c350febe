"""The summary by an LLM: never late for anybody, never untrue, never at the price of the lead."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from bot.chat import ChatSession
from bot.config import Settings
from bot.records import CallRecord, LeadRecord, TurnRecord
from bot.summariser import Summariser
from tests.emulators.faults import FaultKind
from tests.emulators.openai import DEFAULT_KEY, OpenAIEmulator, OpenAITiming
from tests.unit.flows.talk import ANSWERS, NOW, Talk, default_playbook

TRUE = {
    "summary": "Jane Doe from Acme Corporation wants to answer every call that comes in at night. "
    "The budget is fifty thousand dollars a year.",
    "next_action": "Prepare the meeting with Jane Doe on Thursday at 2 PM.",
}


@pytest.fixture
async def openai() -> AsyncIterator[OpenAIEmulator]:
    timing = OpenAITiming(first_token_ms=0, per_token_ms=0)
    async with OpenAIEmulator(timing=timing) as emulator:
        yield emulator


def settings_of(openai: OpenAIEmulator) -> Settings:
    return Settings(
        _env_file=None,
        openai_api_key=SecretStr(DEFAULT_KEY),
        openai_base_url=openai.base_url,
    )


@pytest.fixture
def talk() -> Talk:
    """A conversation that is over, with every field answered."""
    talk = Talk()
    while not talk.conversation.done:
        talk.says("yes" if talk.read_back else ANSWERS.get(str(talk.asked), "no, that's all"))
    return talk


@pytest.fixture
async def summariser(openai: OpenAIEmulator, talk: Talk) -> AsyncIterator[Summariser]:
    summariser = Summariser(settings=settings_of(openai), conversation=talk.conversation)
    yield summariser
    await summariser.aclose()


async def test_what_is_true_is_taken(openai: OpenAIEmulator, summariser: Summariser) -> None:
    openai.extract(TRUE)
    summariser.begin()
    written = await summariser.result()
    assert written is not None
    assert (written.summary, written.next_action) == (TRUE["summary"], TRUE["next_action"])


async def test_what_is_invented_is_not_and_the_other_text_stays(
    openai: OpenAIEmulator, summariser: Summariser, talk: Talk
) -> None:
    openai.extract(TRUE | {"summary": "Jane Doe has a confirmed budget of $500,000."})
    summariser.begin()
    written = await summariser.result()
    assert written is not None
    assert written.summary == talk.conversation.summary
    assert written.next_action == TRUE["next_action"]
    assert written.refused == ("summary: an amount",)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"summary": None, "next_action": 7},
        {"summary": ["x"], "next_action": {}},
        {"name": {"value": "Eve", "words": "Eve"}},
        {"summary": "Eve decides.", "next_action": "Send Eve the contract."},
    ],
)
async def test_what_is_no_summary_leaves_the_template(
    openai: OpenAIEmulator, summariser: Summariser, answer: dict[str, Any]
) -> None:
    openai.extract(answer)
    summariser.begin()
    assert await summariser.result() is None


@pytest.mark.parametrize(
    "fault",
    [
        FaultKind.SERVER_ERROR,
        FaultKind.RATE_LIMITED,
        FaultKind.UNAUTHORIZED,
        FaultKind.GARBAGE,
        FaultKind.EMPTY,
        FaultKind.CLOSE_MIDWAY,
    ],
)
async def test_a_provider_that_fails_leaves_the_template(
    openai: OpenAIEmulator, summariser: Summariser, fault: FaultKind
) -> None:
    openai.extract(TRUE)
    openai.faults.inject(fault, times=None)
    summariser.begin()
    assert await summariser.result() is None


async def test_who_is_late_is_not_waited_for(
    openai: OpenAIEmulator, summariser: Summariser
) -> None:
    openai.extract(TRUE)
    openai.faults.inject(FaultKind.STALL_BEFORE_FIRST, times=None)
    summariser.begin()
    assert await summariser.result(wait_s=0) is None
    assert summariser.pending
    await summariser.aclose()
    assert not summariser.pending


async def test_it_is_compared_with_the_lead_as_it_is_when_it_arrives(
    openai: OpenAIEmulator, summariser: Summariser, talk: Talk
) -> None:
    openai.extract(TRUE)
    summariser.begin()
    assert await summariser.result() is not None
    talk.conversation.caller_said("Actually, remove me from your list")
    assert await summariser.result() is None


async def test_a_caller_who_wants_no_contact_is_summed_up_by_nobody_else(
    openai: OpenAIEmulator,
) -> None:
    talk = Talk().up_to("email").says("Remove me from your list")
    summariser = Summariser(settings=settings_of(openai), conversation=talk.conversation)
    summariser.begin()
    assert await summariser.result() is None
    assert openai.chats == []
    await summariser.aclose()


async def test_the_llm_sees_settled_values_and_never_what_was_only_heard(
    openai: OpenAIEmulator,
) -> None:
    talk = Talk().up_to("timeline").only_says("once my eldest is through with her finals")
    talk.conversation.propose("timeline", "2027-06-30", "through with her finals")
    summariser = Summariser(settings=settings_of(openai), conversation=talk.conversation)
    openai.extract(TRUE)
    summariser.begin()
    await summariser.result()
    shown = json.loads(openai.chats[-1].last_user)
    values = {field["field"]: field.get("value") for field in shown["fields"]}
    assert values["full name"] == "Jane Doe"
    assert values["timeline"] is None
    await summariser.aclose()


class Kept:
    """Where a chat is kept: what was written, in order."""

    def __init__(self) -> None:
        self.finished: list[LeadRecord] = []
        self.waiting_when_first_kept: bool | None = None

    def start(self, call: CallRecord, lead: LeadRecord) -> None: ...

    def turn(self, turn: TurnRecord, lead: LeadRecord | None = None) -> None: ...

    async def finish(self, call: CallRecord, lead: LeadRecord) -> bool:
        self.finished.append(lead)
        return True


async def chat_with(openai: OpenAIEmulator) -> Kept:
    kept = Kept()
    session = ChatSession(
        playbook=default_playbook(),
        clock=lambda: NOW,
        recorded=False,
        keeper=kept,
        speaker=None,
        summariser=lambda talk: Summariser(settings=settings_of(openai), conversation=talk),
    )
    reply = session.greet()
    while not reply.done:
        answer = "yes" if reply.readback else ANSWERS.get(str(reply.ask), "no, that's all")
        reply = await session.hear(answer)
    await session.finish()
    return kept


async def test_in_a_chat_the_template_is_kept_first_and_the_llms_words_follow(
    openai: OpenAIEmulator,
) -> None:
    openai.extract(TRUE)
    kept = await chat_with(openai)
    assert [lead.summary for lead in kept.finished][1:] == [TRUE["summary"]]
    assert kept.finished[0].summary.startswith("Full name: Jane Doe")


async def test_in_a_chat_a_provider_that_is_down_costs_nothing(openai: OpenAIEmulator) -> None:
    openai.faults.inject(FaultKind.SERVER_ERROR, times=None)
    kept = await chat_with(openai)
    assert [lead.summary[:19] for lead in kept.finished] == ["Full name: Jane Doe"]
