"""Answers the demo's calls: local speech, the scripted dialogue, SQLite, whatever is configured."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

from bot.call import Call
from bot.config import Settings
from bot.interview import CallListener
from bot.records import CallRecord
from bot.services.experience import new_experience
from bot.storage.store import Store
from bot.transports import webrtc_line
from flows.playbook import Playbook

SAMPLE = "sample"
"""What the simulated caller sends as ``caller`` with its offer."""
_ROOM = {SAMPLE: "demo-sample"}

MakeListeners = Callable[[str], list[CallListener]]
"""Who watches a call, by whose it is: `SAMPLE` or ``visitor``."""


def demo_settings(settings: Settings) -> Settings:
    """The settings without any provider, server or database but the file."""
    return settings.model_copy(
        update={
            "deepgram_api_key": None,
            "groq_api_key": None,
            "openai_api_key": None,
            "anthropic_api_key": None,
            "llm_fallback_url": None,
            "elevenlabs_api_key": None,
            "database_url": None,
            "redis_url": None,
            "transport": "webrtc",
        }
    )


class DemoBot:
    """Holds the calls that come in, and can end them all."""

    def __init__(
        self, *, settings: Settings, playbook: Playbook, store: Store, listeners: MakeListeners
    ) -> None:
        """`settings` are those of `demo_settings`."""
        self._settings = settings
        self._playbook = playbook
        self._store = store
        self._listeners = listeners
        self._experience = new_experience(settings)
        self._calls: set[Call] = set()

    async def answer(
        self, connection: SmallWebRTCConnection, request_data: dict[str, Any]
    ) -> CallRecord:
        """Hold one call."""
        whose = SAMPLE if request_data.get("caller") == SAMPLE else "visitor"
        # The simulated caller keeps the sound for the page's Listen button: he is told so.
        settings = self._settings.model_copy(update={"recorded": whose == SAMPLE})
        call = Call(
            settings=settings,
            playbook=self._playbook,
            line=webrtc_line(connection),
            room=_ROOM.get(whose, "demo-visitor"),
            store=self._store,
            listeners=self._listeners(whose),
            experience=self._experience,
        )
        self._calls.add(call)
        try:
            return await call.run()
        finally:
            self._calls.discard(call)

    async def hang_up(self) -> None:
        """End all calls; each saves what it has."""
        await asyncio.gather(
            *(call.hang_up("drained") for call in list(self._calls)), return_exceptions=True
        )
