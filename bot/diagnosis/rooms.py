"""The transports that need a server: LiveKit and Daily."""

from __future__ import annotations

from datetime import timedelta

import httpx

from bot.config import Settings
from bot.diagnosis.finding import (
    Finding,
    host_of,
    incomplete,
    not_configured,
    refused,
    unreachable,
    usable,
)
from bot.services.endpoints import daily_api_url

REQUEST_TIMEOUT_S = 4.0
# Nobody's room: the answer shall be short, and no one else's room names be read.
_NO_ROOM = "leadline-doctor"
_TOKEN_TTL_S = 60


async def check_livekit(settings: Settings) -> Finding:
    """Lists rooms with the key, which proves the address, the key and the secret."""
    named = {
        "LIVEKIT_URL": settings.livekit_url,
        "LIVEKIT_API_KEY": settings.livekit_api_key,
        "LIVEKIT_API_SECRET": settings.livekit_api_secret,
    }
    missing = [name for name, value in named.items() if value is None]
    if len(missing) == len(named):
        return not_configured(
            "livekit",
            "not set: only leadline demo and --transport webrtc work",
            "docker compose up starts one; then copy the three LIVEKIT_ lines of .env.example",
        )
    if missing:
        return incomplete("livekit", f"{', '.join(missing)}: not set", "set all three, or none")
    url, key, secret = settings.require_livekit()
    from livekit.api import AccessToken, VideoGrants

    ttl = timedelta(seconds=_TOKEN_TTL_S)
    token = AccessToken(key, secret).with_ttl(ttl).with_grants(VideoGrants(room_list=True)).to_jwt()
    base = f"http{url.removeprefix('ws')}" if url.startswith("ws") else url
    try:
        # The SDK's own client drops the server's words, which tell a wrong key from a wrong secret.
        async with httpx.AsyncClient(timeout=REQUEST_TIMEOUT_S) as client:
            answer = await client.post(
                f"{base.rstrip('/')}/twirp/livekit.RoomService/ListRooms",
                json={"names": [_NO_ROOM]},
                headers={"Authorization": f"Bearer {token}"},
            )
    except httpx.HTTPError as error:
        return unreachable("livekit", url, "LIVEKIT_URL", error)
    if answer.is_success and "rooms" in answer.text:
        return usable("livekit", f"server at {host_of(url)} takes the key")
    return _livekit_refusal(host_of(url), answer.status_code, answer.text.lower())


def _livekit_refusal(where: str, status: int, words: str) -> Finding:
    if "invalid api key" in words:
        return refused("livekit", f"{where} does not know this key", "correct LIVEKIT_API_KEY")
    if "signature" in words:
        return refused(
            "livekit",
            f"{where} knows the key, and the secret is wrong",
            "correct LIVEKIT_API_SECRET",
        )
    if "expired" in words or "not valid yet" in words or "before" in words:
        return refused(
            "livekit", f"{where} has another time than this machine", "set this machine's clock"
        )
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        return refused(
            "livekit",
            f"{where} refused the key",
            "correct LIVEKIT_API_KEY and LIVEKIT_API_SECRET",
        )
    return refused(
        "livekit",
        f"{where} answered {status}, not as a LiveKit server does",
        "correct LIVEKIT_URL",
    )


async def check_daily(settings: Settings) -> Finding:
    """Lists at most one room with the key: https://docs.daily.co/reference/rest-api/rooms."""
    if settings.daily_api_key is None:
        return not_configured("daily", "not set: --transport daily does not work")
    base = daily_api_url(settings.daily_api_url)
    headers = {"Authorization": f"Bearer {settings.daily_api_key.get_secret_value()}"}
    try:
        async with httpx.AsyncClient(timeout=REQUEST_TIMEOUT_S, headers=headers) as client:
            answer = await client.get(f"{base}/rooms", params={"limit": 1})
    except httpx.HTTPError as error:
        return unreachable("daily", base, "DAILY_API_URL", error)
    if answer.is_success:
        return usable("daily", f"{host_of(base)} takes the key")
    remedies = {
        400: "correct DAILY_API_KEY",
        401: "correct DAILY_API_KEY; it is in Daily's dashboard under developers",
        403: "use a DAILY_API_KEY that may make rooms",
        404: "correct DAILY_API_URL; /rooms is added to it",
    }
    return refused(
        "daily",
        f"{host_of(base)} answered {answer.status_code}",
        remedies.get(answer.status_code, "try again later; see Daily's status page"),
    )
