"""The lead as it is stored and delivered, made from a conversation."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.records import ConsentRecord, LeadRecord, ScoreReason
from flows.capture import Kind
from flows.conversation import Conversation
from flows.summary import Summary


def lead_record(
    conversation: Conversation,
    *,
    lead_id: str,
    call_id: str,
    created_at: datetime,
    written: Summary | None = None,
) -> LeadRecord:
    """What is known now, summed up by `written` or else by the template. The store counts the
    revision."""
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
        summary=written.summary if written else conversation.summary,
        next_action=written.next_action if written else conversation.next_action,
        created_at=created_at,
        updated_at=datetime.now(UTC),
        consents=consent_records(conversation),
    )


def consent_records(conversation: Conversation) -> list[ConsentRecord]:
    """The ledger's entries, with whom they are about as far as it is known."""
    email, phone = (_value_of(conversation, kind) for kind in (Kind.EMAIL, Kind.PHONE))
    return [
        ConsentRecord(
            matter=consent.matter.value,
            verdict=consent.verdict.value,
            words=consent.text,
            turn=consent.turn,
            at=consent.at,
            source=consent.source.value,
            email=email,
            phone=phone,
        )
        for consent in conversation.consents
    ]


def _value_of(conversation: Conversation, kind: Kind) -> str | None:
    values = (conversation.lead.value(spec.key) for spec in conversation.playbook.fields_of(kind))
    return next((value for value in values if isinstance(value, str)), None)
