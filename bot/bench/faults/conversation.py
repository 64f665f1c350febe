"""The conversation without a fault, as the dialogue's own code holds it: what is due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.bench.faults.matrix import SCRIPT
from bot.playbooks import load_playbook
from flows.conversation import Conversation

PLAYBOOK = "b2b-software"
Settled = dict[str, tuple[str, str]]
"""A lead: each field's value, as text in small letters, and its status."""


@dataclass(frozen=True)
class Due:
    """The bot's replies, the greeting first, and the lead after each."""

    replies: list[str]
    leads: list[Settled]


def without_a_fault() -> Due:
    """Hold the whole script."""
    conversation = Conversation(playbook=load_playbook(PLAYBOOK), clock=lambda: datetime.now(UTC))
    due = Due([], [])

    def heard(reply: str) -> None:
        conversation.bot_began()
        conversation.bot_heard(reply, complete=True)
        due.replies.append(reply)
        due.leads.append(settled(conversation.lead_document()))

    heard(conversation.greeting())
    for utterance in SCRIPT:
        conversation.caller_said(utterance.written)
        heard(conversation.reply())
    return due


def settled(fields: Mapping[str, Mapping[str, Any]]) -> Settled:
    """What a lead says, without when and how it was said, nor how a recogniser spells it."""
    return {
        key: (" ".join(str(field["value"]).lower().split()), str(field["status"]))
        for key, field in fields.items()
    }
