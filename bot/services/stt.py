"""The recogniser: Deepgram where there is a key, else the local model."""

from __future__ import annotations

from pipecat.services.stt_service import STTService
from pipecat.transcriptions.language import Language

from bot.config import Settings
from bot.services.endpoints import deepgram_base_url


def build_stt(settings: Settings) -> tuple[str, STTService]:
    """The recogniser's name for the records, and the service."""
    if settings.deepgram_api_key is None:
        from bot.services.local.stt import LocalSTTService

        return "local", LocalSTTService(pre_roll_s=settings.vad_padding_s)
    from pipecat.services.deepgram.stt import DeepgramSTTService

    return "deepgram", DeepgramSTTService(
        api_key=settings.deepgram_api_key.get_secret_value(),
        base_url=deepgram_base_url(settings.deepgram_base_url),
        settings=DeepgramSTTService.Settings(
            model=settings.deepgram_model,
            language=Language.EN,
            interim_results=True,
            smart_format=True,
            punctuate=True,
            profanity_filter=False,
        ),
    )
