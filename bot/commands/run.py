"""`leadline run`: one bot for one room."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from bot.config import Settings, TransportName, load_settings
from bot.errors import LeadlineError, UsageError

if TYPE_CHECKING:
    from bot.call import Call
    from bot.records import CallRecord
    from bot.storage.store import Store
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
    from bot.delivery.deliverer import delivered_afterwards
    from bot.playbooks import load_playbook
    from bot.storage.journal import journal_folder
    from bot.storage.replay import replay_journals
    from bot.storage.store import Store
    from bot.warmup import warm_up

    playbook = load_playbook(settings.playbook)
    await _check_room(settings, room)
    async with Store.opened(settings) as store, delivered_afterwards(settings, store):
        await asyncio.gather(
            asyncio.to_thread(warm_up, settings),
            _check_voice(settings),
            replay_journals(store, journal_folder(settings.data_dir)),
        )

        async def talk(line: Line) -> CallRecord:
            from bot.call import Call

            call = Call(settings=settings, playbook=playbook, line=line, room=room, store=store)
            _hang_up_on_signals(call)
            return await call.run()

        if settings.transport == "webrtc":
            return await _serve_one_page(settings, talk)
        if settings.transport == "livekit":
            return await _hold(settings, store, room)
        return await talk(await _daily_line(settings, room))


async def _hold(settings: Settings, store: Store, room: str) -> CallRecord:
    """In a LiveKit room the call has a lease and checkpoints: a fleet's watch would go on with it.

    Its bot has the call's identity: whoever goes on puts this one's ghost out of the room.
    """
    from uuid import uuid4

    from bot.call import Call
    from bot.fleet.job import bot_line, holder_of
    from bot.resumption import claim_call
    from bot.storage.live import LiveState

    async with LiveState.opened(settings, store) as live:
        claim = await claim_call(
            settings=settings, live=live, holder=holder_of(f"run-{uuid4().hex[:12]}")
        )
        if claim is None:
            raise LeadlineError("another bot has taken the call; try again")
        try:
            call = Call(
                settings=settings,
                line=bot_line(settings, room=room, call_id=claim.call_id),
                room=room,
                store=store,
                **claim.for_call(live),
            )
        except BaseException:
            await claim.lease.release(is_over=True)
            raise
        _hang_up_on_signals(call)
        return await call.run()


def _hang_up_on_signals(call: Call) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, call.ask_to_end)


async def _serve_one_page(
    settings: Settings, talk: Callable[[Line], Awaitable[CallRecord]]
) -> CallRecord:
    """SmallWebRTC needs no server but this process: a page on this machine, for one caller."""
    from bot.transports import webrtc_line
    from bot.web.demo import create_app
    from bot.web.serving import serving

    record: asyncio.Future[CallRecord] = asyncio.get_running_loop().create_future()
    answered = asyncio.Event()

    async def answer(connection: Any, _data: dict[str, Any]) -> None:
        answered.set()
        try:
            record.set_result(await talk(webrtc_line(connection)))
        except Exception as error:
            record.set_exception(error)

    async with serving(create_app(answer=answer, max_calls=1), port=0) as port:
        typer.echo(f"Open http://localhost:{port} and call the bot.", err=True)
        try:
            await asyncio.wait_for(answered.wait(), settings.no_caller_timeout_s)
        except TimeoutError:
            raise LeadlineError(
                f"nobody opened the page within {settings.no_caller_timeout_s:.0f} s; "
                "LEADLINE_NO_CALLER_TIMEOUT_S sets how long to wait"
            ) from None
        return await record


async def _check_room(settings: Settings, room: str) -> None:
    """Say what is wrong with the room before anything slow begins."""
    from bot import transports

    if settings.transport == "livekit":
        await transports.check_livekit_room(settings, room)
    elif settings.transport == "daily":
        transports.require_daily(settings)


async def _check_voice(settings: Settings) -> None:
    from bot.diagnosis.providers import elevenlabs_card

    finding = await elevenlabs_card(settings)
    if finding and finding.reachable and not finding.usable:
        raise UsageError(f"elevenlabs: {finding.detail}; {finding.remedy}")


async def _daily_line(settings: Settings, room: str) -> Line:
    from bot import transports

    room_url, daily_token = await transports.create_daily_room(settings, room)
    return transports.daily_line(room_url=room_url, token=daily_token)
