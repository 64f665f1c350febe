"""`leadline demo`: the first thing a newcomer does."""

from __future__ import annotations

import asyncio
import signal
from contextlib import suppress
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.config import Settings, load_settings
from bot.errors import LeadlineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.caller.persona import Persona
    from bot.caller.simulated import SimulatedCaller
    from bot.interview import CallListener
    from bot.web.sample import SampleCall
    from bot.web.terminal import Terminal, WatchedCall

DEFAULT_PORT = 7860
REQUIRED_FIELDS = ("name", "company", "email")
"""What the sample call must bring for `--once` to succeed."""

app = typer.Typer()


@app.command(epilog="Example: leadline demo")
def demo(
    once: Annotated[
        bool, typer.Option("--once", help="Only the sample call; print its lead and exit.")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="The page's port.", show_default=str(DEFAULT_PORT)),
    ] = None,
) -> None:
    """Talk to the bot in the browser, and watch a sample call: no key, no server."""
    settings = load_settings()

    from bot.telemetry.logging import configure_logging
    from bot.web.terminal import Terminal

    configure_logging(settings.log_level, quiet=True, settings=settings)
    # With --once nobody opens the page, so that any free port will do.
    chosen = port if port is not None else (0 if once else DEFAULT_PORT)
    terminal = Terminal()
    try:
        asyncio.run(_demo(settings, terminal, once=once, port=chosen))
    finally:
        terminal.close()


async def _demo(settings: Settings, terminal: Terminal, *, once: bool, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C raises KeyboardInterrupt there.
            loop.add_signal_handler(number, stop.set)
    with TemporaryDirectory(prefix="leadline-demo-") as folder:
        await _serve(settings, terminal, folder=folder, once=once, port=port, stop=stop)


async def _serve(
    settings: Settings,
    terminal: Terminal,
    *,
    folder: str,
    once: bool,
    port: int,
    stop: asyncio.Event,
) -> None:
    with terminal.console.status("Loading the local recogniser and the voice…"):
        # Imports of a second or two, which nobody should wait for without being told.
        from bot.caller.persona import DEFAULT_PERSONA, load_persona
        from bot.delivery.deliverer import Deliverer
        from bot.playbooks import load_playbook
        from bot.storage.store import Store
        from bot.warmup import warm_up
        from bot.web.demo import create_app
        from bot.web.demo_bot import SAMPLE, DemoBot, demo_settings
        from bot.web.sample import SampleCall, SampleListener
        from bot.web.serving import serving

        settings = demo_settings(settings)
        playbook = load_playbook(settings.playbook)
        persona = load_persona(DEFAULT_PERSONA)
        await asyncio.to_thread(warm_up, settings)

    watched: dict[str, WatchedCall] = {}

    def listeners(whose: str) -> list[CallListener]:
        if whose == SAMPLE:
            first_name = persona.title.split()[0]
            title = f"Sample call: {persona.title}, a simulated caller"
            watched[whose] = terminal.watch(title, caller=first_name, colour="blue")
        else:
            watched[whose] = terminal.watch("A call from the page", caller="You", colour="green")
        settling = [SampleListener(app_.state.sample)] if whose == SAMPLE else []
        return [watched[whose], *settling]

    async with Store.opened(settings) as store, Deliverer(settings, store).running():
        bot = DemoBot(settings=settings, playbook=playbook, store=store, listeners=listeners)
        url = ""
        app_ = create_app(
            answer=bot.answer,
            hang_up=bot.hang_up,
            sample=lambda: SampleCall(
                persona=persona, make_caller=_calls(lambda: url, watched), folder=folder
            ),
        )
        async with serving(app_, port=port) as real_port:
            url = f"http://localhost:{real_port}"
            if not once:
                _welcome(terminal, url)
            sample: SampleCall = app_.state.sample
            sample.place()
            await _until(stop, sample.ended() if once else None)
    if once:
        _judge(sample, watched.get(SAMPLE), persona, interrupted=stop.is_set())


def _calls(
    url: Callable[[], str], watched: dict[str, WatchedCall]
) -> Callable[[Persona, Callable[[dict[str, Any]], None]], SimulatedCaller]:
    from bot.caller.peer_webrtc import WebRTCPeer
    from bot.caller.simulated import SimulatedCaller
    from bot.web.demo_bot import SAMPLE

    def make(persona: Persona, watch: Callable[[dict[str, Any]], None]) -> SimulatedCaller:
        def both(message: dict[str, Any]) -> None:
            watch(message)
            if SAMPLE in watched:
                watched[SAMPLE].words(message)

        peer = WebRTCPeer(offer_url=f"{url()}/api/offer", request_data={"caller": SAMPLE})
        return SimulatedCaller(persona=persona, peer=peer, watch=both)

    return make


async def _until(stop: asyncio.Event, over: Any) -> None:
    waits = [asyncio.ensure_future(stop.wait())]
    if over is not None:
        waits.append(asyncio.ensure_future(over))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in waits:
            each.cancel()


def _welcome(terminal: Terminal, url: str) -> None:
    terminal.say(
        "",
        "[bold]Leadline[/bold] qualifies sales leads by voice. All of it runs on this machine.",
        "",
        f"  [bold cyan link={url}]{url}[/]  open it and talk to the bot",
        "  [dim]Ctrl-C ends the demo[/dim]",
    )


def _judge(
    sample: SampleCall, watched: WatchedCall | None, persona: Persona, *, interrupted: bool
) -> None:
    if interrupted:
        raise LeadlineError("stopped before the sample call was over")
    if sample.error is not None:
        raise LeadlineError(f"the sample call failed: {sample.error}")
    lead = watched.lead if watched else None
    fields = lead.fields if lead else {}
    wrong = [
        f"{name} is {fields.get(name, {}).get('value')!r} and not {persona.truth[name]!r}"
        for name in REQUIRED_FIELDS
        if fields.get(name, {}).get("value") != persona.truth[name]
    ]
    if wrong:
        raise LeadlineError(
            f"the sample call did not bring the whole lead: {'; '.join(wrong)}; run it again, and "
            "see `leadline doctor` if it happens twice"
        )
