"""The rubric, the disposition, the summary and the next action: the same lead, the same result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flows import speakable
from flows.consent import Matter
from flows.lead import Lead, Status, same_value
from flows.playbook import Condition, Disposition, Playbook
from flows.summary import also_line, unsettled_line


@dataclass(frozen=True)
class ScoreReason:
    points: int
    why: str
    field: str | None

    def document(self) -> dict[str, Any]:
        return {"points": self.points, "why": self.why, "field": self.field}


def score_reasons(lead: Lead, playbook: Playbook, now: datetime) -> tuple[ScoreReason, ...]:
    """The lines of the rubric that hold, over validated and confirmed values only."""
    settled = lead.settled()
    return tuple(
        ScoreReason(line.points, line.why, line.field)
        for line in playbook.rubric
        if line.field in settled and holds(line.when, settled[line.field], now)
    )


def score(reasons: tuple[ScoreReason, ...]) -> int:
    return sum(reason.points for reason in reasons)


def disposition(lead: Lead, playbook: Playbook, now: datetime) -> Disposition:
    if lead.do_not_contact:
        return Disposition.DO_NOT_CONTACT
    settled = lead.settled()
    missing = [f.key for f in playbook.fields if f.required and f.key not in settled]
    if _unasked(lead, missing):
        return Disposition.INCOMPLETE
    points = score(score_reasons(lead, playbook, now))
    for name in (Disposition.QUALIFIED, Disposition.NURTURE):
        rule = getattr(playbook.dispositions, name.value)
        if points >= rule.score_at_least and all(key in settled for key in rule.known):
            return name
    return Disposition.INCOMPLETE if missing else Disposition.UNQUALIFIED


def _unasked(lead: Lead, missing: list[str]) -> bool:
    """Whether something required is still open; what was refused or unknown was at least asked."""
    return any(lead[key].status in (Status.OPEN, Status.HEARD) for key in missing)


def holds(condition: Condition, value: Any, now: datetime) -> bool:
    if condition.equals is not None and not same_value(value, condition.equals):
        return False
    if condition.mentions and not any(
        word.casefold() in str(value).casefold() for word in condition.mentions
    ):
        return False
    if condition.within_days is not None:
        day = _day(value)
        if day is None or (day - now.date()).days > condition.within_days:
            return False
    if condition.at_least is not None or condition.at_most is not None:
        number = _number(value)
        if number is None:
            return False
        if condition.at_least is not None and number < condition.at_least:
            return False
        if condition.at_most is not None and number > condition.at_most:
            return False
    return True


def _number(value: Any) -> float | None:
    """A count, or money by the year; a range counts by its lower end."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, dict):
        bound = value.get("min") if value.get("min") is not None else value.get("max")
        if isinstance(bound, int | float):
            return float(bound) * (12 if value.get("period") == "month" else 1)
    return None


def _day(value: Any) -> date | None:
    try:
        return datetime.fromisoformat(str(value)).date()
    except ValueError:
        return None


def summary(lead: Lead, playbook: Playbook) -> str:
    """Two or three sentences for sales; every word of it comes from the lead."""
    parts: list[str] = []
    settled = lead.settled()
    for spec in playbook.fields:
        if spec.key not in settled:
            continue
        spoken = speakable.say(
            spec.kind, settled[spec.key], speakable.Style.PLAIN, region=playbook.region
        )
        shown = settled[spec.key] if isinstance(settled[spec.key], str) else spoken
        sure = " (confirmed)" if lead[spec.key].status is Status.CONFIRMED else ""
        parts.append(f"{spec.label}: {shown}{sure}")
    text = "; ".join(parts) if parts else "nothing was learned"
    text = f"{text[:1].upper()}{text[1:]}."
    return f"{text} {unsettled_line(lead, playbook)}".strip()


def next_action(lead: Lead, playbook: Playbook, now: datetime, *, wants_human: bool) -> str:
    """What a sales person should do, in one or two sentences."""
    verdict = disposition(lead, playbook, now)
    if verdict is Disposition.DO_NOT_CONTACT:
        return "Do not contact; remove from all lists."
    settled = lead.settled()
    forbidden = any(settled.get(spec.key) is False for spec in playbook.consents_to(Matter.CONTACT))
    if forbidden:
        return "Do not contact about this: the caller has not agreed to it."
    meeting = next((k for k, v in settled.items() if _is_meeting(playbook, k)), None)
    if wants_human:
        action = "Call back soon: the caller asked for a person."
    elif meeting is not None:
        action = f"Prepare and hold the meeting on {settled[meeting]}."
    elif verdict is Disposition.QUALIFIED:
        action = "Have a specialist get in touch within one working day."
    elif verdict is Disposition.NURTURE:
        action = "Keep in touch; ask again next quarter."
    elif verdict is Disposition.INCOMPLETE:
        missing = [f.label for f in playbook.fields if f.required and f.key not in settled]
        action = f"Complete the lead: {', '.join(missing)} missing."
    else:
        action = "No action needed."
    return f"{action} {also_line(lead)}".strip()


def _is_meeting(playbook: Playbook, key: str) -> bool:
    return playbook.field(key).kind.value == "datetime"
