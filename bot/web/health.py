"""Whether the service lives (``/healthz``) and can serve (``/readyz``)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Literal

import httpx
from fastapi import APIRouter, Request, Response
from loguru import logger
from pydantic import BaseModel
from redis.asyncio import Redis

from bot.config import Settings
from bot.web.store_access import StoreAccess

CHECK_TIMEOUT_S: Final = 2.0
FRESH_FOR_S: Final = 1.0
"""So long an answer is repeated: asking often must not load what is asked about."""

Check = Callable[[], Awaitable[object]]
Verdict = Literal["ok", "away"]

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class Ready(BaseModel):
    """What the service stands on. Without Redis it goes on by itself."""

    status: Literal["ready", "not ready"]
    checks: dict[str, Verdict]


class Readiness:
    """Asks each dependency, at most once a second."""

    def __init__(self, checks: Mapping[str, Check], *, needed: frozenset[str]) -> None:
        """Make it of the checks by name.

        Args:
            checks: each raises if its dependency is not usable.
            needed: those without which the service is not ready.
        """
        self._checks = dict(checks)
        self._needed = needed
        self._lock = asyncio.Lock()
        self._last: tuple[float, Ready] | None = None

    async def ask(self) -> Ready:
        """The state now, or that of up to `FRESH_FOR_S` ago."""
        async with self._lock:
            now = time.monotonic()
            if self._last is None or now - self._last[0] > FRESH_FOR_S:
                verdicts = await asyncio.gather(*map(self._verdict, self._checks))
                checks = dict(zip(self._checks, verdicts, strict=True))
                ready = all(checks[name] == "ok" for name in self._needed & checks.keys())
                answer = Ready(status="ready" if ready else "not ready", checks=checks)
                self._last = (time.monotonic(), answer)
            return self._last[1]

    async def _verdict(self, name: str) -> Verdict:
        try:
            await asyncio.wait_for(self._checks[name](), CHECK_TIMEOUT_S)
        except Exception as error:
            logger.warning("{} is away: {}", name, type(error).__name__)
            return "away"
        return "ok"


def livekit_check(settings: Settings) -> Check:
    """Whether LiveKit's server answers."""
    url, _, _ = settings.require_livekit()
    livekit_url = "http" + url.removeprefix("http").removeprefix("ws")

    async def livekit() -> None:
        async with httpx.AsyncClient(timeout=CHECK_TIMEOUT_S, trust_env=False) as client:
            (await client.get(livekit_url)).raise_for_status()

    return livekit


def readiness_of(settings: Settings, store: StoreAccess) -> Readiness:
    """The database, LiveKit, and Redis where there is one."""

    async def database() -> None:
        await (await store.get()).calls(limit=1)

    checks: dict[str, Check] = {"database": database, "livekit": livekit_check(settings)}
    redis_url = settings.redis_url
    if redis_url is not None:

        async def redis() -> None:
            async with Redis.from_url(redis_url, socket_timeout=CHECK_TIMEOUT_S) as client:
                await client.ping()

        checks["redis"] = redis
    return Readiness(checks, needed=frozenset({"database", "livekit"}))


@router.get("/healthz", summary="Whether the process answers")
async def healthz() -> Health:
    """Asks nobody else."""
    return Health()


@router.get(
    "/readyz",
    summary="Whether calls can be started and read",
    responses={503: {"model": Ready, "description": "Not ready"}},
)
async def readyz(request: Request, response: Response) -> Ready:
    """503 while the database or LiveKit is away."""
    readiness: Readiness = request.app.state.readiness
    answer = await readiness.ask()
    if answer.status != "ready":
        response.status_code = 503
    return answer
