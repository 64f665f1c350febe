"""Whether a worker lives and can take calls, over HTTP, for orchestrators."""

from __future__ import annotations

from fastapi import FastAPI

from bot.config import Settings
from bot.fleet.worker import Worker
from bot.web.health import Readiness, livekit_check, router


def health_app(settings: Settings, worker: Worker) -> FastAPI:
    """``/healthz`` and ``/readyz``: ready from LiveKit's taking it up until its drain.

    livekit-agents' own page is well before the first process is warm: a call that came then
    would find nobody.
    """

    async def registered() -> None:
        if not worker.is_registered:
            raise ConnectionError("LiveKit offers this worker no calls")

    checks = {"livekit": livekit_check(settings), "registered": registered}
    app = FastAPI(openapi_url=None)
    app.state.readiness = Readiness(checks, needed=frozenset(checks))
    app.include_router(router)
    return app
