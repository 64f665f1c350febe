"""`leadline run`: one bot for one room."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated, cast

import typer

from bot.config import Settings, TransportName, load_settings
from bot.errors import LeadlineError, UsageError

if TYPE_CHECKING:
    from bot.records import CallRecord
    from bot.transports import Line

app = typer.Typer()


@app.command(epilog="Example: leadline run demo-room --json")
def run(
    room: Annotated[str, typer.Argument(help="The room's name.")],
    transport: Annotated[
        str | None, typer.Option(help="livekit, daily or webrtc.", show_default="livekit")
    ] = None,
    playbook: Annotated[str | None, typer.Option(help="A playbook's name, or a YAML file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the call's record.")] = False,
) -> None:
    """Run one bot in one room, until the conversation is over."""
    overrides: dict[str, object] = {}
    if transport is not None:
        if transport not in ("livekit", "daily", "webrtc"):
            raise UsageError(
                f"--transport {transport!r}: not one of livekit, daily, webrtc; choose one"
            )
        overrides["transport"] = cast("TransportName", transport)
    if playbook is not None:
        overrides["playbook"] = playbook
    settings = load_settings(**overrides)

    from bot.rooms import check_room_name
    from bot.telemetry.logging import configure_logging

    configure_logging(settings.log_level, settings=settings)
    call = asyncio.run(_run(settings, check_room_name(room)))
    if as_json:
        typer.echo(call.model_dump_json())
    else:
        typer.echo(f"The call is over ({call.end_reason}). leadline calls show {call.call_id}")
    if call.end_reason == "failed":
        raise LeadlineError("the line to the room was lost; see the log, then try again")


async def _run(settings: Settings, room: str) -> CallRecord:
    from bot.call import Call
    from bot.playbooks import load_playbook
    from bot.storage.store import Store
    from bot.warmup import warm_up

    playbook = load_playbook(settings.playbook)
    async with Store.opened(settings) as store:
        await asyncio.gather(asyncio.to_thread(warm_up, settings), _check_voice(settings))
        call = Call(
            settings=settings,
            playbook=playbook,
            line=await _line(settings, room),
            room=room,
            store=store,
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: asyncio.ensure_future(call.hang_up("drained")))
        return await call.run()


async def _check_voice(settings: Settings) -> None:
    from bot.diagnosis.providers import elevenlabs_card

    finding = await elevenlabs_card(settings)
    if finding and finding.reachable and not finding.usable:
        raise UsageError(f"elevenlabs: {finding.detail}; {finding.remedy}")


async def _line(settings: Settings, room: str) -> Line:
    from uuid import uuid4

    from bot import transports

    if settings.transport == "livekit":
        url, _, _ = settings.require_livekit()
        await transports.check_livekit_room(settings, room)
        token = transports.livekit_token(
            settings,
            room=room,
            identity=f"{transports.BOT_IDENTITY_PREFIX}{uuid4().hex[:12]}",
            name="Leadline",
            agent=True,
        )
        return transports.livekit_line(url=url, token=token, room=room)
    if settings.transport == "daily":
        room_url, daily_token = await transports.create_daily_room(settings, room)
        return transports.daily_line(room_url=room_url, token=daily_token)
    raise UsageError("--transport webrtc: not served by `run` yet; use `leadline demo`")
