"""What both sides say in one call, as it happens: moves dialogue, transcript and record.

Everything here is synchronous and quick. It is called from the middle of the chain, where an
await could lose the caller's words; storage and listeners take what happened from queues.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from bot.lead_record import lead_record
from bot.records import CallRecord, LeadRecord, Rungs, TurnLatency, TurnRecord
from bot.storage.recorder import Recorder
from bot.transcript import Transcript
from flows.capture import Word
from flows.conversation import Conversation
from flows.lead import Source
from flows.summary import Summary
from processors.spoken_output import HeardReply


class CallListener(Protocol):
    """Who watches a call live: a page, a terminal. Called synchronously; must not block."""

    def call_started(self, call_id: str) -> None:
        """The caller is there."""

    def call_ended(self, call: CallRecord) -> None:
        """The call is over and saved."""

    def lead_changed(self, lead: LeadRecord) -> None:
        """The lead has changed."""

    def turn_ended(self, turn: TurnRecord) -> None:
        """A turn is over; a caller's turn may come again with more words under the same n."""

    def latency_measured(self, latency: TurnLatency) -> None:
        """How long the bot's turn `n` let the caller wait."""


class Interview:
    """Hears the caller (`Hearing`) and the bot (`SpokenListener`)."""

    def __init__(
        self,
        *,
        conversation: Conversation,
        call: CallRecord,
        rungs: Callable[[], Rungs],
        recorder: Recorder | None,
        listeners: Sequence[CallListener],
        generated_text: Callable[[], str],
        transcript: Transcript | None = None,
    ) -> None:
        """Follow one call.

        `rungs` says who serves now; `generated_text` is the newest reply's text, heard or not;
        `transcript` holds what was said before, if the call is resumed.
        """
        self.conversation = conversation
        self.call = call
        self.transcript = transcript or Transcript(started_at=time.monotonic())
        self.on_turn_over: Callable[[], None] = lambda: None
        self.on_words: Callable[[], None] = lambda: None
        self.on_bot_audible: Callable[[], None] = lambda: None
        self.on_reply_heard: Callable[[], None] = lambda: None
        self.on_caller_turn_ended: Callable[[], None] = lambda: None
        self._rungs = rungs
        self._heard_by: str | None = None
        self._recorder = recorder
        self._listeners = listeners
        self._generated_text = generated_text
        self._lead_created_at = call.started_at
        self._bot_is_audible = False
        self.has_bot_been_heard = False
        self._line_to_say = ""
        self.written: Summary | None = None

    def will_say(self, line: str) -> None:
        """A line of our own (the greeting, a goodbye) is about to be spoken, not the LLM's."""
        self._line_to_say = line

    def begin(self) -> None:
        """Open the call's record."""
        if self._recorder:
            self._recorder.start(self.call, self.lead_record())

    # --- the caller -----------------------------------------------------------------------------

    def caller_started_speaking(self) -> None:
        """The caller's turn begins."""
        self.transcript.caller_started_speaking(time.monotonic())

    def caller_stopped_speaking(self) -> None:
        """The caller's turn ends: what was said so far is written down at once."""
        self.transcript.caller_stopped_speaking(time.monotonic())
        turn = self.transcript.open_caller_turn(self._rungs_now())
        if turn:
            self._save(turn)

    def heard_by(self, stt: str) -> None:
        """Which recogniser serves now: it is the one of the turn's words."""
        self._heard_by = stt

    def _rungs_now(self) -> Rungs:
        rungs = self._rungs()
        return rungs.model_copy(update={"stt": self._heard_by}) if self._heard_by else rungs

    def caller_said(
        self, text: str, *, words: Sequence[Word], alternatives: Sequence[str], typed: bool
    ) -> None:
        """One final transcript or typed message."""
        self.transcript.caller_said(text, time.monotonic())
        changed = self.conversation.caller_said(
            text,
            words=tuple(words),
            alternatives=tuple(alternatives),
            over_bot=self._bot_is_audible,
            source=Source.TYPED if typed else Source.RULES,
        )
        self.on_words()
        if changed:
            self._announce_lead()

    # --- the bot --------------------------------------------------------------------------------

    def bot_began(self) -> None:
        """A reply becomes audible: it closes the caller's turn."""
        self._bot_is_audible = self.has_bot_been_heard = True
        self.on_bot_audible()
        self.conversation.bot_began()
        caller_turn = self.transcript.bot_began(self._rungs_now())
        if caller_turn:
            self._save(caller_turn)
        self.on_turn_over()
        if caller_turn:
            self.on_caller_turn_ended()

    def second_reading_accepted(self) -> None:
        """The second reader has found something in a caller turn."""
        self.on_turn_over()
        self._announce_lead()

    def bot_heard(self, reply: HeardReply) -> None:
        """A reply is over: heard to its end, or cut."""
        self._bot_is_audible = False
        self.conversation.bot_heard(reply.text, complete=reply.complete)
        turn = self.transcript.bot_heard(
            reply, generated=self._text_behind(reply.text), rung=self._rungs_now()
        )
        self._save(turn)
        self.on_turn_over()
        self._announce_lead()
        self.on_reply_heard()

    def answered_in(self, parts_ms: dict[str, float | None]) -> None:
        """The latency of the bot's present turn, part by part."""
        measured = [part for part in parts_ms.values() if part is not None]
        latency = self.transcript.answered_in(
            voice_to_voice_ms=round(sum(measured), 1) if measured else None, parts=parts_ms
        )
        for listener in self._listeners:
            listener.latency_measured(latency)

    # --- the record -----------------------------------------------------------------------------

    def lead_record(self) -> LeadRecord:
        """The lead as it stands; the store counts its revisions."""
        return lead_record(
            self.conversation,
            lead_id=self.call.lead_id,
            call_id=self.call.call_id,
            created_at=self._lead_created_at,
            written=self.written,
        )

    def close(self) -> None:
        """The call is over: a last turn that nobody answered is kept."""
        self.conversation.line_closed()
        turn = self.transcript.close(self._rungs_now())
        if turn:
            self._save(turn)

    def _text_behind(self, heard: str) -> str:
        """The text that was written for what was heard, of which an interruption left a part."""
        beginning = heard.split()[:3]
        for text in (self._line_to_say, self._generated_text()):
            if text.split()[: len(beginning)] == beginning:
                return text
        return heard

    def _save(self, turn: TurnRecord) -> None:
        latency = self.transcript.latency_of(turn.n)
        if self._recorder:
            self._recorder.turn(turn, self.lead_record(), latency)
        for listener in self._listeners:
            listener.turn_ended(turn)

    def _announce_lead(self) -> None:
        if self._listeners:
            lead = self.lead_record()
            for listener in self._listeners:
                listener.lead_changed(lead)
