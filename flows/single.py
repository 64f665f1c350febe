"""What one utterance alone would be captured as: the rules without a conversation."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flows.capture import Answer, Kind, Surroundings, Utterance, answer, read_all
from flows.playbook import Playbook
from flows.turn import ASKED_CONFIDENCE, VOLUNTEERED_CONFIDENCE, cleaned
from flows.values import NO_NEED, is_mostly_a_value


def capture_once(
    text: str,
    *,
    playbook: Playbook,
    now: datetime,
    asked: str | None = None,
    confirming: str | None = None,
) -> tuple[dict[str, Any], Answer]:
    """Values by field, and the answer. `asked` and `confirming` are the playbook's keys.

    Raises KeyError for a key that the playbook does not have.
    """
    asked_field = playbook.field(asked) if asked is not None else None
    around = Surroundings(
        now=now.astimezone(playbook.zone),
        asked=asked_field.kind if asked_field is not None else None,
        confirming=playbook.field(confirming).kind if confirming is not None else None,
        region=playbook.region,
        currency=playbook.currency,
        language=playbook.language,
        options=tuple(asked_field.options) if asked_field is not None else (),
    )
    utterance = Utterance.of(cleaned(text))
    if not utterance.text:
        return {}, Answer.OTHER
    found = read_all(tuple({f.kind for f in playbook.fields}), utterance, around)
    said = answer(utterance, around)
    if said in NO_NEED or is_mostly_a_value(found, len(utterance.text.split())):
        found.pop(Kind.TEXT, None)
    values: dict[str, Any] = {}
    for field in playbook.fields:
        near = field.key in (asked, confirming)
        peers = [p.key for p in playbook.fields_of(field.kind)]
        if not near and (len(peers) > 1 and (asked in peers or confirming in peers)):
            continue
        least = ASKED_CONFIDENCE if near else VOLUNTEERED_CONFIDENCE
        for candidate in found.get(field.kind, ()):
            if candidate.value is not None and candidate.confidence >= least:
                values[field.key] = candidate.value
                break
    return values, said
