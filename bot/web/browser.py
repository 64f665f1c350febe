"""The page on which one talks to the bot in a LiveKit room, and the calls that it starts.

Only where LEADLINE_WEB_DEMO says so: whoever can open the page can call, without a key.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse

from bot.web.call_desk import CallDesk, StartCall, StartedCall
from bot.web.problems import Problem, responses

STATIC: Final = Path(__file__).parent / "static"
DEMO_KEY: Final = "demo"
"""The name under which the page's calls are counted."""
_FILES: Final = {
    "/room.js": "text/javascript",
    "/app.css": "text/css",
    "/favicon.svg": "image/svg+xml",
    "/LICENSES.txt": "text/plain; charset=utf-8",
}

router = APIRouter(tags=["page"])


@router.post(
    "/browser/calls",
    summary="For the page: start a call without a key",
    status_code=201,
    responses=responses(403, 429, 503),
)
async def start(request: Request) -> StartedCall:
    """A new room with a bot in it. Other sites' pages are refused."""
    origin = request.headers.get("origin")
    if origin is None or urlsplit(origin).netloc != request.headers.get("host"):
        raise Problem(HTTPStatus.FORBIDDEN, "only this service's own page may start a call here")
    desk: CallDesk = request.app.state.desk
    return await desk.start(StartCall(), key=DEMO_KEY)


def add_page(app: FastAPI, *, livekit_url: str) -> None:
    """Serve the page, which connects to `livekit_url` and to nothing else."""
    app.include_router(router)
    headers = _headers(livekit_url)

    @app.get("/", include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(STATIC / "room.html", media_type="text/html", headers=headers)

    for path, media_type in _FILES.items():
        app.add_route(path, _file(path, media_type, headers), include_in_schema=False)


def _file(
    path: str, media_type: str, headers: dict[str, str]
) -> Callable[[Request], Awaitable[Response]]:
    async def file(_request: Request) -> Response:
        return FileResponse(STATIC / path[1:], media_type=media_type, headers=headers)

    return file


def _headers(livekit_url: str) -> dict[str, str]:
    host = urlsplit(livekit_url).netloc
    secure = livekit_url.startswith("wss://")
    # LiveKit's client asks over HTTP why a WebSocket was refused.
    sources = f"wss://{host} https://{host}" if secure else f"ws://{host} http://{host}"
    if host.endswith(".livekit.cloud"):
        sources += " wss://*.livekit.cloud https://*.livekit.cloud"  # Its regions.
    return {
        "Content-Security-Policy": (
            f"default-src 'self'; connect-src 'self' {sources}; object-src 'none'; "
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        ),
        "Permissions-Policy": "microphone=(self), camera=()",
        "Cache-Control": "no-cache",
    }
