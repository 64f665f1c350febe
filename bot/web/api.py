"""The HTTP API as an ASGI application: what a website or a telephony webhook needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Annotated, Final

from fastapi import APIRouter, Body, FastAPI, Request, Response
from livekit import api

from bot.call_limits import CallLimits
from bot.config import Settings
from bot.fleet.dispatch import Dispatcher
from bot.fleet.front_desk import FrontDesk
from bot.fleet.room_events import RedisRoomEvents, RoomEvent, RoomEvents
from bot.web import browser, health, livekit_webhook, problems, records_api
from bot.web.access import holder_of
from bot.web.bounds import Bounds
from bot.web.call_desk import CallDesk, StartCall, StartedCall
from bot.web.health import readiness_of
from bot.web.keys import ApiKey, ApiKeys, Scope
from bot.web.store_access import StoreAccess

LIVEKIT_TIMEOUT_S: Final = 3.0
_DESCRIPTION: Final = """\
Starts calls and reads what they have left. Every error is an RFC 9457 problem
(`application/problem+json`) whose `detail` says what to do.
"""

calls = APIRouter(tags=["calls"])


@calls.post(
    "/calls",
    summary="Start a call",
    status_code=201,
    responses=problems.responses(400, 401, 403, 413, 422, 429, 503),
)
async def start_call(
    request: Request,
    response: Response,
    key: Annotated[ApiKey, holder_of(Scope.CALLS_WRITE)],
    body: Annotated[StartCall | None, Body()] = None,
) -> StartedCall:
    """Names a room, sends a bot there, and makes a token for one caller."""
    desk: CallDesk = request.app.state.desk
    started = await desk.start(body or StartCall(), key=key.name)
    response.headers["Location"] = f"/calls/{started.call_id}"
    return started


def create_app(
    settings: Settings,
    *,
    dispatcher: Dispatcher | None = None,
    room_events: RoomEvents | None = None,
) -> FastAPI:
    """The application; it connects to nothing before its first request.

    Args:
        settings: must have a LiveKit server.
        dispatcher: who sends the bots; LiveKit's own dispatch by default.
        room_events: takes LiveKit's webhooks; `listen` on it to get them.

    Raises:
        SettingsError: LiveKit or LEADLINE_API_KEYS is not right.
    """
    _, key, secret = settings.require_livekit()
    keys = ApiKeys.parse(settings.api_keys)
    events = room_events or RoomEvents()
    limits = CallLimits.of(settings, existing_rooms=lambda rooms: _existing_rooms(settings, rooms))
    store = StoreAccess(settings)
    own_dispatcher = FrontDesk(settings) if dispatcher is None else None

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(store.aclose)
            stack.push_async_callback(limits.aclose)
            if own_dispatcher is not None:
                stack.push_async_callback(own_dispatcher.aclose)
            if settings.redis_url is not None:
                passed_on = RedisRoomEvents(settings.redis_url)
                stack.push_async_callback(passed_on.aclose)
                events.listen(passed_on.publish)
            events.listen(_end_of_call(limits))
            await stack.enter_async_context(events.running())
            yield

    app = FastAPI(
        title="Leadline",
        version=version("leadline"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        # Their pages load scripts from another host; /openapi.json stays.
        docs_url=None,
        redoc_url=None,
    )
    app.state.keys = keys
    app.state.store = store
    app.state.desk = CallDesk(
        settings=settings, dispatcher=dispatcher or _given(own_dispatcher), limits=limits
    )
    app.state.room_events = events
    app.state.readiness = readiness_of(settings, store)
    app.state.webhook_receiver = livekit_webhook.webhook_receiver(key, secret)
    problems.install(app)
    app.add_middleware(Bounds)
    app.middleware("http")(_safe_headers)
    for router in (calls, records_api.router, livekit_webhook.router, health.router):
        app.include_router(router)
    if settings.web_demo:
        browser.add_page(app, livekit_url=app.state.desk.public_url)
    return app


async def _safe_headers(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    response = await call_next(request)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    # Tokens and callers' data: no cache on the way may keep them.
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _given(dispatcher: FrontDesk | None) -> FrontDesk:
    assert dispatcher is not None  # noqa: S101 - made where none was given.
    return dispatcher


def _end_of_call(limits: CallLimits) -> Callable[[RoomEvent], Awaitable[None]]:
    async def ended(event: RoomEvent) -> None:
        if event.kind == "room_finished":
            await limits.release(event.room)

    return ended


async def _existing_rooms(settings: Settings, rooms: Collection[str]) -> set[str]:
    url, key, secret = settings.require_livekit()
    client = api.LiveKitAPI(url, key, secret, failover=False)
    try:
        # The client's own time-out does not hold: it asks each request without one.
        async with asyncio.timeout(LIVEKIT_TIMEOUT_S):
            found = await client.room.list_rooms(api.ListRoomsRequest(names=list(rooms)))
    finally:
        await client.aclose()
    return {room.name for room in found.rooms}
