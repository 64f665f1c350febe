"""The hosted voices that the settings ask for: whether each could be built."""

from __future__ import annotations

import asyncio

from bot.config import Settings
from bot.diagnosis.finding import Finding, incomplete, not_configured, usable

NAME = "voices"


async def check_voices(settings: Settings) -> Finding:
    """Looks for each voice's key and for the extra of its client; asks no provider."""
    if not settings.tts_fallbacks:
        return not_configured(NAME, "no hosted voice below ElevenLabs: the local voice is next")
    return await asyncio.to_thread(_look, settings)


def _look(settings: Settings) -> Finding:
    from bot.services.tts import wanted_voices, why_not

    wanted = wanted_voices(settings)
    todo = {hosted.name: todo for hosted in wanted if (todo := why_not(hosted, settings))}
    if todo:
        return incomplete(NAME, f"{', '.join(todo)} cannot speak", "; ".join(todo.values()))
    return usable(
        NAME, f"{', '.join([*(hosted.name for hosted in wanted), 'local'])} in this order"
    )
