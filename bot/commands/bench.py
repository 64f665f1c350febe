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
    from flows.playbook import Playbook

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
    through: Annotated[
        str,
        typer.Option(
            help="dialogue, or chat: the real command against a server that lies (a few seconds "
            "a caller; with --llm lying, in a clone).",
            metavar="NAME",
        ),
    ] = "dialogue",
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
    if through not in {"dialogue", "chat"}:
        raise UsageError(f"--through {through}: is neither 'dialogue' nor 'chat'")
    if through == "chat" and llm != "lying":
        raise UsageError("--through chat: is for --llm lying; without an LLM the dialogue is it")
    half = "held-out" if held_out else "development"
    try:
        if through == "chat":
            _lies_through_chat(
                load_playbook(playbook),
                count=personas,
                seed=seed,
                noise=noise,
                half=half,
                as_json=as_json,
            )
            return
        report = run(
            playbook=load_playbook(playbook),
            count=personas,
            seed=seed,
            noise=noise,
            half=half,
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


def _lies_through_chat(
    playbook: Playbook, *, count: int, seed: int, noise: str, half: str, as_json: bool
) -> None:
    import asyncio

    from bot.bench.capture import through_chat

    report = asyncio.run(
        through_chat.run(playbook=playbook, count=count, seed=seed, noise=noise, half=half)
    )
    found = through_chat.document(report)
    if as_json:
        typer.echo(json.dumps(found))
        return
    from rich.console import Console

    console = Console(highlight=False)
    for name, value in found.items():
        if not isinstance(value, dict | list):
            console.print(f"{name.replace('_', ' ')}: {value}")
    for name, each in found["lies"].items():
        console.print(f"  {each:5}  {name}", markup=False)
    for name in ("confirmed_unsaid", "read_backs_misreported", "believed"):
        console.print(f"{name.replace('_', ' ')}: {len(found[name])}")
        for case in found[name]:
            console.print(f"  {case}", markup=False)


@app.command(
    epilog="Example: leadline bench recovery --kills 20 --target job",
    help="Bots are killed in calls on real audio: when the next one is heard, and what was lost. "
    "Needs a clone and livekit-server.",
)
def recovery(  # noqa: PLR0917 - Typer names them
    kills: Annotated[int, typer.Option(min=1, max=10_000, help="How many bots are killed.")] = 12,
    target: Annotated[
        str, typer.Option(help="job: the call's process; worker: all processes of its worker.")
    ] = "job",
    phases: Annotated[
        str,
        typer.Option(
            help="listening, caller, thinking, speaking, readback, ending.", metavar="NAMES"
        ),
    ] = "all",
    seed: Annotated[int, typer.Option(help="Other moments, the same each time.")] = 1,
    keep: Annotated[
        Path | None,
        typer.Option(help="Keep recordings and logs of the calls here.", metavar="FOLDER"),
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.1, help="Begin no further call after so long.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Hold calls whose bots are killed."""
    import asyncio

    from loguru import logger
    from rich.console import Console

    from bot.bench.recovery.benchmark import run
    from bot.bench.recovery.plan import Phase, Target
    from bot.bench.recovery.report import document, show

    chosen = tuple(Phase) if phases == "all" else _chosen("--phases", phases, Phase)
    (kind,) = _chosen("--target", target, Target)[:1]
    logger.remove()
    errors = Console(stderr=True, highlight=False)
    report = asyncio.run(
        run(
            kills=kills,
            target=kind,
            phases=chosen,
            seed=seed,
            keep=keep,
            within_s=60 * minutes if minutes else math.inf,
            progress=lambda line: errors.print(line, markup=False, soft_wrap=True),
        )
    )
    if as_json:
        typer.echo(json.dumps(document(report)))
    else:
        show(report, _wide_console())


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
        "caller_said_p50_ms": round(report.latency.quantile("caller_said", 0.5), 2),
        "caller_said_p99_ms": round(report.latency.quantile("caller_said", 0.99), 2),
        "bot_heard_p50_ms": round(report.latency.quantile("bot_heard", 0.5), 2),
        "bot_heard_p99_ms": round(report.latency.quantile("bot_heard", 0.99), 2),
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
    quantile = report.latency.quantile
    console.print(
        f"Turns: {report.turns_to_clean:.2f} times a clean call's "
        f"({report.clean_turns_a_call:.2f}). Without an end: {report.dialogue.endless}. "
        f"CPU p50/p99: caller_said {quantile('caller_said', 0.5):.1f}/"
        f"{quantile('caller_said', 0.99):.1f} ms, bot_heard {quantile('bot_heard', 0.5):.1f}/"
        f"{quantile('bot_heard', 0.99):.1f} ms."
    )
    for failure in report.dialogue.failures[:failures]:
        console.print(
            f"\n{failure['field']} of {failure['persona']}: {failure['truth']!r} became "
            f"{failure['got']!r} ({failure['status']})"
        )
        for field, bot, said, heard in failure["story"]:
            if field == failure["field"]:
                console.print(f"  bot     {bot}\n  caller  {said}\n  heard   {heard}", markup=False)
