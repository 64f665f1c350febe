"""`leadline call`: a simulated caller in a LiveKit room."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.config import Settings, load_settings
from bot.errors import LeadlineError, UsageError
from bot.rooms import check_room_name

if TYPE_CHECKING:
    from bot.caller.persona import Persona
    from bot.caller.simulated import CallReport

app = typer.Typer()


@app.command(epilog="Example: leadline call demo-1 --persona daniel-carter --wav call.wav")
def call(
    room: Annotated[str, typer.Argument(metavar="ROOM", help="The room to call.")],
    persona: Annotated[
        str, typer.Option(help="Who calls: a persona's name, or a YAML file.")
    ] = "daniel-carter",
    wav: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Record both sides: caller left, bot right."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Join a room, talk to the bot there by voice, and leave."""
    check_room_name(room)
    settings = load_settings()
    settings.require_livekit()

    from bot.caller.persona import load_persona
    from bot.telemetry.logging import configure_logging

    configure_logging(settings.log_level, quiet=True, settings=settings)
    # The SDK logs a refused connection before it raises; one line about it is enough.
    logging.getLogger("livekit").setLevel(logging.CRITICAL)
    caller = load_persona(persona)
    if wav is not None:
        _check_writable(wav)
    report = asyncio.run(_call(settings, room, caller, wav))
    if as_json:
        document = {"room": room, **report.as_json(), "wav": str(wav) if wav else None}
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        _print(report, wav)
    if report.left == "no_answer":
        raise LeadlineError("the bot in the room said nothing; see its log")


async def _call(settings: Settings, room: str, persona: Persona, wav: Path | None) -> CallReport:
    from bot.caller.peer_livekit import LiveKitPeer
    from bot.caller.simulated import SimulatedCaller
    from bot.services import local
    from bot.transports import livekit_token

    await asyncio.to_thread(local.preload)
    url, _, _ = settings.require_livekit()
    identity = f"caller-{secrets.token_hex(4)}"
    token = livekit_token(settings, room=room, identity=identity, name=persona.title)
    caller = SimulatedCaller(persona=persona, peer=LiveKitPeer(url=url, token=token))
    report = await caller.run()
    if wav is not None:
        try:
            await asyncio.to_thread(caller.recording.save, wav)
        except OSError as error:
            raise LeadlineError(f"--wav {wav}: cannot be written: {error.strerror}") from None
    return report


def _check_writable(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise UsageError(f"--wav {path}: there is no folder {folder}")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise UsageError(f"--wav {path}: not writable for this user")


def _print(report: CallReport, wav: Path | None) -> None:
    from rich.console import Console

    from bot.commands.stored import plain

    console = Console(highlight=False)
    for said in report.said:
        minutes, seconds = divmod(said.start_s, 60)
        who = "Caller" if said.role == "caller" else "Bot"
        style = "magenta" if said.role == "caller" else "cyan"
        line = plain(f"{int(minutes)}:{seconds:04.1f}  {who:<7}", style)
        line.append_text(plain(said.text))
        console.print(line)
    document = report.as_json()
    median = document["answered_p50_ms"]
    timing = f", answers after {median / 1000:.2f} s (median)" if median is not None else ""
    console.print(
        plain(
            f"{report.duration_s:.0f} s, ended by: {report.left.replace('_', ' ')}{timing}", "dim"
        )
    )
    if wav is not None:
        console.print(plain(f"Recorded in {wav}", "dim"))
