"""The summary and the next action for sales: the LLM's words where they are true, or ours."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flows import speakable
from flows.consent import Matter
from flows.lead import SETTLED, Lead, Status
from flows.playbook import Disposition, Playbook
from flows.summary_check import unsupported
from flows.summary_facts import Facts

FIELDS_AT_LEAST = 2
"""Of a lead with fewer settled fields there is nothing to sum up."""


@dataclass(frozen=True)
class Summary:
    """Both texts, and why an LLM's were not taken (kinds of claims, never words)."""

    summary: str
    next_action: str
    refused: tuple[str, ...] = ()


def is_worth_it(lead: Lead, playbook: Playbook) -> bool:
    """Whether an LLM may be asked: there is something to say, and nobody asked to be left alone."""
    if lead.do_not_contact or playbook.language != "en":
        return False
    return len(lead.settled()) >= FIELDS_AT_LEAST


def material(lead: Lead, playbook: Playbook, *, disposition: Disposition, now: datetime) -> str:
    """What the LLM gets to see, as JSON: settled values and what became of the other fields."""
    fields: list[dict[str, Any]] = []
    for spec in playbook.fields:
        state = lead[spec.key]
        entry: dict[str, Any] = {"field": spec.label, "status": state.status.value}
        if state.status in SETTLED:
            entry["value"] = state.value
            entry["spoken"] = speakable.say(
                spec.kind, state.value, speakable.Style.PLAIN, region=playbook.region
            )
        fields.append(entry)
    document = {
        "now": now.isoformat(timespec="minutes"),
        "disposition": disposition.value,
        "fields": fields,
    }
    return json.dumps(document, ensure_ascii=False)


def best(
    proposal: object,
    template: Summary,
    *,
    lead: Lead,
    playbook: Playbook,
    disposition: Disposition,
    score: int,
) -> Summary:
    """The LLM's `{"summary", "next_action"}` as far as the lead bears it out, else the template's.

    What must not be forgotten (fields that were refused or not settled, what a person has to do)
    is ours and always stands behind the LLM's words.
    """
    if not isinstance(proposal, dict) or not is_worth_it(lead, playbook):
        return template
    facts = Facts(lead, playbook, disposition=disposition.value, score=score)
    refused: list[str] = []

    def taken(key: str, *, action: bool) -> str | None:
        text = proposal.get(key)
        if not isinstance(text, str):
            refused.append(f"{key}: no text")
            return None
        reason = unsupported(text, facts, action=action)
        if reason is not None:
            refused.append(f"{key}: {reason}")
            return None
        return " ".join(text.split())

    summary = taken("summary", action=False)
    action = taken("next_action", action=True) if _may_be_contacted(lead, playbook) else None
    return Summary(
        summary=_joined(summary, unsettled_line(lead, playbook)) or template.summary,
        next_action=_joined(action, also_line(lead)) or template.next_action,
        refused=tuple(refused),
    )


def unsettled_line(lead: Lead, playbook: Playbook) -> str:
    """ "Not shared: budget. Not settled: e-mail address. To do: ..."; empty if nothing is left."""
    lines = []
    for status, words in ((Status.REFUSED, "Not shared"), (Status.UNKNOWN, "Not settled")):
        labels = [f.label for f in playbook.fields if lead[f.key].status is status]
        if labels:
            lines.append(f"{words}: {', '.join(labels)}.")
    if lead.follow_ups:
        lines.append(f"To do: {' '.join(lead.follow_ups)}")
    return " ".join(lines)


def also_line(lead: Lead) -> str:
    """What a person has to take care of besides; empty if nothing."""
    return f"Also: {' '.join(lead.follow_ups)}" if lead.follow_ups else ""


def _joined(text: str | None, ours: str) -> str | None:
    return f"{text} {ours}".strip() if text is not None else None


def _may_be_contacted(lead: Lead, playbook: Playbook) -> bool:
    """An LLM proposes an action only where the caller has agreed to be contacted."""
    asked = playbook.consents_to(Matter.CONTACT)
    return all(lead[f.key].status in SETTLED and lead.value(f.key) is True for f in asked)
