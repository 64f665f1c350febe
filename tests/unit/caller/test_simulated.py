"""The simulated caller speaks when the bot is silent, and says what was asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import numpy as np
import pytest

from bot.caller.bot_words import BotWords
from bot.caller.endpointing import Endpointer
from bot.caller.peer import FRAME_BYTES, Recording
from bot.caller.simulated import CallReport, SimulatedCaller
from tests.unit.caller.people import DANIEL
from tests.unit.web.story import Message, rtvi

LOUD = (8000 * np.sin(np.arange(FRAME_BYTES // 2) / 20)).astype(np.int16).tobytes()
QUIET = bytes(FRAME_BYTES)


class ScriptedBot:
    """A line with a bot that says its next line whenever the caller has spoken."""

    def __init__(self, *lines: str, with_words: bool = True) -> None:
        self.recording = Recording()
        self.heard: list[str] = []
        self.closed = False
        self._lines = iter(lines)
        self._with_words = with_words
        self._sound: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self._segment = 0

    async def connect(self) -> None:
        self._speak_next()

    async def play(self, pcm: bytes) -> None:
        self.heard.append(pcm.decode())
        self._speak_next()

    async def sound(self) -> AsyncIterator[bytes]:
        while (frame := await self._sound.get()) is not None:
            yield frame
            await asyncio.sleep(0)  # The words arrive beside the sound.

    async def messages(self) -> AsyncIterator[Message]:
        while (message := await self._messages.get()) is not None:
            yield message

    async def close(self) -> None:
        self.closed = True

    def _speak_next(self) -> None:
        line = next(self._lines, None)
        if line is None:
            self._sound.put_nowait(None)
            return
        self._segment += 1
        if self._with_words:
            progress = {"accumulated_text": line, "remaining_text": ""}
            self._messages.put_nowait(
                rtvi(
                    "bot-output",
                    {
                        "text": line,
                        "segment_id": self._segment,
                        "will_be_spoken": True,
                        "spoken_progress": progress,
                    },
                )
            )
        for frame in [LOUD] * 20 + [QUIET] * 60:
            self._sound.put_nowait(frame)


async def speak(text: str) -> bytes:
    return text.encode()


async def deaf(_: bytes) -> str:
    raise AssertionError("the bot's own words were there")


async def call(bot: ScriptedBot, quiet_bot_s: float = 5) -> CallReport:
    caller = SimulatedCaller(
        persona=DANIEL, peer=bot, speak=speak, hear=deaf, quiet_bot_s=quiet_bot_s
    )
    return await asyncio.wait_for(caller.run(), 20)


async def test_he_answers_what_is_asked() -> None:
    bot = ScriptedBot(
        "Hi, this is Ada. May I ask your full name?",
        "Nice to meet you, Daniel Carter. Which company are you with?",
        "How many people would be using it?",
    )
    report = await call(bot)
    assert bot.heard == [
        "My name is Daniel Carter.",
        "I work for Green River Foods.",
        "About forty people.",
    ]
    assert report.left == "bot_left"
    assert [each.role for each in report.said] == ["bot", "caller"] * 3
    assert bot.closed


async def test_a_right_read_back_is_confirmed_and_a_wrong_one_corrected() -> None:
    bot = ScriptedBot(
        "What's the best e-mail address for you?",
        "Let me read that back: denial at green river foods dot com. Is that right?",
        "Let me read that back: daniel at green river foods dot com. Is that right?",
    )
    await call(bot)
    assert bot.heard[1] == ("No, that's not right. daniel, at green river foods.")
    assert bot.heard[2] == "Yes, that's right."


async def test_a_name_that_comes_back_wrong_is_put_right() -> None:
    bot = ScriptedBot(
        "May I ask your full name?",
        "Nice to meet you, Daniel Carver. Which company are you with?",
        "Nice to meet you, Daniel Carter. Which company are you with?",
    )
    await call(bot)
    assert bot.heard == [
        "My name is Daniel Carter.",
        "Sorry, no. It's Daniel Carter.",
        "I work for Green River Foods.",
    ]


async def test_he_waits_while_nothing_is_asked() -> None:
    bot = ScriptedBot("Hi, this is Ada, the AI assistant at Leadline.")
    caller = SimulatedCaller(persona=DANIEL, peer=bot, speak=speak, hear=deaf, quiet_bot_s=0.2)
    report = await asyncio.wait_for(caller.run(), 20)
    assert [each.role for each in report.said] == ["bot", "caller"]
    # A bot that stays silent is asked whether it is there; this one then hangs up.
    assert bot.heard == ["Hello? Are you there?"]
    assert report.left == "bot_left"


async def test_he_hangs_up_on_a_bot_that_never_speaks() -> None:
    class Mute(ScriptedBot):
        def _speak_next(self) -> None:
            pass

    bot = Mute()
    report = await call(bot, quiet_bot_s=0.05)
    assert report.left == "no_answer"
    assert bot.heard == ["Hello!", "Hello? Are you there?"]
    assert bot.closed


async def test_after_a_goodbye_he_says_nothing_more() -> None:
    bot = ScriptedBot("Thank you, that's all I need. Goodbye!")
    bot._sound.put_nowait(None)
    report = await call(bot)
    assert report.left == "bot_left"
    assert bot.heard == []


async def test_without_the_bots_words_its_sound_is_recognised() -> None:
    bot = ScriptedBot("(only sound)", with_words=False)

    async def hear(pcm: bytes) -> str:
        assert len(pcm) >= 20 * FRAME_BYTES
        return "which company are you with?"

    caller = SimulatedCaller(persona=DANIEL, peer=bot, speak=speak, hear=hear)
    await asyncio.wait_for(caller.run(), 20)
    assert bot.heard == ["I work for Green River Foods."]


def test_the_report_is_what_the_command_prints() -> None:
    report = CallReport(persona="x", answered_ms=[900.0, 500.0, 700.0], duration_s=1.23456)
    document = report.as_json()
    assert document["answered_p50_ms"] == 700.0
    assert document["duration_s"] == 1.235


# When the bot has stopped --------------------------------------------------------------------


def utterances(frames: list[bytes], silence_s: float = 0.2) -> list[int]:
    endpointer = Endpointer(silence_s=silence_s)
    ends = [endpointer.take(frame) for frame in frames]
    return [len(end) // FRAME_BYTES for end in ends if end is not None]


def test_an_utterance_ends_after_the_silence() -> None:
    assert utterances([QUIET] * 5 + [LOUD] * 10 + [QUIET] * 10) == [20]


def test_a_pause_shorter_than_that_does_not_end_it() -> None:
    assert utterances([LOUD] * 10 + [QUIET] * 9 + [LOUD] * 10 + [QUIET] * 10) == [39]


def test_a_click_is_no_utterance() -> None:
    assert utterances([LOUD] * 4 + [QUIET] * 30) == []


# What the bot has said -----------------------------------------------------------------------


@pytest.fixture
def words() -> BotWords:
    return BotWords()


def output(segment: int, spoken: str, rest: str = "") -> Message:
    progress = {"accumulated_text": spoken, "remaining_text": rest}
    return rtvi("bot-output", {"segment_id": segment, "text": "", "spoken_progress": progress})


def test_only_spoken_words_count(words: BotWords) -> None:
    words.take(output(1, "Nice to", "meet you."))
    assert words.text == "Nice to"
    assert words.unfinished
    words.take(output(1, "Nice to meet you."))
    words.take(output(2, "Bye."))
    assert words.text == "Nice to meet you. Bye."
    assert not words.unfinished


def test_a_segment_of_an_earlier_turn_does_not_come_back(words: BotWords) -> None:
    words.take(output(1, "Hello."))
    assert words.forget() == "Hello."
    words.take(output(1, "Hello."))
    assert words.text == ""


def test_an_interrupted_bot_has_nothing_more_to_say(words: BotWords) -> None:
    words.take(output(1, "Nice to", "meet you."))
    words.take(rtvi("bot-interrupted"))
    assert not words.unfinished
