"""`leadline calls`: the calls, newest first."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from bot.commands.replay import Replay, replay_call
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
from bot.records import CallRecord, LeadRecord, TurnRecord
from bot.storage.store import Store

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="The calls, newest first. IDs may be shortened to what is unique.",
    epilog="Example: leadline calls list --since 24h",
)

CallId = Annotated[str, typer.Argument(metavar="ID", help="The call's id, or its beginning.")]


@app.command("list", epilog="Example: leadline calls list --limit 10 --json")
def list_(limit: Limit = 50, since: Since = None, json_: AsJson = False) -> None:
    """List the calls, newest first, also those that run or were cut off."""
    start = parse_since(since)
    calls = with_store(lambda store: store.calls(limit=limit, since=start))
    if json_:
        print_json([_without_turns(call) for call in calls])
    elif not calls:
        typer.echo("No calls yet. `leadline demo` makes one." if since is None else "No calls.")
    else:
        with reader_may_leave():
            console().print(_table(calls))


@app.command(epilog="Example: leadline calls show 9c1e --json")
def show(call_id: CallId, json_: AsJson = False) -> None:
    """Show one call: who said what, what was heard, latency and cost."""
    call = with_store(lambda store: store.call(call_id))
    if json_:
        print_json(as_json(call))
        return
    with reader_may_leave():
        console().print(_sheet(call))


@app.command(epilog="Example: leadline calls replay 9c1e --playbook my-playbook.yaml")
def replay(
    call_id: CallId,
    playbook: Annotated[
        str | None,
        typer.Option(metavar="NAME|FILE", help="Another playbook than the call's own."),
    ] = None,
    json_: AsJson = False,
) -> None:
    """Run a call's recorded words through today's playbook and code; show what differs."""

    async def work(store: Store) -> tuple[CallRecord, LeadRecord]:
        call = await store.call(call_id)
        return call, await store.lead(call.lead_id)

    call, lead = with_store(work)
    result = replay_call(
        call, lead, playbook=playbook or call.playbook, recorded=load_settings().recorded
    )
    if json_:
        print_json(result.document())
        return
    with reader_may_leave():
        console().print(_differences(result))


@app.command(epilog="Example: leadline calls erase 9c1e --yes")
def erase(call_id: CallId, yes: Yes = False) -> None:
    """Erase the personal data of a call and of its lead for good."""
    confirm_erasure("call", call_id, yes=yes)
    from bot.storage.erasure import erase_call

    settings = load_settings()
    erased = with_store(lambda store: erase_call(settings, store, call_id), writable=True)
    typer.echo(f"What was said in the call {erased}, and its lead, are erased.")


def _without_turns(call: CallRecord) -> dict[str, Any]:
    document = as_json(call, exclude={"turns"})
    del document["latency"]["turns"]
    return document


def _table(calls: list[CallRecord]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("call", no_wrap=True, overflow="fold")
    for name in ("began", "took", "ended", "transport"):
        table.add_column(name, no_wrap=True)
    for name in ("room", "playbook"):
        table.add_column(name)
    table.add_column("p50 ms", justify="right")
    table.add_column("USD", justify="right")
    for call in calls:
        table.add_row(
            call.call_id,
            local_time(call.started_at),
            _duration(call),
            _ending(call),
            call.transport,
            plain(call.room),
            plain(call.playbook),
            _ms(call.latency.p50_ms),
            f"{call.cost.total_usd:.4f}",
        )
    return table


def _duration(call: CallRecord) -> str:
    if call.ended_at is None:
        return ""
    seconds = round((call.ended_at - call.started_at).total_seconds())
    return f"{seconds // 60}:{seconds % 60:02d}"


def _ending(call: CallRecord) -> str:
    return call.end_reason or "running, or cut off"


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def _sheet(call: CallRecord) -> Group:
    latencies = {latency.n: latency.voice_to_voice_ms for latency in call.latency.turns}
    turns = Table(box=None, show_header=False, padding=(0, 1))
    turns.add_column(justify="right", no_wrap=True)
    turns.add_column(no_wrap=True)
    turns.add_column()
    turns.add_column(justify="right", no_wrap=True)
    for turn in call.turns:
        speaker = Text("bot", style="cyan") if turn.role == "bot" else Text("caller", style="green")
        latency = latencies.get(turn.n)
        timing = f"{latency:.0f} ms" if latency is not None else ""
        turns.add_row(f"{turn.start_s:.1f} s", speaker, _words(turn), Text(timing, style="dim"))
    return Group(
        plain(f"Call {call.call_id}", "bold"),
        plain(
            f"{local_time(call.started_at)}, {_duration(call)} {_ending(call)} - room {call.room}, "
            f"{call.transport}, {call.playbook} - lead {call.lead_id}"
        ),
        Text(),
        turns,
        Text(),
        *_totals(call),
    )


def _words(turn: TurnRecord) -> Text:
    if turn.role == "caller" or not turn.interrupted:
        return plain(turn.heard_text or turn.text)
    words = plain(turn.heard_text)
    return words.append(" (interrupted)", style="yellow")


def _totals(call: CallRecord) -> list[RenderableType]:
    latency = call.latency
    lines: list[RenderableType] = []
    if latency.p50_ms is not None:
        missing = f", {latency.missing} not measured" if latency.missing else ""
        lines.append(
            plain(
                f"Voice to voice: p50 {_ms(latency.p50_ms)} ms, p95 {_ms(latency.p95_ms)} ms "
                f"({len(latency.turns)} turns{missing})"
            )
        )
    lines.append(plain(f"Cost: {call.cost.total_usd:.4f} USD"))
    lines += [
        plain(f"  {line.service}: {line.units:g} {line.unit}, {line.usd:.4f} USD")
        for line in call.cost.lines
    ]
    return lines


def _differences(result: Replay) -> RenderableType:
    title = f"Call {result.call_id}, {result.caller_turns} caller turns, playbook {result.playbook}"
    if not result.differences:
        return plain(f"{title}: nothing differs.")
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    for name in ("", "then", "today"):
        table.add_column(name)
    for difference in result.differences:
        table.add_row(
            plain(difference.what, "bold"),
            plain(_state(difference.before)),
            plain(_state(difference.after)),
        )
    return table


def _state(state: Any) -> str:
    if state is None:
        return "(not in the playbook)"
    if isinstance(state, dict) and "status" in state:
        return f"{shown(state['value'])} ({state['status']})".strip()
    return shown(state)
