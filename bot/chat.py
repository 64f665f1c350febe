"""The conversation in text: the same dialogue, prompts and record as on a call, without audio."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any, Protocol

from loguru import logger

from bot.config import Settings
from bot.lead_record import lead_record
from bot.records import CallRecord, EndReason, LeadRecord, Rungs, TurnRecord
from bot.second_reader import SecondReader
from bot.services.side_llm import openai_client
from bot.summariser import Summariser
from flows.conversation import Conversation
from flows.playbook import Playbook
from flows.prompt import system_prompt
from flows.summary import Summary
from flows.turn import cleaned

LLM_FIRST_WORDS_S = 5.0
"""From the question to the first word of the answer."""
LLM_TIMEOUT_S = 12.0
LLM_FAILURES_AT_MOST = 3
LLM_DISOBEDIENCE_AT_MOST = 3
"""Read-backs that it was told to say and did not, before the rules speak for the rest."""
LONGEST_REPLY = 1000
"""Characters: about a minute of speech. Nobody listens to more, or would hear a value in it."""
MESSAGES_KEPT = 40
ROOM = TRANSPORT = "chat"
_NO_SPEECH = re.compile(r"[{\[<]|```")
_WORD = re.compile(r"[^\W_]")


class Keeper(Protocol):
    """Where a chat is kept; a `bot.storage.Recorder` is one."""

    def start(self, call: CallRecord, lead: LeadRecord) -> None: ...

    def turn(self, turn: TurnRecord, lead: LeadRecord | None = None) -> None: ...

    async def finish(self, call: CallRecord, lead: LeadRecord) -> bool: ...


@dataclass(frozen=True)
class Reply:
    """What the bot said, and what the caller heard in it."""

    say: str
    ask: str | None
    readback: dict[str, Any] | None
    echo: dict[str, Any] | None
    lead: dict[str, Any]
    score: int
    done: bool

    def document(self) -> dict[str, Any]:
        """One line of `leadline chat --json`."""
        return dict(vars(self))


class Speaker(Protocol):
    """Who puts the directive into words."""

    rung: str

    async def reply(self, conversation: Conversation, messages: list[dict[str, str]]) -> str:
        """The reply; empty if there is none."""


class LLMSpeaker:
    """An OpenAI-compatible LLM, with the prompt of a call."""

    rung = "openai"

    def __init__(self, settings: Settings, playbook: Playbook) -> None:
        self._client = openai_client(settings, timeout_s=LLM_TIMEOUT_S, retries=1)
        self._settings = settings
        self._system = system_prompt(playbook)
        self._failures = 0

    async def reply(self, conversation: Conversation, messages: list[dict[str, str]]) -> str:
        """Empty when the LLM fails; after three failures in a row it is left alone."""
        if self._failures >= LLM_FAILURES_AT_MOST:
            return ""
        directive = {"role": "system", "content": conversation.directive().as_prompt()}
        sent: Any = [{"role": "system", "content": self._system}, *messages, directive]
        try:
            text = await self._stream(sent)
        except Exception as error:  # Whatever a provider does, the rules answer.
            self._failures += 1
            logger.warning("The LLM failed ({}); the rules answer", type(error).__name__)
            return ""
        self._failures = 0
        return text

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.close()

    async def _stream(self, messages: Any) -> str:
        import asyncio

        end = asyncio.get_running_loop().time() + LLM_TIMEOUT_S
        text = ""
        async with asyncio.timeout(LLM_FIRST_WORDS_S) as patience:
            stream = await self._client.chat.completions.create(
                model=self._settings.openai_model,
                messages=messages,
                temperature=self._settings.llm_temperature,
                max_tokens=self._settings.llm_max_tokens,
                stream=True,
            )
            async with stream:
                async for chunk in stream:
                    patience.reschedule(end)
                    text += (chunk.choices[0].delta.content or "") if chunk.choices else ""
                    if len(text) > LONGEST_REPLY:
                        break
        return speech_in(text)


def speech_in(text: str) -> str:
    """The words, if a voice could say them; empty for markup, documents and endless talk."""
    text = " ".join(cleaned(text).split())
    if len(text) > LONGEST_REPLY or _NO_SPEECH.match(text) or not _WORD.search(text):
        return ""
    return text


class ChatSession:
    """One chat from greeting to record. Printed text counts as heard."""

    def __init__(
        self,
        *,
        playbook: Playbook,
        clock: Callable[[], datetime],
        recorded: bool,
        keeper: Keeper | None,
        speaker: Speaker | None,
        second_reader: Callable[[Conversation], SecondReader] | None = None,
        summariser: Callable[[Conversation], Summariser] | None = None,
    ) -> None:
        """`speaker` None: the scripted dialogue. `keeper` None: nothing is kept.
        `second_reader` makes the one that reads this conversation; None: the rules alone.
        `summariser` makes the one that sums it up; None: the template."""
        self.conversation = Conversation(playbook=playbook, clock=clock, recorded=recorded)
        self._second_reader = second_reader(self.conversation) if second_reader else None
        self._summariser = summariser(self.conversation) if summariser else None
        self._keeper = keeper
        self._speaker = speaker
        self._messages: list[dict[str, str]] = []
        self._began = monotonic()
        self._started_at = datetime.now(UTC)
        self._call_id = f"call_{secrets.token_hex(8)}"
        self.lead_id = f"lead_{secrets.token_hex(8)}"
        self._turns = 0
        self._disobeyed = 0

    def greet(self) -> Reply:
        """The first words: always ours, because what they disclose must be said."""
        if self._keeper is not None:
            self._keeper.start(self._call(None), self._lead())
        return self._say(self.conversation.greeting(), rung=None)

    async def hear(self, text: str) -> Reply:
        """The reply to one message."""
        began = self._elapsed()
        self.conversation.caller_said(text)
        self._messages.append({"role": "user", "content": text[:4000]})
        self._record("caller", text[:20_000], began, Rungs())
        if self._second_reader is not None:
            self._second_reader.caller_turn_ended()
        say, rung = "", None
        if self._speaker is not None and not self._scripted_now():
            say = await self._speaker.reply(self.conversation, self._messages[-MESSAGES_KEPT:])
            rung = self._speaker.rung if say else "scripted"
        return self._say(say or self.conversation.reply(), rung=rung or "scripted")

    async def finish(self) -> None:
        """Keeps the call and the lead as they are."""
        if self._second_reader is not None:
            await self._second_reader.idle()  # At most its time-out: the last turn counts too.
            await self._second_reader.aclose()
        self.conversation.line_closed()
        call = self._call(self._end_reason())
        if self._keeper is not None:
            await self._keeper.finish(call, self._lead())
        if self._summariser is not None:
            await self._sum_up(self._summariser, call)

    async def _sum_up(self, summariser: Summariser, call: CallRecord) -> None:
        """The lead is kept by now; a better summary is its next revision."""
        if self._keeper is not None:
            summariser.begin()
            written = await summariser.result()
            if written is not None:
                await self._keeper.finish(call, self._lead(written))
        await summariser.aclose()

    def _scripted_now(self) -> bool:
        disobeyed = self.conversation.must_be_scripted
        self._disobeyed += disobeyed
        if self._disobeyed == LLM_DISOBEDIENCE_AT_MOST and disobeyed:
            logger.warning("The LLM does not read back what it is told to; the rules speak")
        return disobeyed or self._disobeyed >= LLM_DISOBEDIENCE_AT_MOST or self.conversation.done

    def _say(self, text: str, *, rung: str | None) -> Reply:
        began = self._elapsed()
        conversation = self.conversation
        conversation.bot_began()
        conversation.bot_heard(text, complete=True)
        self._messages.append({"role": "assistant", "content": text})
        self._record("bot", text, began, Rungs(llm=rung))
        heard = conversation.heard
        return Reply(
            say=text,
            ask=heard.asked or heard.waiting_for,
            readback=heard.read_back or None,
            echo=heard.in_passing or None,
            lead=conversation.lead_document(),
            score=conversation.score,
            done=conversation.done,
        )

    def _record(self, role: Any, text: str, began: float, rung: Rungs) -> None:
        self._turns += 1
        if self._keeper is None:
            return
        turn = TurnRecord(
            n=self._turns,
            role=role,
            text=text,
            heard_text=text,
            start_s=began,
            end_s=self._elapsed(),
            rung=rung,
        )
        self._keeper.turn(turn, self._lead())

    def _elapsed(self) -> float:
        return round(monotonic() - self._began, 3)

    def _end_reason(self) -> EndReason:
        outcome: Any = self.conversation.outcome
        return outcome or "caller_left"

    def _lead(self, written: Summary | None = None) -> LeadRecord:
        return lead_record(
            self.conversation,
            lead_id=self.lead_id,
            call_id=self._call_id,
            created_at=self._started_at,
            written=written,
        )

    def _call(self, end_reason: EndReason | None) -> CallRecord:
        return CallRecord(
            call_id=self._call_id,
            room=ROOM,
            transport=TRANSPORT,
            playbook=self.conversation.playbook.name,
            started_at=self._started_at,
            ended_at=datetime.now(UTC) if end_reason is not None else None,
            end_reason=end_reason,
            lead_id=self.lead_id,
        )
