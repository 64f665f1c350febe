"""`leadline db`: the database's schema."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.config import load_settings
from bot.storage import schema
from bot.storage.engine import TRANSACTION_TIMEOUT_S, guarded, make_engine
from bot.storage.errors import place

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="The database's schema. Every start upgrades it by itself; `upgrade` does it beforehand.",
    epilog="Example: leadline db upgrade",
)


@app.command(epilog="Example: leadline db upgrade")
def upgrade() -> None:
    """Bring the database to this version's revision; an empty one gets its tables."""
    before, where = _with_engine(schema.upgrade, schema.UPGRADE_TIMEOUT_S)
    if before is not None and before >= schema.HEAD_REVISION:
        typer.echo(f"Nothing to do: {where} has revision {before}.")
    else:
        typer.echo(f"Upgraded {where} from {before or 'empty'} to {schema.HEAD_REVISION}.")


@app.command(epilog="Example: leadline db current")
def current() -> None:
    """Print the database's revision, and whether it is this version's."""
    revision, _ = _with_engine(schema.current_revision, TRANSACTION_TIMEOUT_S)
    if revision == schema.HEAD_REVISION:
        note = "up to date"
    elif revision is not None and revision > schema.HEAD_REVISION:
        note = f"newer than this version's {schema.HEAD_REVISION}, which may still write to it"
    else:
        note = f"head: {schema.HEAD_REVISION}"
    typer.echo(f"{revision or 'empty'} ({note})")


def _with_engine(
    work: Callable[[AsyncEngine], Coroutine[Any, Any, str | None]], timeout_s: float
) -> tuple[str | None, str]:
    settings = load_settings()

    async def run() -> tuple[str | None, str]:
        engine = make_engine(settings)
        try:
            return await guarded(engine, work(engine), timeout_s), place(engine.url)
        finally:
            await engine.dispose()

    return asyncio.run(run())
