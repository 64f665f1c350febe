"""A run's figures as a table and as a JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bot.bench.faults.benchmark import BUSY_S, Report, Row
from bot.bench.faults.statistics import Spread

COLUMNS: Final = (
    "survived",
    "struck",
    "added, s",
    "longest, s",
    "bridged",
    "twice",
    "lost",
    "lead",
)


def document(report: Report) -> dict[str, Any]:
    """For `--json`. Silences in seconds."""
    found = asdict(report)
    for outcome, raw in zip(report.outcomes, found["outcomes"], strict=True):
        raw["survived"] = outcome.survived
    return found


def show(report: Report, console: Console) -> None:
    """Print it."""
    table = Table(title="Faults in calls (p50 / p95 / max)", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("class", no_wrap=True)
    table.add_column("at", no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in (*report.rows, report.total):
        table.add_row(*_cells(row))
    console.print(table)
    console.print(
        f"{report.calls} calls with faults, {report.control_calls} controls, seed {report.seed}. "
        f"Without a fault the first sound comes after {_text(report.control_first)} s, the longest "
        f"silence of a turn is {_text(report.control_longest)} s. "
        f"With 95 % confidence at least {report.total.survival_at_least:.1%} survive."
    )
    if report.busy_calls:
        console.print(
            f"In {report.busy_calls} calls this machine stood still for over {BUSY_S} s: their "
            "figures are its own."
        )
    for defect in report.control_defects:
        console.print(f"  {defect}", markup=False)
    for outcome in report.outcomes:
        if outcome.survived:
            continue
        each = outcome.injection
        why = {
            "broke": outcome.broke,
            "not answered": "" if outcome.answered else "an utterance has no reply",
            "not whole": outcome.not_whole,
            "twice": ", ".join(outcome.twice),
            "lost": ", ".join(outcome.lost),
            "lead": "; ".join(outcome.lead_differs),
        }
        console.print(
            f"  call {outcome.call}, {each.kind} of {each.service} ({each.moment}): "
            + "; ".join(f"{name}: {what}" for name, what in why.items() if what),
            markup=False,
        )


def _cells(row: Row) -> list[str]:
    return [
        row.kind,
        row.service,
        f"{row.survived}/{row.injections}",
        str(row.struck),
        _text(row.added),
        _text(row.longest),
        str(row.bridged),
        str(row.said_twice),
        str(row.words_lost),
        str(row.lead_differs),
    ]


def _text(spread: Spread) -> str:
    if spread.p50 is None or spread.p95 is None or spread.max is None:
        return "-"
    return f"{spread.p50:.2f} / {spread.p95:.2f} / {spread.max:.2f}"
