"""An LLM speaks; it can neither confirm nor change a value, and its failure costs no turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import pytest
from pydantic import SecretStr

from bot.chat import ChatSession, LLMSpeaker, Reply
from bot.config import Settings
from flows.prompt import system_prompt
from tests.emulators.faults import Fault, FaultKind
from tests.emulators.openai import DEFAULT_KEY, OpenAIEmulator, OpenAITiming
from tests.unit.flows.talk import NOW, default_playbook


@pytest.fixture
async def openai() -> AsyncIterator[OpenAIEmulator]:
    timing = OpenAITiming(first_token_ms=0, per_token_ms=0)
    async with OpenAIEmulator(timing=timing) as emulator:
        yield emulator


@pytest.fixture
async def session(openai: OpenAIEmulator) -> AsyncIterator[ChatSession]:
    settings = Settings(openai_api_key=SecretStr(DEFAULT_KEY), openai_base_url=openai.base_url)

    def clock() -> datetime:
        return NOW

    speaker = LLMSpeaker(settings, default_playbook())
    yield ChatSession(
        playbook=default_playbook(),
        clock=clock,
        recorded=False,
        keeper=None,
        speaker=speaker,
    )
    await speaker.aclose()


async def greeted(session: ChatSession) -> ChatSession:
    session.greet()
    return session


def status(reply: Reply) -> str:
    return str(reply.lead["email"]["status"])


async def test_the_llm_speaks_with_the_directive_at_the_tail(
    openai: OpenAIEmulator, session: ChatSession
) -> None:
    openai.reply("Lovely to meet you, Jane Doe! Which company are you with?")
    reply = await (await greeted(session)).hear("My name is Jane Doe")
    assert reply.say == "Lovely to meet you, Jane Doe! Which company are you with?"
    assert reply.ask == "company"
    assert reply.echo == {"name": "Jane Doe"}
    sent = openai.chats[-1]
    assert sent.messages[0]["content"] == system_prompt(default_playbook())
    assert sent.messages[-1]["role"] == "system"
    assert "ask only this: Which company are you with?" in sent.messages[-1]["content"]
    assert sent.body["temperature"] == 0.3
    assert sent.body["max_tokens"] == 300


async def test_a_claimed_confirmation_confirms_nothing_and_the_rules_read_back_next(
    openai: OpenAIEmulator, session: ChatSession
) -> None:
    openai.reply("Great, your e-mail is confirmed! What's a good phone number to reach you?")
    await greeted(session)
    first = await session.hear("My email is jane dot doe at acme dot com")
    assert first.readback is None
    second = await session.hear("yes")
    assert status(second) == "validated"
    assert second.readback == {"email": "jane.doe@acme.com"}
    openai.reply("Wonderful.")
    assert status(await session.hear("yes")) == "confirmed"


async def test_a_wrong_value_read_back_is_reported_as_said_and_confirms_nothing(
    openai: OpenAIEmulator, session: ChatSession
) -> None:
    openai.reply("So that's june at acme dot com, right?")
    await greeted(session)
    first = await session.hear("My email is jane dot doe at acme dot com")
    assert first.readback == {"email": "june@acme.com"}
    second = await session.hear("yes")
    assert status(second) == "validated"
    assert second.lead["email"]["value"] == "jane.doe@acme.com"


@pytest.mark.parametrize("kind", [FaultKind.SERVER_ERROR, FaultKind.UNAUTHORIZED])
async def test_when_the_llm_fails_the_rules_answer_the_same_turn(
    openai: OpenAIEmulator, session: ChatSession, kind: FaultKind
) -> None:
    openai.faults.add(Fault(kind=kind, times=None))
    reply = await (await greeted(session)).hear("My name is Jane Doe")
    assert reply.say == "Nice to meet you, Jane Doe. Which company are you with?"
