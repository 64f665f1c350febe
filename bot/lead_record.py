"""The lead as it is stored and delivered, made from a conversation."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.records import LeadRecord, ScoreReason
from flows.conversation import Conversation


def lead_record(
    conversation: Conversation, *, lead_id: str, call_id: str, created_at: datetime
) -> LeadRecord:
    """What is known now. The store counts the revision."""
    return LeadRecord(
        lead_id=lead_id,
        call_id=call_id,
        playbook=conversation.playbook.name,
        disposition=conversation.disposition.value,
        score=conversation.score,
        score_reasons=[
            ScoreReason(points=r.points, why=r.why, field=r.field)
            for r in conversation.score_reasons
        ],
        fields=conversation.lead_document(),
        summary=conversation.summary,
        next_action=conversation.next_action,
        created_at=created_at,
        updated_at=datetime.now(UTC),
    )
