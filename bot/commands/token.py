"""`leadline token`: lets a person into a LiveKit room."""

from __future__ import annotations

import json
import re
import secrets
from datetime import timedelta
from typing import Annotated
from urllib.parse import urlencode

import typer

from bot.config import load_settings
from bot.errors import UsageError
from bot.rooms import check_identity, check_room_name

app = typer.Typer(add_completion=False)

# LiveKit's own page for trying out a room; the token stays in the browser.
MEET_URL = "https://meet.livekit.io/custom"
MAX_TTL = timedelta(days=30)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_TTL = re.compile(r"(\d{1,9})([smhd])")


def parse_ttl(text: str) -> timedelta:
    """A duration such as `30m`, `1h` or `2d`.

    Raises:
        UsageError: malformed, zero, or more than 30 days.
    """
    match = _TTL.fullmatch(text.strip().lower())
    ttl = timedelta(**{_UNITS[match[2]]: int(match[1])}) if match else timedelta(0)
    if not timedelta(0) < ttl <= MAX_TTL:
        raise UsageError(f"--ttl: {text!r} is not a duration; give 30m, 1h or up to 30d")
    return ttl


@app.command(
    epilog="Example: leadline token demo-1 --identity jane --ttl 30m",
    help="Print a LiveKit token for a person in ROOM, and a link that opens the room.",
)
def token(
    room: Annotated[str, typer.Argument(metavar="ROOM", help="The room's name.")],
    identity: Annotated[
        str | None,
        typer.Option(help="Who joins; by default a new guest. One identity is in a room once."),
    ] = None,
    ttl: Annotated[str, typer.Option(help="How long one can join with it: 30m, 1h, 2d.")] = "1h",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON document on stdout.")
    ] = False,
) -> None:
    """Make a token; LiveKit itself is not asked."""
    check_room_name(room)
    who = check_identity(identity) if identity is not None else f"guest-{secrets.token_hex(3)}"
    valid_for = parse_ttl(ttl)
    url, key, secret = load_settings().require_livekit()
    jwt = person_token(key=key, secret=secret, room=room, identity=who, ttl=valid_for)
    link = f"{MEET_URL}?{urlencode({'liveKitUrl': websocket_url(url), 'token': jwt})}"
    if as_json:
        document = {
            "room": room,
            "identity": who,
            "ttl_s": int(valid_for.total_seconds()),
            "url": url,
            "token": jwt,
            "link": link,
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
        return
    typer.echo(jwt)
    typer.echo(link)


def websocket_url(url: str) -> str:
    """LiveKit's URL as browsers' clients want it: ws(s)://."""
    scheme, separator, rest = url.partition("://")
    return {"http": "ws", "https": "wss"}.get(scheme, scheme) + separator + rest


def person_token(
    *, key: str, secret: str, room: str, identity: str, ttl: timedelta, name: str | None = None
) -> str:
    """A token with which a person can speak, listen and type in one room, and nothing else."""
    from livekit.api import AccessToken, VideoGrants

    grants = VideoGrants(
        room_join=True, room=room, can_publish=True, can_subscribe=True, can_publish_data=True
    )
    return (
        AccessToken(key, secret)
        .with_identity(identity)
        .with_name(name or identity)
        .with_ttl(ttl)
        .with_grants(grants)
        .to_jwt()
    )
