"""One bot's time with a call, wired as `Call` wires it, but in text: no sound, no provider."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from bot.clock import call_clock
from bot.config import Settings
from bot.interview import Interview
from bot.records import CallRecord, Cost, EndReason, Rungs
from bot.resumed_call import new_record, resumed_record, transcript_so_far
from bot.resumption import Claim, claim_call
from bot.storage.journal import Journal, journal_folder
from bot.storage.leases import Lease
from bot.storage.live import LiveState
from bot.storage.recorder import Recorder
from bot.storage.store import Store
from bot.tenure import Tenure
from flows.conversation import Conversation
from processors.spoken_output import HeardReply

ANSWERS = {
    "name": "My name is Jane Doe.",
    "company": "I work at Acme Robotics.",
    "email": "It's jane dot doe at acme dot com.",
    "phone": "It's two oh two, five five five, oh one four seven.",
    "need": "We need help with our invoices.",
    "budget": "About fifty thousand dollars a year.",
    "team_size": "We are twelve people.",
    "timeline": "Next month.",
    "decision_maker": "Yes, I decide.",
    "consent_to_contact": "Yes, that's fine.",
    "meeting": "Tomorrow at three in the afternoon.",
}
"""What the caller says to each question of the default playbook."""

SURE = ("confirmed", "validated")


class ScriptedCall:
    """Hears and speaks at once: not one of its methods but `end` awaits anything."""

    def __init__(
        self, *, settings: Settings, claim: Claim, live: LiveState, recorder: Recorder | None = None
    ) -> None:
        self.lease: Lease = claim.lease
        self.call_id = claim.call_id
        session = claim.session
        clock = call_clock(settings.now)
        self.conversation = (
            Conversation(playbook=claim.playbook, clock=clock, recorded=settings.recorded)
            if session is None
            else Conversation.restore(session.conversation, playbook=claim.playbook, clock=clock)
        )
        room = session.room if session is not None else f"room-{claim.call_id}"
        self.record = (
            new_record(
                room=room,
                transport="livekit",
                playbook=claim.playbook.name,
                call_id=claim.call_id,
            )
            if session is None
            else resumed_record(session, room=room, transport="livekit")
        )
        self._is_new = session is None
        self.tenure = Tenure(
            call=self.record,
            conversation=self.conversation,
            lease=claim.lease,
            sessions=live.sessions,
        )
        self.recorder = recorder
        self.interview = Interview(
            conversation=self.conversation,
            call=self.record,
            rungs=Rungs,
            recorder=recorder,
            listeners=(),
            generated_text=lambda: "",
            transcript=transcript_so_far(self.record, self.conversation),
        )
        self.interview.on_turn_over = self.checkpoint
        self.interview.on_words = self.tenure.keep_the_words

    def checkpoint(self) -> None:
        """As after each turn."""
        self.tenure.checkpoint(
            transcript=self.interview.transcript, cost=Cost(), caller_id=f"caller-{self.call_id}"
        )

    def begin(self) -> None:
        """The first words: the greeting, or those that bridge the gap."""
        self.interview.begin()
        self.checkpoint()
        self.say(
            self.conversation.greeting()
            if self._is_new
            else self.conversation.resume_line(welcome_back=False)
        )

    def say(self, text: str) -> None:
        """The caller hears it to its end."""
        now = time.monotonic()
        self.interview.bot_began()
        self.interview.bot_heard(HeardReply(text=text, started_at=now, ended_at=now, complete=True))

    def hear(self, text: str) -> None:
        """The caller says it, and the bot answers."""
        self.interview.caller_started_speaking()
        self.interview.caller_said(text, words=(), alternatives=(), typed=False)
        self.interview.caller_stopped_speaking()
        self.say(self.conversation.reply())

    def turn(self) -> None:
        """The caller answers what the bot has just said."""
        if self.conversation.done:
            return
        heard = self.conversation.heard
        if heard.read_back:
            self.hear("Yes, that's right.")
        else:
            self.hear(ANSWERS.get(heard.asked or "", "That's all, thank you."))

    @property
    def sure(self) -> dict[str, Any]:
        """What the caller has said, and nobody may lose."""
        fields = self.conversation.lead_document()
        return {name: s["value"] for name, s in fields.items() if s["status"] in SURE}

    @property
    def said(self) -> list[str]:
        """All turns."""
        return [turn.text for turn in self.interview.transcript.turns]

    async def end(self, reason: EndReason = "completed") -> CallRecord:
        """As `Call` ends: the record, then the session and the lease."""
        self.interview.close()
        transcript = self.interview.transcript
        record = self.record.model_copy(
            update={
                "ended_at": datetime.now(UTC),
                "end_reason": reason,
                "turns": transcript.turns,
            }
        )
        if self.recorder is not None and not self.tenure.is_lost:
            await self.recorder.finish(record, self.interview.lead_record())
        await self.tenure.end(
            reason, transcript=transcript, cost=Cost(), caller_id=f"caller-{self.call_id}"
        )
        return record


@asynccontextmanager
async def held(
    settings: Settings,
    store: Store,
    live: LiveState,
    *,
    call_id: str,
    holder: str,
    patience_s: float = 0.3,
) -> AsyncIterator[ScriptedCall]:
    """A call that this bot has taken; at its end the journal keeps what is not written."""
    claim = await claim_call(settings=settings, live=live, holder=holder, call_id=call_id)
    assert claim is not None, f"somebody else has {call_id}"
    recorder = Recorder(
        store=store,
        token=claim.lease.token,
        on_stale=claim.lease.lose,
        journal=Journal(
            folder=journal_folder(settings.data_dir), call_id=call_id, token=claim.lease.token
        ),
        flush_timeout_s=patience_s,
        retry_first_s=0.05,
        retry_longest_s=0.2,
    )
    call = ScriptedCall(settings=settings, claim=claim, live=live, recorder=recorder)
    async with call.tenure.running(), recorder:
        call.begin()
        yield call
