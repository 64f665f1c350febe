"""The voice: ElevenLabs where there is a key, else the local voice."""

from __future__ import annotations

from pipecat.services.tts_service import TTSService

from bot.config import Settings
from bot.services.endpoints import elevenlabs_ws_url


def build_tts(settings: Settings) -> tuple[str, TTSService]:
    """The voice's name for the records, and the service."""
    if settings.elevenlabs_api_key is None:
        from bot.services.local.tts import LocalTTSService

        return "local", LocalTTSService()
    from pipecat.services.elevenlabs.tts import ElevenLabsTTSService

    return "elevenlabs", ElevenLabsTTSService(
        api_key=settings.elevenlabs_api_key.get_secret_value(),
        url=elevenlabs_ws_url(settings.elevenlabs_base_url),
        settings=ElevenLabsTTSService.Settings(
            voice=settings.elevenlabs_voice_id, model=settings.elevenlabs_model
        ),
    )
