"""`leadline deliveries`: the outbox."""

from __future__ import annotations

import asyncio
import base64
import secrets
import signal
from contextlib import suppress
from enum import StrEnum
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from bot.commands.stored import (
    AsJson,
    Limit,
    as_json,
    console,
    local_time,
    plain,
    print_json,
    reader_may_leave,
    with_store,
)
from bot.config import Settings, SettingsError, load_settings
from bot.delivery.deliverer import Deliverer, Tally
from bot.delivery.outbox import DeliveryRecord, Outbox
from bot.errors import LeadlineError, UsageError
from bot.storage.store import Store

ONCE_S = 600.0
"""How long `run --once` may take at most."""
SECRET_BYTES = 32

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="The outbox: which lead went where, what waits, what failed. docs/delivery.md says more.",
    epilog="Example: leadline deliveries list --state dead",
)


class State(StrEnum):
    """What `list` can be limited to."""

    PENDING = "pending"
    DELIVERED = "delivered"
    SUPERSEDED = "superseded"
    DEAD = "dead"


_STYLE = {"delivered": "green", "dead": "red", "pending": "yellow", "superseded": "dim"}


@app.command("list", epilog="Example: leadline deliveries list --state dead --json")
def list_(
    limit: Limit = 50,
    state: Annotated[
        list[State] | None, typer.Option("--state", help="Only these; may be repeated.")
    ] = None,
    lead: Annotated[
        str | None, typer.Option("--lead", metavar="ID", help="Only those of one lead.")
    ] = None,
    json_: AsJson = False,
) -> None:
    """List the deliveries, newest first."""
    states = [each.value for each in state or []]

    async def work(store: Store) -> list[DeliveryRecord]:
        return await Outbox(store=store).deliveries(limit=limit, states=states, lead_id=lead)

    found = with_store(work)
    if json_:
        print_json([as_json(record) for record in found])
    elif not found:
        typer.echo(f"No deliveries.{_hint(load_settings())}")
    else:
        with reader_may_leave():
            console().print(_table(found))


@app.command(epilog="Example: leadline deliveries run --once")
def run(
    once: Annotated[bool, typer.Option("--once", help="Only what is due now; then exit.")] = False,
    json_: AsJson = False,
) -> None:
    """Deliver until Ctrl-C, or what is due now.

    With --once the exit code is 1 if an attempt failed; what failed is tried again by the next run.
    """
    settings = load_settings()
    if not settings.delivery_targets:
        raise SettingsError(
            "LEADLINE_WEBHOOK_URL: not set, and no other target either; set it in the environment "
            "or in .env (docs/delivery.md shows how)"
        )
    from bot.telemetry.logging import configure_logging

    configure_logging(settings.log_level, settings=settings)
    tally = asyncio.run(_run(settings, once=once))
    if json_:
        print_json({"delivered": tally.delivered, "retried": tally.retried, "dead": tally.dead})
    else:
        typer.echo(
            f"{tally.delivered} delivered, {tally.retried} to be tried again, {tally.dead} dead."
        )
    if once and (failed := tally.retried + tally.dead):
        raise LeadlineError(
            f"{failed} of {tally.attempts} attempts failed; `leadline deliveries list` says why"
        )


@app.command(epilog="Example: leadline deliveries retry --all-dead")
def retry(
    delivery_id: Annotated[
        str | None, typer.Argument(metavar="ID", help="The delivery's id, or its beginning.")
    ] = None,
    all_dead: Annotated[bool, typer.Option("--all-dead", help="All that were given up.")] = False,
) -> None:
    """Try again what was given up, with all its attempts; what waits is due now."""
    if (delivery_id is None) != all_dead:
        raise UsageError("ID: name one delivery, or say --all-dead")
    if delivery_id is None:
        number = with_store(lambda store: Outbox(store=store).retry_all_dead(), writable=True)
        typer.echo(f"{number} deliveries are due now.")
        return
    record = with_store(lambda store: Outbox(store=store).retry(delivery_id), writable=True)
    typer.echo(f"{record.delivery_id} to {record.target} is due now.")


@app.command(epilog="Example: leadline deliveries secret")
def secret() -> None:
    """Print a new secret for LEADLINE_WEBHOOK_SECRET. It is kept nowhere."""
    typer.echo(f"whsec_{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}")


async def _run(settings: Settings, *, once: bool) -> Tally:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with Store.opened(settings) as store:
        deliverer = Deliverer(settings, store)
        if not once:
            async with deliverer.running():
                await stop.wait()
            return deliverer.tally
        try:
            await deliverer.sweep()
            draining = asyncio.create_task(deliverer.drain(timeout_s=ONCE_S))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({draining, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in (draining, stopping):
                task.cancel()
            await asyncio.gather(draining, stopping, return_exceptions=True)
        finally:
            await deliverer.aclose()
        return deliverer.tally


def _hint(settings: Settings) -> str:
    if settings.delivery_targets:
        return ""
    return " No target is set: LEADLINE_WEBHOOK_URL, or see docs/delivery.md."


def _table(found: list[DeliveryRecord]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("delivery", "lead"):
        table.add_column(name, no_wrap=True, overflow="fold")
    table.add_column("rev.", justify="right")
    for name in ("target", "state", "since", "next attempt"):
        table.add_column(name, no_wrap=True)
    table.add_column("attempts", justify="right")
    table.add_column("what happened")
    for record in found:
        due = record.next_attempt_at
        table.add_row(
            record.delivery_id,
            record.lead_id,
            str(record.revision),
            plain(record.target),
            plain(record.state, _STYLE.get(record.state, "")),
            local_time(record.created_at),
            f"{due.astimezone():%Y-%m-%d %H:%M:%S}" if due is not None else "",
            str(record.attempts),
            plain(record.detail),
        )
    return table
