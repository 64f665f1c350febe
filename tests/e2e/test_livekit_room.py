"""Who is in the room: the caller, others, agents, another bot, nobody."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.errors import LeadlineError, UsageError
from bot.transports import check_livekit_room, livekit_token
from tests.e2e.conftest import StartBot
from tests.e2e.participant import participant
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

pytestmark = pytest.mark.e2e
Speech = Callable[[str, int], bytes]
RATE = 48_000


async def test_a_second_person_is_not_the_caller(
    start_bot: StartBot, providers: ProviderRig, livekit_server: LiveKitServer, speech: Speech
) -> None:
    providers.deepgram.say("My name is Jane Doe.")
    async with (
        start_bot(**providers.env()) as bot,
        participant(livekit_server, room=bot.room) as caller,
    ):
        await caller.hears_reply(1)
        async with participant(livekit_server, room=bot.room, identity="colleague") as colleague:
            await colleague.say(speech("I am somebody else.", RATE))
            await caller.say(speech("My name is Jane Doe.", RATE))
            await caller.hears_reply(2)
        await caller.leave()
        record = await bot.record()
    assert [t.text for t in record.turns if t.role == "caller"] == ["My name is Jane Doe."]
    assert record.end_reason == "caller_left"


async def test_an_agent_in_the_room_is_not_the_caller(
    start_bot: StartBot, providers: ProviderRig, livekit_server: LiveKitServer
) -> None:
    async with (
        start_bot(**providers.env(), LEADLINE_NO_CALLER_TIMEOUT_S="3") as bot,
        participant(livekit_server, room=bot.room, identity="transcriber", kind="agent"),
    ):
        record = await bot.record()
    assert record.end_reason == "no_caller"
    assert record.turns == []


async def test_a_caller_who_leaves_in_the_greeting_leaves_a_whole_record(
    start_bot: StartBot, providers: ProviderRig, livekit_server: LiveKitServer
) -> None:
    async with (
        start_bot(**providers.env()) as bot,
        participant(livekit_server, room=bot.room) as caller,
    ):
        await caller.bot_speaks(since=caller.joined_at)
        await caller.leave()
        record = await bot.record()
    assert record.end_reason == "caller_left"
    assert record.ended_at is not None
    assert len(record.turns) <= 1
    assert all(turn.interrupted for turn in record.turns)


async def test_a_caller_who_says_nothing_is_asked_and_let_go(
    start_bot: StartBot, providers: ProviderRig, livekit_server: LiveKitServer
) -> None:
    async with (
        start_bot(**providers.env(), LEADLINE_IDLE_TIMEOUT_S="1") as bot,
        participant(livekit_server, room=bot.room) as caller,
    ):
        await caller.bot_speaks(since=caller.joined_at)
        record = await bot.record(timeout_s=60)
    assert record.end_reason == "caller_left"
    assert [turn.role for turn in record.turns] == ["bot"] * 4
    assert "still there" in record.turns[1].heard_text.lower()


async def test_a_room_where_nobody_comes_is_left(
    start_bot: StartBot, providers: ProviderRig
) -> None:
    async with start_bot(**providers.env(), LEADLINE_NO_CALLER_TIMEOUT_S="1") as bot:
        record = await bot.record()
    assert record.end_reason == "no_caller"
    assert record.turns == []


async def test_the_second_bot_leaves_the_room_to_the_first(
    start_bot: StartBot, providers: ProviderRig, livekit_server: LiveKitServer
) -> None:
    async with (
        start_bot(**providers.env()) as bot,
        participant(livekit_server, room=bot.room) as caller,
    ):
        await caller.bot_speaks(since=caller.joined_at)
        with pytest.raises(LeadlineError, match="already has a Leadline bot"):
            await check_livekit_room(bot.settings, bot.room)
        # Also when both pass the check at the same time: the later one sees the earlier.
        from bot.call import Call
        from bot.playbooks import load_playbook
        from bot.transports import livekit_line

        token = livekit_token(
            bot.settings, room=bot.room, identity="leadline-second", name="Leadline", agent=True
        )
        second = Call(
            settings=bot.settings,
            playbook=load_playbook("b2b-software"),
            line=livekit_line(url=livekit_server.url, token=token, room=bot.room),
            room=bot.room,
            store=None,
        )
        with pytest.raises(LeadlineError, match="already has a Leadline bot"):
            await second.run()
        assert not bot.task.done()


async def test_a_wrong_secret_is_named(start_bot: StartBot, livekit_server: LiveKitServer) -> None:
    from bot.config import load_settings

    settings = load_settings(
        livekit_url=livekit_server.url,
        livekit_api_key=livekit_server.api_key,
        livekit_api_secret="x" * 32,
    )
    with pytest.raises(UsageError, match="LIVEKIT_API_SECRET"):
        await check_livekit_room(settings, "any")


async def test_a_server_that_is_down_is_named() -> None:
    from bot.config import load_settings

    settings = load_settings(
        livekit_url="ws://127.0.0.1:9", livekit_api_key="devkey", livekit_api_secret="x" * 32
    )
    with pytest.raises(LeadlineError, match="does not answer"):
        await check_livekit_room(settings, "any")


async def test_a_call_that_takes_too_long_ends_with_a_goodbye(
    start_bot: StartBot, providers: ProviderRig, livekit_server: LiveKitServer
) -> None:
    async with (
        start_bot(**providers.env(), LEADLINE_MAX_CALL_S="3") as bot,
        participant(livekit_server, room=bot.room) as caller,
    ):
        await caller.bot_speaks(since=caller.joined_at)
        record = await bot.record()
    assert record.end_reason == "max_duration"
    assert "goodbye" in record.turns[-1].heard_text.lower()
    assert not record.turns[-1].interrupted
