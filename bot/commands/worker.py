"""`leadline worker`: serves dispatched calls until SIGTERM."""

from __future__ import annotations

import asyncio

import typer

from bot.config import Settings, load_settings

app = typer.Typer()


@app.command(epilog="Example: leadline worker")
def worker() -> None:
    """Serve calls that LiveKit dispatches; on SIGTERM let the running ones end, then exit."""
    settings = load_settings()
    settings.require_livekit()

    from bot.telemetry.logging import configure_logging

    configure_logging(settings.log_level, settings=settings)
    asyncio.run(_serve(settings))


async def _serve(settings: Settings) -> None:
    from bot.fleet.background import background
    from bot.fleet.health import health_app
    from bot.fleet.worker import Worker
    from bot.playbooks import load_playbook
    from bot.web.serving import serving

    # What would fail in every call is said now.
    load_playbook(settings.playbook)
    async with background(settings) as watch:
        worker = Worker(settings=settings, watch=watch)
        async with serving(
            health_app(settings, worker),
            host=settings.worker_host,
            port=settings.worker_port,
            host_name="LEADLINE_WORKER_HOST",
            port_name="LEADLINE_WORKER_PORT",
        ):
            await worker.run()
