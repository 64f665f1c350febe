"""`leadline web`: the HTTP API, LiveKit's webhooks, health, and a page to talk to the bot."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Annotated

import typer

from bot.config import Settings, load_settings

app = typer.Typer(add_completion=False)

HOST = "127.0.0.1"
PORT = 8080
MAX_CONNECTIONS = 500
KEEP_ALIVE_S = 10


@app.callback(invoke_without_command=True, epilog="Example: leadline web --port 8080")
def web(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0: all.")] = HOST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port.")] = PORT,
) -> None:
    """Serve the HTTP API, LiveKit's webhooks and health, until SIGTERM or Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    settings = load_settings()

    from bot.telemetry.logging import configure_logging

    configure_logging(settings.log_level, settings=settings)
    asyncio.run(_serve(settings, host, port))


@app.command(epilog="Example: leadline web key website --scope calls:write")
def key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who gets it, e.g. website.")],
    scope: Annotated[
        list[str],
        typer.Option(help="calls:write, calls:read or leads:read; may be given several times."),
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Make an API key: print it, once, and its entry for LEADLINE_API_KEYS."""
    from bot.web.keys import new_key

    made = new_key(name, scope)
    if as_json:
        typer.echo(json.dumps({"name": name, "key": made.secret, "entry": made.entry}))
        return
    typer.echo(made.secret)
    typer.echo("Give this key to its holder: it is shown only now. Add to LEADLINE_API_KEYS:")
    typer.echo(made.entry)


async def _serve(settings: Settings, host: str, port: int) -> None:
    from loguru import logger

    from bot.web.api import create_app
    from bot.web.serving import serving

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    application = create_app(settings)
    async with serving(
        application,
        host=host,
        port=port,
        max_connections=MAX_CONNECTIONS,
        keep_alive_s=KEEP_ALIVE_S,
    ) as taken:
        logger.info("Serving on http://{}:{}", host, taken)
        if not settings.api_keys and not settings.web_demo:
            logger.warning(
                "LEADLINE_API_KEYS is not set: nobody may start a call or read a lead; "
                "`leadline web key` makes a key"
            )
        await stop.wait()
