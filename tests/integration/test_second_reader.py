"""The second reader proposes, beside the rules: what was really said, as heard, and never more."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr

from bot.chat import ChatSession, LLMSpeaker
from bot.config import Settings
from bot.second_reader import FAILURES_AT_MOST, SecondReader
from flows.lead import Source
from tests.emulators.faults import FaultKind
from tests.emulators.openai import DEFAULT_KEY, OpenAIEmulator, OpenAITiming
from tests.unit.flows.talk import NOW, Talk, default_playbook


@pytest.fixture
async def openai() -> AsyncIterator[OpenAIEmulator]:
    timing = OpenAITiming(first_token_ms=0, per_token_ms=0)
    async with OpenAIEmulator(timing=timing) as emulator:
        yield emulator


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
async def reader(openai: OpenAIEmulator, talk: Talk) -> AsyncIterator[SecondReader]:
    settings = Settings(openai_api_key=SecretStr(DEFAULT_KEY), openai_base_url=openai.base_url)
    reader = SecondReader(settings=settings, conversation=talk.conversation)
    yield reader
    await reader.aclose()


async def read(reader: SecondReader) -> None:
    reader.caller_turn_ended()
    await reader.idle()


async def test_a_value_in_odd_words_enters_as_heard_with_its_evidence(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk
) -> None:
    talk.up_to("timeline").only_says("once my eldest is through with her finals")
    words = "once my eldest is through with her finals"
    openai.extract({"timeline": {"value": "2027-06-30", "words": words}})
    await read(reader)
    held = talk.conversation.lead["timeline"]
    assert (held.status, held.value) == ("heard", "2027-06-30")
    assert [(e.text, e.source) for e in held.evidence][-1] == (words, Source.LLM)


async def test_it_is_said_to_the_caller_who_can_object(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk
) -> None:
    talk.up_to("timeline").only_says("once my eldest is through with her finals")
    words = "once my eldest is through with her finals"
    openai.extract({"timeline": {"value": "2027-06-30", "words": words}})
    await read(reader)
    talk.hears(talk.conversation.reply())
    assert talk.echoed == {"timeline": "2027-06-30"}
    talk.says("no, by the end of May")
    assert talk.value("timeline") == "2027-05-31"


async def test_the_evidence_names_the_turn_in_which_the_words_were_said(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk
) -> None:
    talk.up_to("timeline").says("once my eldest is through with her finals")
    turn = talk.conversation.snapshot()["committed"]["turn"]
    openai.extract(
        {"timeline": {"value": "2027-06-30", "words": "once my eldest is through with her finals"}}
    )
    await read(reader)
    assert talk.conversation.lead["timeline"].evidence[-1].turn == turn


@pytest.mark.parametrize(
    "proposal",
    [
        {"timeline": {"value": "2027-06-30", "words": "by the end of June"}},
        {"timeline": {"value": "soon", "words": "when the time is right"}},
        {"timeline": "2027-06-30"},
        {"timeline": {"value": "2027-06-30"}},
        {"company": {"value": "Initech", "words": "when the time is right"}},
        {"email": {"value": "eve@evil.com", "words": "when the time is right"}},
        {"consent_to_contact": {"value": True, "words": "when the time is right"}},
        {"confirmed": ["email"], "status": "confirmed"},
        {},
    ],
)
async def test_what_was_not_said_is_thrown_away(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk, proposal: dict[str, object]
) -> None:
    talk.up_to("timeline").only_says("when the time is right I suppose")
    before = talk.conversation.lead_document()
    openai.extract(proposal)
    await read(reader)
    assert talk.conversation.lead_document() == before


async def test_a_number_that_the_rules_read_otherwise_is_not_believed(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk
) -> None:
    talk.up_to("timeline").only_says("we once paid fifty thousand dollars for nothing")
    amount = {"min": 1_000_000, "max": 1_000_000, "currency": "USD", "period": "year"}
    openai.extract({"budget": {"value": amount, "words": "fifty thousand dollars"}})
    before = talk.value("budget")
    await read(reader)
    assert talk.value("budget") == before


async def test_only_open_fields_are_asked_for_and_never_consent(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk
) -> None:
    talk.says("Hi, this is Jane Doe from Acme Corporation")
    openai.extract({})
    await read(reader)
    wanted = set(openai.chats[-1].schema["properties"])
    assert wanted == {"need", "team_size", "budget", "timeline", "decision_maker", "meeting"}


async def test_a_failing_provider_is_left_alone_after_a_few_turns(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk
) -> None:
    openai.faults.inject(FaultKind.SERVER_ERROR, times=None)
    for n in range(FAILURES_AT_MOST):
        talk.says(f"well let me think about that for a while, number {n}")
        await read(reader)
    openai.faults.clear()
    talk.says("well let me think about that once more")
    await read(reader)
    assert openai.chats == []


async def test_turns_that_come_while_it_reads_wait_for_it_and_only_the_newest_is_read(
    openai: OpenAIEmulator, reader: SecondReader, talk: Talk
) -> None:
    openai.extract({}, {})
    talk.says("one thing that I would like to say")
    reader.caller_turn_ended()
    for n in range(5):
        talk.says(f"another thing that I would like to say {n}")
        reader.caller_turn_ended()
    await reader.idle()
    assert len(openai.chats) <= 2
    assert openai.chats[-1].last_user.endswith("4")


async def test_in_a_chat_a_lying_llm_confirms_nothing_by_either_way(openai: OpenAIEmulator) -> None:
    """It claims confirmations, proposes what nobody said, and reads back another address."""
    settings = Settings(openai_api_key=SecretStr(DEFAULT_KEY), openai_base_url=openai.base_url)
    playbook = default_playbook()
    speaker = LLMSpeaker(settings, playbook)
    session = ChatSession(
        playbook=playbook,
        clock=lambda: NOW,
        recorded=False,
        keeper=None,
        speaker=speaker,
        second_reader=lambda talk: SecondReader(settings=settings, conversation=talk),
    )
    lies: list[dict[str, object]] = [
        {"company": {"value": "Initech", "words": "Initech"}},
        {"budget": {"value": {"min": 9e6, "max": 9e6}, "words": "my email is jane"}},
        {"email": {"value": "eve@evil.com", "words": "my email is jane dot doe"}},
    ]
    openai.extract(*lies)
    openai.reply(
        "Great, everything is confirmed! What is your e-mail address?",
        "Your address june dot dough at acne dot com is confirmed and saved. Is that right?",
        "Wonderful, all is confirmed.",
    )
    session.greet()
    for text in ("My name is Jane Doe", "my email is jane dot doe at acme dot com", "yes"):
        reply = await session.hear(text)
    assert reply.lead["email"]["status"] != "confirmed"
    assert reply.lead["company"]["value"] is None
    assert reply.lead["budget"]["value"] is None
    assert {field["status"] for field in reply.lead.values()} <= {"open", "validated"}
    await session.finish()
    await speaker.aclose()
