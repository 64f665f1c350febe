"""A worker's health over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import cast

import httpx
import pytest
from fastapi import FastAPI

from bot.config import Settings
from bot.fleet.health import health_app
from bot.fleet.worker import Worker
from bot.web import health
from bot.web.serving import serving


@dataclass
class TakenUp:
    is_registered: bool


def page_of(livekit_url: str, *, is_registered: bool) -> httpx.AsyncClient:
    settings = Settings(
        LIVEKIT_URL=livekit_url,
        LIVEKIT_API_KEY="devkey",
        LIVEKIT_API_SECRET="leadline-tests-secret-0123456789abcdef",
    )
    app = health_app(settings, cast("Worker", TakenUp(is_registered)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://worker")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine is no reason to call anything away."""
    monkeypatch.setattr(health, "CHECK_TIMEOUT_S", 30.0)


@pytest.fixture
async def livekit_url() -> AsyncIterator[str]:
    """A server that answers at `/`, which is all that is asked."""
    livekit = FastAPI()
    livekit.get("/")(lambda: "OK")
    async with serving(livekit, port=0) as port:
        yield f"ws://127.0.0.1:{port}"


async def test_a_registered_worker_is_ready(livekit_url: str) -> None:
    async with page_of(livekit_url, is_registered=True) as page:
        answer = await page.get("/readyz")
        assert answer.status_code == 200
        assert answer.json()["checks"] == {"livekit": "ok", "registered": "ok"}


async def test_a_worker_that_is_not_offered_calls_lives_but_is_not_ready(livekit_url: str) -> None:
    async with page_of(livekit_url, is_registered=False) as page:
        assert (await page.get("/readyz")).status_code == 503
        assert (await page.get("/healthz")).json() == {"status": "ok"}


async def test_a_worker_without_its_livekit_is_not_ready() -> None:
    async with page_of("ws://127.0.0.1:9", is_registered=True) as page:
        answer = await page.get("/readyz")
        assert answer.status_code == 503
        assert answer.json()["checks"] == {"livekit": "away", "registered": "ok"}
