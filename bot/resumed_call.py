"""What a bot begins with when it goes on where another one was."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from uuid import uuid4

from pipecat.processors.aggregators.llm_context import LLMContextMessage

from bot.latency import summarise
from bot.records import CallRecord
from bot.storage.session import Session
from bot.transcript import Transcript
from flows.conversation import Conversation


def new_record(*, room: str, transport: str, playbook: str, call_id: str | None) -> CallRecord:
    """The record of a call that begins now; a new id by default."""
    return CallRecord(
        call_id=call_id or uuid4().hex,
        room=room,
        transport=transport,
        playbook=playbook,
        started_at=datetime.now(UTC),
        lead_id=uuid4().hex,
    )


def resumed_record(session: Session, *, room: str, transport: str) -> CallRecord:
    """The record of a call that goes on: what was said, measured and paid before stays."""
    return CallRecord(
        call_id=session.call_id,
        room=room,
        transport=transport,
        playbook=session.playbook,
        started_at=session.started_at,
        resumed=session.resumed + 1,
        turns=session.turns,
        latency=summarise(session.turns, session.latencies),
        cost=session.cost,
        lead_id=session.lead_id,
    )


def opening_line(resume: Session | None, conversation: Conversation) -> str:
    """The greeting; of a resumed call where the two were, and never a second greeting."""
    if resume is None or (not resume.greeted and resume.caller_id is None):
        return conversation.greeting()
    if not resume.greeted:
        return f"{conversation.playbook.resume} {conversation.greeting()}"
    return conversation.resume_line(welcome_back=resume.ended is not None)


def transcript_so_far(call: CallRecord, conversation: Conversation) -> Transcript:
    """The call's turns, and the words that nobody has answered, as a transcript to go on with."""
    elapsed_s = (datetime.now(UTC) - call.started_at).total_seconds()
    # A clock that was set back must not let turns overlap.
    elapsed_s = max(elapsed_s, *(turn.end_s for turn in call.turns), 0.0)
    return Transcript(
        started_at=time.monotonic() - elapsed_s,
        turns=call.turns,
        latencies=call.latency.turns,
        unanswered=conversation.unanswered,
    )


def history(call: CallRecord, conversation: Conversation) -> list[LLMContextMessage]:
    """What was said before, for the LLM."""
    said = [(turn.role, turn.heard_text) for turn in call.turns if turn.heard_text.strip()]
    if unanswered := " ".join(conversation.unanswered):
        said.append(("caller", unanswered))
    return [
        {"role": "assistant", "content": text}
        if role == "bot"
        else {"role": "user", "content": text}
        for role, text in said
    ]
