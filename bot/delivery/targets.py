"""The targets of the settings, ready to be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from bot.config import Settings
from bot.delivery.files import CsvTarget, JsonlTarget
from bot.delivery.target import Target, registered
from bot.delivery.webhook import WebhookTarget
from bot.errors import UsageError
from bot.playbooks import load_playbook
from bot.records import LeadRecord
from flows.capture import Kind

_PARTS: dict[Kind, tuple[str, ...]] = {
    Kind.MONEY: ("min", "max", "currency", "period"),
    Kind.COUNT: ("min", "max"),
}


def build_targets(settings: Settings) -> list[Target]:
    """One target for each name in `settings.delivery_targets`, in that order.

    Raises:
        UsageError: a CRM that is not installed.
    """
    targets: list[Target] = [
        WebhookTarget(
            address=address,
            allowed=settings.allowed_private,
            timeout_s=settings.webhook_timeout_s,
        )
        for address in settings.webhooks
    ]
    if settings.delivery_csv is not None:
        targets.append(CsvTarget(name="csv", path=settings.delivery_csv, shapes=columns_of))
    if settings.delivery_jsonl is not None:
        targets.append(JsonlTarget(name="jsonl", path=settings.delivery_jsonl))
    crms = settings.delivery_targets[len(targets) :]
    return [*targets, *(registered(name)(settings) for name in crms)]


def columns_of(lead: LeadRecord) -> Mapping[str, Sequence[str]]:
    """The lead's fields with the parts that their values can have, for a new table.

    What this lead has is not enough: the next one may have a budget.
    """
    kinds: dict[str, Kind] = {}
    with suppress(UsageError):  # A playbook of one's own has a file that we do not know.
        kinds = {field.key: field.kind for field in load_playbook(lead.playbook).fields}
    shapes: dict[str, Sequence[str]] = {}
    for name, state in lead.fields.items():
        value = state.get("value")
        own = tuple(value) if isinstance(value, dict) else ()
        shapes[name] = tuple(dict.fromkeys((*_PARTS.get(kinds.get(name, Kind.TEXT), ()), *own)))
    return shapes
