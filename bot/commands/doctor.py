"""`leadline doctor`: what is set up, what answers, what would serve a call, and what to do."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer

from bot.config import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from bot.diagnosis import Finding

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: leadline doctor --json",
    help="Check each dependency: configured? reachable? usable? With the remedy.",
)
def doctor(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Exit 0 if everything that is configured is usable, 1 if not."""
    settings = load_settings()
    from bot.diagnosis import examine
    from bot.telemetry.logging import configure_logging

    configure_logging("ERROR", quiet=True, settings=settings)
    findings = asyncio.run(examine(settings))
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in findings], ensure_ascii=False))
    else:
        _print_table(findings)
    if not all(finding.is_healthy for finding in findings):
        raise typer.Exit(1)


def _print_table(findings: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("", "configured", "reachable", "usable"):
        table.add_column(heading, no_wrap=True)
    table.add_column("", overflow="fold")
    for finding in findings:
        text = Text(finding.detail)
        if finding.remedy is not None:
            text.append(f"\n-> {finding.remedy}", style="dim" if finding.is_healthy else "yellow")
        table.add_row(
            Text(finding.name, style="bold"),
            _mark(value=finding.configured, bad="dim"),
            _mark(value=finding.reachable),
            _mark(value=finding.usable),
            text,
        )
    console = Console(highlight=False)
    console.print(table)
    unhealthy = [finding.name for finding in findings if not finding.is_healthy]
    if unhealthy:
        console.print(f"\nTo be mended: {', '.join(unhealthy)}", style="yellow", soft_wrap=True)
    else:
        console.print("\nReady for calls.", style="green")


def _mark(*, value: bool | None, bad: str = "red") -> Text:
    from rich.text import Text

    if value is None:
        return Text("-", style="dim")
    return Text("yes", style="green") if value else Text("no", style=bad)
