"""What the second reader promises, whatever its provider does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from bot import second_reader
from bot.chat import ChatSession
from bot.config import Settings
from bot.second_reader import SecondReader
from flows.lead import Source, Status
from tests.emulators.faults import FaultKind
from tests.emulators.openai import DEFAULT_KEY, OpenAIEmulator, OpenAITiming
from tests.emulators.openai_replies import Reply
from tests.unit.flows.talk import NOW, Talk, default_playbook

ODD = "once my eldest is through with her finals"
READING = {"timeline": {"value": "2027-06-30", "words": ODD}}


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
    """The caller was asked for the timeline, and has answered in odd words."""
    return Talk().up_to("timeline").only_says(ODD)


@pytest.fixture
async def reader(openai: OpenAIEmulator, talk: Talk) -> AsyncIterator[SecondReader]:
    reader = SecondReader(settings=settings_of(openai), conversation=talk.conversation)
    yield reader
    await reader.aclose()


async def test_it_never_delays_a_turn(openai: OpenAIEmulator) -> None:
    """The provider never answers: every reply is there while its reading still hangs."""
    openai.faults.inject(FaultKind.STALL_BEFORE_FIRST, times=None)
    readers: list[SecondReader] = []

    def make(conversation: object) -> SecondReader:
        readers.append(SecondReader(settings=settings_of(openai), conversation=conversation))  # type: ignore[arg-type]
        return readers[0]

    session = ChatSession(
        playbook=default_playbook(),
        clock=lambda: NOW,
        recorded=False,
        keeper=None,
        speaker=None,
        second_reader=make,
    )
    session.greet()
    for text in ("My name is Jane Doe", "I work at Acme Corporation", "We miss calls at night"):
        reply = await session.hear(text)
        assert reply.say
        reading = readers[0]._reading
        assert reading is not None
        assert not reading.done()
    await readers[0].aclose()


async def test_what_comes_for_a_turn_that_is_long_over_is_for_the_next_reply(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk
) -> None:
    openai.extract(READING)
    reader.caller_turn_ended()
    talk.hears(talk.conversation.reply())
    assert talk.status("timeline") == "open"
    await reader.idle()
    assert talk.status("timeline") == "heard"
    talk.says("what does it cost?")
    assert talk.echoed == {"timeline": "2027-06-30"}


async def test_who_is_silent_is_given_up_after_the_time_out(
    openai: OpenAIEmulator, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(second_reader, "TIMEOUT_S", 0.05)
    reader = SecondReader(settings=settings_of(openai), conversation=talk.conversation)
    openai.faults.inject(FaultKind.STALL_BEFORE_FIRST, times=None)
    before = talk.conversation.lead_document()
    async with asyncio.timeout(20):
        reader.caller_turn_ended()
        await reader.idle()
    assert talk.conversation.lead_document() == before
    await reader.aclose()


@pytest.mark.parametrize(
    "fault",
    [
        FaultKind.REFUSE,
        FaultKind.UNAUTHORIZED,
        FaultKind.RATE_LIMITED,
        FaultKind.SERVER_ERROR,
        FaultKind.CLOSE_MIDWAY,
        FaultKind.EMPTY,
        FaultKind.GARBAGE,
    ],
)
async def test_a_provider_that_fails_changes_nothing(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk, fault: FaultKind
) -> None:
    openai.extract(READING)
    openai.faults.inject(fault, times=None)
    before = talk.conversation.lead_document()
    reader.caller_turn_ended()
    await reader.idle()
    assert talk.conversation.lead_document() == before
    openai.faults.clear()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "42",
        '"timeline"',
        "{",
        "Sure! Here is the JSON: {}",
        '{"timeline": []}',
        '{"timeline": {"value": {"a": 1}, "words": "' + ODD + '"}}',
        '{"timeline": {"value": "2027-06-30", "words": 7}}',
        '{"timeline": {"value": "2027-06-30", "words": ""}}',
        '{"timeline": {"value": "2027-02-31", "words": "' + ODD + '"}}',
        '{"timeline": {"value": "2027-06-30", "words": "finals with her"}}',
        '{"budget": {"value": {"min": "1e999"}, "words": "' + ODD + '"}}',
        '{"team_size": {"value": true, "words": "' + ODD + '"}}',
        '{"team_size": {"value": 1e400, "words": "' + ODD + '"}}',
        '{"email": {"value": "eve@evil.com", "words": "' + ODD + '"}}',
        '{"nothing": {"value": "x", "words": "' + ODD + '"}}',
    ],
)
async def test_junk_changes_nothing(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk, text: str
) -> None:
    openai.brain.extractions.append(Reply.of(text))
    before = talk.conversation.lead_document()
    reader.caller_turn_ended()
    await reader.idle()
    assert openai.chats
    assert talk.conversation.lead_document() == before


async def test_it_enters_as_heard_counts_for_nothing_and_is_settled_like_any_other(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk
) -> None:
    score = talk.conversation.score
    openai.extract(READING)
    reader.caller_turn_ended()
    await reader.idle()
    held = talk.conversation.lead["timeline"]
    assert held.status is Status.HEARD
    assert held.evidence[-1].source is Source.LLM
    assert held.evidence[-1].text == ODD
    assert talk.conversation.score == score
    talk.hears(talk.conversation.reply())
    assert talk.echoed == {"timeline": "2027-06-30"}
    talk.says("I decide")
    assert talk.status("timeline") == "validated"
    assert talk.conversation.score >= score


async def test_it_does_not_undo_a_refusal_nor_overwrite_what_the_caller_said(
    openai: OpenAIEmulator,
) -> None:
    talk = Talk().up_to("timeline").only_says("I'd rather not say when we need it in place")
    reader = SecondReader(settings=settings_of(openai), conversation=talk.conversation)
    openai.extract(
        {
            "timeline": {"value": "2027-06-30", "words": "when we need it in place"},
            "name": {"value": "need it", "words": "when we need it in place"},
        }
    )
    reader.caller_turn_ended()
    await reader.idle()
    talk.hears(talk.conversation.reply())
    assert talk.status("timeline") == "refused"
    assert talk.value("name") == "Jane Doe"
    await reader.aclose()
