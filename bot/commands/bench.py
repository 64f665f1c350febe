"""`leadline bench`: the benchmarks."""

from __future__ import annotations

import asyncio
import json
import math
import signal
from collections.abc import Coroutine
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from bot.errors import UsageError

if TYPE_CHECKING:
    from bot.bench.capture.benchmark import Report, Result

WIDE = 120
TERMINATED = 128 + signal.SIGTERM
"""The exit code of a run that was told to go."""

Done = TypeVar("Done")

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The benchmarks.")


@app.callback()
def _bench() -> None:
    """One command for each benchmark."""


@app.command(
    epilog="Example: leadline bench capture --noise 0.27 --personas 300",
    help="How well callers' values are captured, and what a naive slot filler makes of them.",
)
def capture(  # noqa: PLR0917 - Typer names them
    noise: Annotated[
        str,
        typer.Option(help="An error rate such as 0.27, or: clean, recogniser.", metavar="NOISE"),
    ] = "clean",
    personas: Annotated[int, typer.Option(min=1, max=5000, help="Simulated callers.")] = 200,
    seed: Annotated[int, typer.Option(help="Other callers, the same each time.")] = 1,
    held_out: Annotated[
        bool,
        typer.Option("--held-out", help="The half of callers that nothing was tuned on."),
    ] = False,
    typing: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of callers who type when asked to.  [0.8]"),
    ] = None,
    llm: Annotated[
        str,
        typer.Option(help="none, or lying: one that claims confirmations.", metavar="NAME"),
    ] = "none",
    playbook: Annotated[
        str, typer.Option(help="A playbook's name, or a YAML file.", metavar="NAME|FILE")
    ] = "b2b-software",
    failures: Annotated[
        int, typer.Option(min=0, help="Show so many values that went wrong, with their turns.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Run simulated callers through the dialogue."""
    from bot.bench.capture.benchmark import run
    from bot.playbooks import load_playbook

    if llm not in {"none", "lying"}:
        raise UsageError(f"--llm {llm}: is neither 'none' nor 'lying'")
    try:
        report = run(
            playbook=load_playbook(playbook),
            count=personas,
            seed=seed,
            noise=noise,
            half="held-out" if held_out else "development",
            typing=typing,
            lying=llm == "lying",
        )
    except ValueError:
        raise UsageError(
            f"--noise {noise}: is neither a rate from 0 to 1, nor 'clean', nor 'recogniser'"
        ) from None
    if as_json:
        typer.echo(json.dumps(_document(report)))
        return
    _print(report, failures)


@app.command(
    epilog="Example: leadline bench faults --injections 3 --services llm,tts",
    help="Providers fail in calls on real audio: who survives, and how much silence is added. "
    "Needs a clone and livekit-server.",
)
def faults(  # noqa: PLR0917 - Typer names them
    injections: Annotated[
        int, typer.Option(min=1, max=10_000, help="Of each class at each service.")
    ] = 3,
    classes: Annotated[
        str, typer.Option(help="Fault classes, e.g. refuse,slow.", metavar="NAMES")
    ] = "all",
    services: Annotated[
        str, typer.Option(help="Who fails: stt, llm, tts, all (all at once).", metavar="NAMES")
    ] = "stt,llm,tts,all",
    moments: Annotated[
        str, typer.Option(help="Where in the call: start, answer, readback.", metavar="NAMES")
    ] = "start,answer,readback",
    seed: Annotated[int, typer.Option(help="Another order, the same each time.")] = 1,
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep recordings and logs of calls with defects here.", metavar="FOLDER"),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="Begin no further call after so long.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Hold calls in which faults are switched on and off."""
    from loguru import logger
    from rich.console import Console

    from bot.bench.faults.benchmark import run
    from bot.bench.faults.matrix import FaultClass, Moment, Service, matrix
    from bot.bench.faults.report import document, show

    cells = matrix(
        kinds=tuple(FaultClass) if classes == "all" else _chosen("--classes", classes, FaultClass),
        services=_chosen("--services", services, Service),
        moments=_chosen("--moments", moments, Moment),
        injections=injections,
    )
    logger.remove()  # Faults are logged as what they are; here they are wanted.
    errors = Console(stderr=True, highlight=False)
    try:
        report = asyncio.run(
            _until_terminated(
                run(
                    cells,
                    seed=seed,
                    keep=keep,
                    within_s=60 * minutes if minutes else math.inf,
                    progress=lambda line: errors.print(line, markup=False, soft_wrap=True),
                )
            )
        )
    except asyncio.CancelledError:
        raise typer.Exit(TERMINATED) from None
    if as_json:
        typer.echo(json.dumps(document(report)))
    else:
        show(report, _wide_console())


async def _until_terminated(work: Coroutine[Any, Any, Done]) -> Done:
    """Let SIGTERM end the work as Ctrl-C does: what it has started ends with it.

    Raises:
        CancelledError: it came.
    """
    task = asyncio.ensure_future(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


def _wide_console() -> Any:
    """A table of figures is not folded where its output goes into a file."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


Name = TypeVar("Name", bound=StrEnum)


def _chosen(option: str, names: str, among: type[Name]) -> tuple[Name, ...]:
    """The named members.

    Raises:
        UsageError: one of the names is none.
    """
    chosen = []
    for name in filter(None, (each.strip() for each in names.split(","))):
        try:
            chosen.append(among(name))
        except ValueError:
            known = ", ".join(among)
            raise UsageError(f"{option}: {name!r} is not one of: {known}") from None
    if not chosen:
        raise UsageError(f"{option}: names none")
    return tuple(dict.fromkeys(chosen))


def _document(report: Report) -> dict[str, Any]:
    return {
        "noise": report.noise,
        "seed": report.seed,
        "half": report.half,
        "personas": report.personas,
        "dialogue": _result(report.dialogue),
        "naive": _result(report.naive),
        "clean_turns_a_call": round(report.clean_turns_a_call, 2),
        "turns_to_clean": round(report.turns_to_clean, 3),
        "caller_said_p99_ms": round(report.latency.p99("caller_said"), 2),
        "bot_heard_p99_ms": round(report.latency.p99("bot_heard"), 2),
    }


def _result(result: Result) -> dict[str, Any]:
    from dataclasses import asdict

    total = result.total
    return {
        "exact": _share(total.exact, total.given),
        "confirmed_and_wrong": _share(total.confirmed_wrong, total.given),
        "wrong": _share(total.wrong, total.given),
        "unknown": _share(total.unknown, total.given),
        "turns_a_call": round(result.turns_a_call, 2),
        "calls_without_end": result.endless,
        "fields": {key: asdict(count) for key, count in result.fields.items()},
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 5) if whole else 0.0


def _print(report: Report, failures: int) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    console.print(
        f"{report.personas} callers, noise {report.noise}, seed {report.seed}, {report.half} half"
    )
    for title, result in (("the dialogue", report.dialogue), ("a naive filler", report.naive)):
        table = Table(title=title, title_justify="left")
        table.add_column("field")
        for name in ("given", "exact", "confirmed, wrong", "wrong", "unknown", "turns a call"):
            table.add_column(name, justify="right")
        rows = [*result.fields.items(), ("all", result.total)]
        for key, count in rows:
            table.add_row(
                key,
                str(count.given),
                f"{_share(count.exact, count.given):.2%}",
                f"{_share(count.confirmed_wrong, count.given):.2%}",
                f"{_share(count.wrong, count.given):.2%}",
                f"{_share(count.unknown, count.given):.2%}",
                f"{(result.turns if key == 'all' else count.turns) / max(1, result.calls):.2f}",
            )
        console.print(table)
    latency = report.latency
    console.print(
        f"Turns: {report.turns_to_clean:.2f} times a clean call's "
        f"({report.clean_turns_a_call:.2f}). Without an end: {report.dialogue.endless}. "
        f"CPU p99: caller_said {latency.p99('caller_said'):.1f} ms, "
        f"bot_heard {latency.p99('bot_heard'):.1f} ms."
    )
    for failure in report.dialogue.failures[:failures]:
        console.print(
            f"\n{failure['field']} of {failure['persona']}: {failure['truth']!r} became "
            f"{failure['got']!r} ({failure['status']})"
        )
        for field, bot, said, heard in failure["story"]:
            if field == failure["field"]:
                console.print(f"  bot     {bot}\n  caller  {said}\n  heard   {heard}", markup=False)
