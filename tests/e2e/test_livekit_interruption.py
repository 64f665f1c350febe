"""The caller barges in: the sound stops, and the bot remembers only what was heard."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.e2e.conftest import PATIENT, StartBot
from tests.e2e.participant import participant
from tests.emulators.rig import ProviderRig
from tests.emulators.speech import tone_burst
from tests.servers.livekit import LiveKitServer

pytestmark = pytest.mark.e2e
Speech = Callable[[str, int], bytes]
RATE = 48_000


async def test_an_interrupted_reply_is_forgotten_where_it_was_cut(
    start_bot: StartBot, providers: ProviderRig, livekit_server: LiveKitServer, speech: Speech
) -> None:
    long_reply = (
        "Our plans start at twenty dollars a user a month, and there is a yearly discount, "
        "and a free trial of fourteen days, and a specialist who can help you to choose."
    )
    # The sound need not be words here, and must not wait for a real voice on a busy machine.
    providers.elevenlabs.synthesise = tone_burst
    providers.openai.reply(long_reply, "Of course, take your time.")
    providers.deepgram.say("What does it cost?", "Stop, please wait a moment.")
    async with (
        start_bot(**providers.env(), **PATIENT) as bot,
        participant(livekit_server, room=bot.room) as caller,
    ):
        await caller.hears_reply(1)
        asked_at = await caller.say(speech("What does it cost?", RATE))
        began_at = await caller.bot_speaks(since=asked_at)
        await caller.until(lambda: time.monotonic() - began_at > 2.0)
        barge_in_at = time.monotonic()
        ended_at = await caller.say(speech("Stop, please wait a moment.", RATE))
        await caller.hears_reply(3)
        await caller.leave()
        record = await bot.record()

    cut, answer = record.turns[2], record.turns[4]
    assert cut.interrupted
    assert cut.text == long_reply
    assert long_reply.startswith(cut.heard_text)
    assert 3 <= len(cut.heard_text.split()) < len(long_reply.split()) // 2
    assert answer.text == "Of course, take your time."
    # The next request to the LLM knows only the words that were heard.
    dialogue = [chat for chat in providers.openai.chats if not chat.is_structured]
    context = dialogue[-1].messages
    spoken = [m["content"] for m in context if m["role"] == "assistant"]
    assert spoken[-1] == cut.heard_text
    # The audible sound ended while the caller was speaking, not with the bot's sentence.
    before_the_end = ended_at - 0.1 * (ended_at - barge_in_at)
    assert not [at for at in caller.loud_at if before_the_end < at < ended_at]


async def test_a_sound_without_words_does_not_silence_the_bot_for_good(
    start_bot: StartBot, providers: ProviderRig, livekit_server: LiveKitServer, speech: Speech
) -> None:
    """Deepgram understands nothing of it: the bot stops, and then goes on by itself."""
    async with (
        start_bot(**providers.env()) as bot,
        participant(livekit_server, room=bot.room) as caller,
    ):
        began_at = await caller.bot_speaks(since=caller.joined_at)
        await caller.until(lambda: time.monotonic() - began_at > 1.0)
        ended_at = await caller.say(speech("Mm, hm, hm.", RATE))
        await caller.bot_is_silent(for_s=0.5)
        await caller.bot_speaks(since=max(ended_at, caller.loud_at[-1]))
        await caller.bot_is_silent()
        await caller.leave()
        record = await bot.record()
    assert record.turns[0].interrupted
    assert record.turns[-1].role == "bot"
    assert "name" in record.turns[-1].heard_text
