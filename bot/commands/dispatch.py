"""`leadline dispatch`: asks the fleet for a bot in a room."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated, Any

import typer

from bot.config import Settings, load_settings
from bot.errors import UsageError

app = typer.Typer(add_completion=False)


@app.command(
    epilog="Example: leadline dispatch demo-1 --playbook b2b-software",
    help="Ask the fleet (`leadline worker`) for a bot in ROOM; print the call's id.",
)
def dispatch(
    room: Annotated[str, typer.Argument(metavar="ROOM", help="The room's name.")],
    playbook: Annotated[
        str | None, typer.Option(help="A playbook's name; by default the worker's own.")
    ] = None,
    metadata: Annotated[
        str | None, typer.Option(metavar="JSON", help="An object of JSON to send along.")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Dispatch; whether a worker took it shows in `leadline calls show`."""
    settings = load_settings()
    sent = parse_metadata(metadata)

    from bot.telemetry.logging import configure_logging

    configure_logging(settings.log_level, quiet=True, settings=settings)
    call_id = asyncio.run(_dispatch(settings, room, playbook, sent))
    if as_json:
        typer.echo(json.dumps({"call_id": call_id, "room": room, "agent": settings.agent_name}))
    else:
        typer.echo(call_id)


def parse_metadata(text: str | None) -> dict[str, Any]:
    """`--metadata` as an object.

    Raises:
        UsageError: it is not an object of JSON.
    """
    if text is None:
        return {}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise UsageError('--metadata: not an object of JSON; give one, for example {"source": "x"}')
    return document


async def _dispatch(
    settings: Settings, room: str, playbook: str | None, metadata: dict[str, Any]
) -> str:
    from bot.fleet.front_desk import FrontDesk

    async with FrontDesk(settings) as dispatcher:
        return await dispatcher.dispatch(room, playbook, metadata)
