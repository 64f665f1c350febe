"""A recorded call again, through today's playbook and code.

The caller answered what the bot had said then, so the bot's words are the recorded ones, too, as
far as they were heard; what is compared is what was learned.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.errors import LeadlineError
from bot.records import CallRecord, LeadRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One field (`{"value", "status"}`), the score or the disposition: then and today."""

    what: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What differs between the saved lead and the one that today's code makes of the call."""

    call_id: str
    playbook: str
    caller_turns: int
    differences: tuple[Difference, ...]

    def document(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "call_id": self.call_id,
            "playbook": self.playbook,
            "caller_turns": self.caller_turns,
            "differences": [
                {"what": d.what, "before": d.before, "after": d.after} for d in self.differences
            ],
        }


class CallClock:
    """The time of the call, as the conversation asks for it."""

    def __init__(self, started_at: datetime) -> None:
        self._started_at = started_at
        self.elapsed_s = 0.0

    def __call__(self) -> datetime:
        """The time at which the present turn was spoken."""
        return self._started_at + timedelta(seconds=self.elapsed_s)


def replay_call(call: CallRecord, lead: LeadRecord, *, playbook: str, recorded: bool) -> Replay:
    """Replay a call.

    Args:
        call: with its turns.
        lead: as it was saved.
        playbook: a name or a file.
        recorded: whether the greeting says that the call is recorded.

    Raises:
        LeadlineError: if the playbook is not there or not right, or nothing was said.
    """
    from bot.playbooks import load_playbook
    from flows.conversation import Conversation

    spoken = [turn for turn in call.turns if turn.role == "caller"]
    if not spoken:
        raise LeadlineError(f"the caller said nothing in the call {call.call_id}")
    clock = CallClock(call.started_at)
    conversation = Conversation(playbook=load_playbook(playbook), clock=clock, recorded=recorded)
    for turn in call.turns:
        clock.elapsed_s = turn.end_s
        if turn.role == "caller":
            conversation.caller_said(turn.text)
        else:
            conversation.bot_began()
            conversation.bot_heard(turn.heard_text, complete=not turn.interrupted)
    differences = [
        *_fields(lead.fields, conversation.lead_document()),
        *_unequal("score", lead.score, conversation.score),
        *_unequal("disposition", lead.disposition, str(conversation.disposition)),
    ]
    return Replay(
        call_id=call.call_id,
        playbook=playbook,
        caller_turns=len(spoken),
        differences=tuple(differences),
    )


def _fields(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
    for name in [*before, *(name for name in after if name not in before)]:
        yield from _unequal(name, _essence(before.get(name)), _essence(after.get(name)))


def _essence(state: dict[str, Any] | None) -> dict[str, Any] | None:
    """Value and status; the evidence's turns are counted in another way."""
    if state is None:
        return None
    return {"value": state.get("value"), "status": state.get("status")}


def _unequal(what: str, before: Any, after: Any) -> Iterator[Difference]:
    if before != after:
        yield Difference(what=what, before=before, after=after)
