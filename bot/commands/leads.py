"""`leadline leads`: the leads, newest first."""

from __future__ import annotations

import asyncio
import json
import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from bot.commands.stored import (
    AsJson,
    Limit,
    Since,
    Yes,
    as_json,
    confirm_erasure,
    console,
    local_time,
    parse_since,
    plain,
    print_json,
    reader_may_leave,
    shown,
    with_store,
)
from bot.config import load_settings
from bot.lead_csv import LeadCsv
from bot.records import LeadRecord
from bot.storage.models import ConsentEntry
from bot.storage.store import Store

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="The leads, newest first. IDs may be shortened to what is unique.",
    epilog="Example: leadline leads list --since 24h",
)

LeadId = Annotated[str, typer.Argument(metavar="ID", help="The lead's id, or its beginning.")]

_STATUS_STYLE = {
    "confirmed": "green",
    "validated": "cyan",
    "heard": "yellow",
    "refused": "red",
    "unknown": "red",
}


_MATTERS = {"contact": "be contacted", "recording": "the recording"}


class Format(StrEnum):
    """What `export` writes."""

    CSV = "csv"
    JSONL = "jsonl"


@app.command("list", epilog="Example: leadline leads list --since 24h --json")
def list_(limit: Limit = 50, since: Since = None, json_: AsJson = False) -> None:
    """List the leads, newest first; also while a call is running."""
    start = parse_since(since)
    leads = with_store(lambda store: store.leads(limit=limit, since=start))
    if json_:
        print_json([as_json(lead) for lead in leads])
    elif not leads:
        typer.echo("No leads yet. `leadline demo` makes one." if since is None else "No leads.")
    else:
        with reader_may_leave():
            console().print(_table(leads))


@app.command(epilog="Example: leadline leads show 3f2a --json")
def show(lead_id: LeadId, json_: AsJson = False) -> None:
    """Show one lead: each field with the words that it came from, score and next action."""

    async def work(store: Store) -> tuple[LeadRecord, list[ConsentEntry]]:
        lead = await store.lead(lead_id)
        return lead, [] if json_ else await store.consents(lead.lead_id)

    lead, consents = with_store(work)
    if json_:
        print_json(as_json(lead))
        return
    with reader_may_leave():
        console().print(Group(_sheet(lead), *map(_consent_line, consents)))


@app.command(epilog="Example: leadline leads export --format csv --since 7d > leads.csv")
def export(
    format: Annotated[
        Format, typer.Option("--format", help="csv: one column for each value; jsonl: all of it.")
    ] = Format.CSV,
    since: Since = None,
) -> None:
    """Write the leads to stdout, newest first, for a spreadsheet or a program."""
    start = parse_since(since)

    async def work(store: Store) -> None:
        rows = LeadCsv(await store.field_shapes(start)) if format is Format.CSV else None
        if rows is not None:
            sys.stdout.write(rows.header())
        async for lead in store.all_leads(start):
            line = rows.row(lead) if rows is not None else _json_line(lead)
            # A reader that is slow must not hold up the event loop's time-outs.
            await asyncio.to_thread(sys.stdout.write, line)
        await asyncio.to_thread(sys.stdout.flush)

    with reader_may_leave():
        with_store(work)


@app.command(epilog="Example: leadline leads erase 3f2a --yes")
def erase(lead_id: LeadId, yes: Yes = False) -> None:
    """Erase the personal data of a lead and of its call for good."""
    confirm_erasure("lead", lead_id, yes=yes)
    from bot.storage.erasure import erase_lead

    settings = load_settings()
    erased = with_store(lambda store: erase_lead(settings, store, lead_id), writable=True)
    typer.echo(f"The lead {erased} and what was said in its call are erased.")


def _json_line(lead: LeadRecord) -> str:
    return json.dumps(as_json(lead), ensure_ascii=False) + "\n"


def _table(leads: list[LeadRecord]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("lead", no_wrap=True, overflow="fold")
    for name in ("began", "disposition"):
        table.add_column(name, no_wrap=True)
    table.add_column("score", justify="right")
    for name in ("name", "company", "e-mail", "next action"):
        table.add_column(name)
    for lead in leads:
        table.add_row(
            lead.lead_id,
            local_time(lead.created_at),
            lead.disposition,
            str(lead.score),
            *(plain(_value(lead, field)) for field in ("name", "company", "email")),
            plain(lead.next_action),
        )
    return table


def _value(lead: LeadRecord, field: str) -> str:
    return shown(lead.fields.get(field, {}).get("value"))


def _consent_line(entry: ConsentEntry) -> Text:
    return plain(
        f"Consent to {_MATTERS.get(entry.matter, entry.matter)}: {entry.verdict}, "
        f"{local_time(entry.at)}, “{entry.words}”",
        "green" if entry.verdict == "given" else "red",
    )


def _sheet(lead: LeadRecord) -> Group:
    fields = Table(box=box.SIMPLE_HEAD)
    for name in ("field", "value", "status", "in the caller's words"):
        fields.add_column(name)
    for name, state in lead.fields.items():
        status = str(state.get("status", ""))
        words = "; ".join(f"“{e.get('text', '')}”" for e in state.get("evidence") or [])
        fields.add_row(
            plain(name),
            plain(shown(state.get("value"))),
            plain(status, _STATUS_STYLE.get(status, "dim")),
            plain(words, "dim"),
        )
    reasons = [plain(f"  {reason.points:+d}  {reason.why}") for reason in lead.score_reasons]
    return Group(
        plain(f"Lead {lead.lead_id}", "bold"),
        plain(
            f"{lead.disposition}, score {lead.score} - call {lead.call_id}, "
            f"{local_time(lead.created_at)}, revision {lead.revision}"
        ),
        fields,
        *reasons,
        plain(f"\n{lead.summary}" if lead.summary else ""),
        plain(f"Next: {lead.next_action}" if lead.next_action else "", "bold"),
    )
