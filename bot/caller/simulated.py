"""The simulated caller: listens, thinks what is asked, and speaks, as a person on the phone does.

When to speak is decided from the bot's sound alone: it has been silent for the persona's patience.
What was said is taken from the bot's own transcript events where it sends them, because a tiny
recogniser that mishears an address would make a truthful caller contradict a right read-back;
without them (another bot, another transport) the sound is recognised.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from loguru import logger
from rapidfuzz import fuzz

from bot.caller.bot_words import BotWords
from bot.caller.endpointing import Endpointer
from bot.caller.peer import SAMPLE_RATE, Peer, Recording
from bot.caller.persona import Persona, read_back_is_true
from bot.caller.understanding import Request, Wish, understand

MAX_CALL_S = 300.0
QUIET_BOT_S = 12.0
"""A bot that says nothing for so long is asked whether it is there; twice, then he hangs up."""
HANG_UP_AFTER_S = 6.0
"""After a goodbye the bot hangs up; if it does not, the caller does."""
MAX_CORRECTIONS = 2
"""Of one value; after that he lets it be."""
UNFINISHED_PATIENCE_S = 2.5
"""A bot whose transcript promises more words is given this much silence."""

Speak = Callable[[str], Awaitable[bytes]]
"""Text to 16-bit mono PCM at 48 kHz."""
Hear = Callable[[bytes], Awaitable[str]]
"""The same, to text."""
Watch = Callable[[dict[str, Any]], None]
"""Gets every RTVI message of the bot."""
Left = Literal["bot_left", "goodbye", "no_answer", "max_duration", "asked_to_stop"]


@dataclass(frozen=True)
class Said:
    """Something that was said. Times are seconds from the start of the recording."""

    role: Literal["caller", "bot"]
    text: str
    start_s: float
    end_s: float


@dataclass
class CallReport:
    """What a simulated call was like, from the caller's end of the line."""

    persona: str
    left: Left = "bot_left"
    said: list[Said] = field(default_factory=list)
    answered_ms: list[float] = field(default_factory=list)
    """From the caller's last sound to the bot's first, as heard at the caller's end."""
    duration_s: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The shape that ``leadline call --json`` prints."""
        ordered = sorted(self.answered_ms)
        return {
            "persona": self.persona,
            "left": self.left,
            "duration_s": round(self.duration_s, 3),
            "said": [
                {
                    "role": each.role,
                    "text": each.text,
                    "start_s": round(each.start_s, 3),
                    "end_s": round(each.end_s, 3),
                }
                for each in self.said
            ],
            "answered_ms": [round(each, 1) for each in self.answered_ms],
            "answered_p50_ms": round(ordered[(len(ordered) - 1) // 2], 1) if ordered else None,
        }


class SimulatedCaller:
    """One call of one persona."""

    def __init__(
        self,
        *,
        persona: Persona,
        peer: Peer,
        speak: Speak | None = None,
        hear: Hear | None = None,
        watch: Watch | None = None,
        max_call_s: float = MAX_CALL_S,
        quiet_bot_s: float = QUIET_BOT_S,
    ) -> None:
        """`speak` and `hear` are the local voice and recogniser unless given."""
        self._persona = persona
        self._peer = peer
        self._speak = speak or local_voice(persona)
        self._hear = hear or local_ear
        self._watch = watch
        self._max_call_s = max_call_s
        self._quiet_bot_s = quiet_bot_s
        self._words = BotWords()
        self._asked: Counter[str] = Counter()
        self._corrected: Counter[str] = Counter()
        self._claimed: str | None = None
        self._utterances: asyncio.Queue[bytes | None] = asyncio.Queue(50)
        self._bot_began_s: float | None = None
        self._my_last_sound_at: float | None = None
        self._bot_may_have_hung_up = asyncio.Event()
        self.report = CallReport(persona=persona.name)

    @property
    def recording(self) -> Recording:
        """Both sides, while the call runs and after it."""
        return self._peer.recording

    async def run(self) -> CallReport:
        """Call, talk, leave.

        Raises:
            CallerError: if the call could not be placed.
        """
        await self._peer.connect()
        listeners = [
            asyncio.create_task(self._listen()),
            asyncio.create_task(self._read_messages()),
        ]
        try:
            async with asyncio.timeout(self._max_call_s):
                self.report.left = await self._talk()
        except TimeoutError:
            self.report.left = "max_duration"
        finally:
            self.report.duration_s = self.recording.elapsed_s
            for task in listeners:
                task.cancel()
            await asyncio.gather(*listeners, return_exceptions=True)
            await self._peer.close()
        return self.report

    # Listening ----------------------------------------------------------------------------------

    async def _listen(self) -> None:
        endpointer = Endpointer(silence_s=self._persona.patience_s)
        was_speaking = False
        async for frame in self._peer.sound():
            utterance = endpointer.take(frame)
            if endpointer.speaking and not was_speaking:
                self._bot_began()
            was_speaking = endpointer.speaking
            if utterance is not None and not self._utterances.full():
                self._utterances.put_nowait(utterance)
        self._bot_may_have_hung_up.set()
        if not self._utterances.full():
            self._utterances.put_nowait(None)

    def _bot_began(self) -> None:
        now = self.recording.elapsed_s
        if self._bot_began_s is None:
            self._bot_began_s = now
        if self._my_last_sound_at is not None:
            # The endpointer is sure only after its shortest speech.
            waited_ms = (time.monotonic() - self._my_last_sound_at) * 1000 - 100
            self.report.answered_ms.append(max(0.0, waited_ms))
            self._my_last_sound_at = None

    async def _read_messages(self) -> None:
        async for message in self._peer.messages():
            self._words.take(message)
            if self._watch is not None:
                self._watch(message)

    async def _next_turn_of_bot(self) -> str | None:
        """The bot's words once it is silent; None when it has left; "" when it says nothing."""
        try:
            sound = await asyncio.wait_for(self._utterances.get(), self._quiet_bot_s)
        except TimeoutError:
            return ""
        if sound is None:
            return None
        waited_s = 0.0
        while self._words.unfinished and waited_s < UNFINISHED_PATIENCE_S:
            try:
                more = await asyncio.wait_for(self._utterances.get(), 0.1)
            except TimeoutError:
                waited_s += 0.1
                continue
            if more is None:
                break
            sound, waited_s = sound + more, 0.0
        text = self._words.forget() or await self._hear(sound)
        now = self.recording.elapsed_s
        began = self._bot_began_s if self._bot_began_s is not None else now
        self._bot_began_s = None
        self.report.said.append(
            Said("bot", text, began, max(began, now - self._persona.patience_s))
        )
        return text

    # Talking ------------------------------------------------------------------------------------

    async def _talk(self) -> Left:
        unanswered = 0
        heard_before = ""
        while True:
            heard = await self._next_turn_of_bot()
            if heard is None:
                return "bot_left"
            if not heard:
                unanswered += 1
                if unanswered > 2:
                    return "no_answer"
                await self._say(
                    "Hello? Are you there?" if self.report.said else self._persona.greets
                )
                continue
            unanswered = 0
            # A greeting, a pause, and then the question: one turn in two breaths.
            request = understand(f"{heard_before} {heard}".strip())
            if request.wish is Wish.GOODBYE:
                return await self._wait_for_hang_up()
            reply = self.reply_to(heard, request)
            if reply is None:
                heard_before = heard
                continue
            heard_before = ""
            await self._say(reply)

    def reply_to(self, heard: str, request: Request) -> str | None:
        """What the persona says; None while nothing is asked yet."""
        correction = self._object_to(heard)
        if correction is not None:
            return correction
        persona = self._persona
        simple = {
            Wish.NOTHING: None,
            Wish.STILL_THERE: persona.here,
            Wish.ANYTHING_ELSE: persona.nothing_to_add,
            Wish.UNKNOWN: persona.lost,
        }
        if request.wish in simple:
            return simple[request.wish]
        if request.wish is Wish.CONFIRM:
            return self._confirm(request)
        topic = request.topic or ""
        if request.wish is not Wish.ANSWER:
            detail = f"{topic}.{request.wish.value}"
            if detail in persona.answers:
                return self._answer(detail)
        return self._answer(topic)

    def _answer(self, topic: str) -> str:
        reply = self._persona.answer(topic, self._asked[topic])
        self._asked[topic] += 1
        self._claimed = topic.partition(".")[0]
        return reply

    def _confirm(self, request: Request) -> str:
        topic, true = read_back_is_true(request.text, self._persona)
        self._claimed = None
        if true:
            return self._persona.agrees
        topic = topic or "email"
        return f"No, that's not right. {self._answer(topic)}"

    def _object_to(self, heard: str) -> str | None:
        """A correction, if the bot has just repeated my name or company wrongly in passing."""
        topic, self._claimed = self._claimed, None
        if topic not in ("name", "company") or self._corrected[topic] >= MAX_CORRECTIONS:
            return None
        true = str(self._persona.truth.get(topic, ""))
        flat, wanted = heard.lower().replace(" ", ""), true.lower().replace(" ", "")
        if not true or wanted in flat or fuzz.partial_ratio(wanted, flat) < 75:
            return None
        self._corrected[topic] += 1
        self._claimed = topic
        return f"Sorry, no. {self._persona.answer(topic, 1)}"

    async def _say(self, text: str) -> None:
        pcm = await self._speak(text)
        began = self.recording.elapsed_s
        self._words.forget()
        await self._peer.play(pcm)
        self._my_last_sound_at = time.monotonic()
        self.report.said.append(Said("caller", text, began, self.recording.elapsed_s))
        logger.debug("The simulated caller spoke for {:.1f} s", len(pcm) / 2 / SAMPLE_RATE)

    async def _wait_for_hang_up(self) -> Left:
        try:
            await asyncio.wait_for(self._bot_may_have_hung_up.wait(), HANG_UP_AFTER_S)
        except TimeoutError:
            return "goodbye"
        return "bot_left"


def local_voice(persona: Persona) -> Speak:
    """The local voice, at the persona's own pitch and speed."""
    from bot.services.local import Voice, synthesise

    voice = Voice(
        pitch=persona.speaker.pitch, speed=persona.speaker.speed, sentence_pause_secs=0.05
    )

    async def speak(text: str) -> bytes:
        return await asyncio.to_thread(synthesise, text, SAMPLE_RATE, voice=voice)

    return speak


async def local_ear(pcm: bytes) -> str:
    """The local recogniser."""
    from bot.services.local import recognise

    return await asyncio.to_thread(recognise, pcm, SAMPLE_RATE)
