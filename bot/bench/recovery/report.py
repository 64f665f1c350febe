"""A run's figures as a table and as a JSON document."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bot.bench.faults.statistics import Spread
from bot.bench.recovery.benchmark import Report
from bot.bench.recovery.plan import Target

WHAT = {Target.JOB: "the call's process", Target.WORKER: "a worker with all its processes"}


def document(report: Report) -> dict[str, Any]:
    """For `--json`. Seconds."""
    found = asdict(report)
    for outcome, raw in zip(report.outcomes, found["outcomes"], strict=True):
        raw["survived"] = outcome.survived
    return found


def show(report: Report, console: Console) -> None:
    """Print it."""
    table = Table(title=f"kill -9 of {WHAT[report.target]}", title_justify="left", box=SIMPLE_HEAD)
    table.add_column("phase", no_wrap=True)
    for name in ("survived", "audible p50 / p95 / max, s"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in (*report.rows, report.total):
        table.add_row(row.phase, f"{row.survived}/{row.kills}", _text(row.audible))
    console.print(table)
    lost = [each for outcome in report.outcomes for each in outcome.lost]
    console.print(
        f"{report.calls} calls, seed {report.seed}. "
        f"Lost: {'; '.join(lost) or 'nothing'}. "
        f"Left behind: {', '.join(report.left_behind) or 'nothing'}.",
        markup=False,
    )
    for outcome in report.outcomes:
        if not outcome.survived:
            console.print(f"  {asdict(outcome)}", markup=False)


def _text(spread: Spread) -> str:
    if spread.p50 is None or spread.p95 is None or spread.max is None:
        return "-"
    return f"{spread.p50:.2f} / {spread.p95:.2f} / {spread.max:.2f}"
