"""The HTTP API in this process, with a dispatcher that only notes what it was asked for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from bot.config import Settings
from bot.fleet.room_events import RoomEvent, RoomEvents
from bot.web.api import create_app
from bot.web.keys import Scope, new_key

LIVEKIT_KEY = "devkey"
LIVEKIT_SECRET = "leadline-tests-secret-0123456789abcdef"


@dataclass
class NotingDispatcher:
    """Stands in for LiveKit: keeps what was asked, or fails with `error`."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    error: Exception | None = None

    async def dispatch(
        self,
        room: str,
        playbook: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        call_id: str | None = None,
        until: float | None = None,
    ) -> str:
        if self.error is not None:
            raise self.error
        assert call_id is not None
        self.asked.append(
            {"room": room, "playbook": playbook, "metadata": metadata, "call_id": call_id}
        )
        return call_id


@dataclass
class Api:
    """A client of the API, its keys by name, and what stands behind it."""

    client: httpx.AsyncClient
    app: FastAPI
    settings: Settings
    dispatcher: NotingDispatcher
    keys: dict[str, str]
    heard: list[RoomEvent]

    def as_(self, key: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[key]}"}


ServeApi = Callable[..., AbstractAsyncContextManager[Api]]


@pytest.fixture
def serve_api(tmp_path: Path) -> ServeApi:
    """`async with serve_api(LEADLINE_WEB_DEMO="true") as api`; settings by their names."""

    @asynccontextmanager
    async def serve(**environment: str) -> AsyncIterator[Api]:
        made = {
            "website": new_key("website", [Scope.CALLS_WRITE]),
            "crm": new_key("crm", [Scope.CALLS_READ, Scope.LEADS_READ]),
        }
        settings = Settings(
            **{  # type: ignore[arg-type]
                "LIVEKIT_URL": "ws://127.0.0.1:9",
                "LIVEKIT_API_KEY": LIVEKIT_KEY,
                "LIVEKIT_API_SECRET": LIVEKIT_SECRET,
                "LEADLINE_API_KEYS": ",".join(key.entry for key in made.values()),
                "LEADLINE_DATA_DIR": str(tmp_path),
                **environment,
            }
        )
        dispatcher = NotingDispatcher()
        events = RoomEvents()
        heard: list[RoomEvent] = []

        async def hear(event: RoomEvent) -> None:
            heard.append(event)

        app = create_app(settings, dispatcher=dispatcher, room_events=events)
        events.listen(hear)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://testserver") as client,
        ):
            keys = {name: key.secret for name, key in made.items()}
            yield Api(client, app, settings, dispatcher, keys, heard)

    return serve
