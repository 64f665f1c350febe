"""Everything slow is done before a call: imports and models.

Pipecat's services and their clients import a second's worth of modules when the first request is
made; in a call that would be a second of silence, with the event loop blocked.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec

from bot.config import Settings

_HOSTED_STT = (
    "pipecat.services.deepgram.stt",
    "deepgram.listen.v1.client",
    "deepgram.listen.v1.raw_client",
    "deepgram.listen.v1.socket_client",
    "deepgram.requests",
    "websockets.sync.client",
)
_SECOND_STT = ("pipecat.services.groq.stt", "openai.resources.audio.transcriptions")
_HOSTED_LLM = (
    "pipecat.services.openai.llm",
    "openai.resources.chat.chat",
    "openai.resources.chat.completions.completions",
    "jiter",
    "httpcore",
    "h11",
    "anyio._backends._asyncio",
)
_SECOND_LLM = ("pipecat.services.anthropic.llm", "anthropic.resources.beta.messages.messages")
_HOSTED_TTS = ("pipecat.services.elevenlabs.tts", "websockets.asyncio.client")


def warm_up(settings: Settings) -> None:
    """Import what the settings' services need and load the local models. Takes seconds."""
    from bot.services.tls import tls_context
    from bot.turn_models import keep_turn_models
    from flows import capture, speakable

    for key, modules in (
        (settings.deepgram_api_key, _HOSTED_STT),
        (settings.groq_api_key, _SECOND_STT),
        (settings.openai_api_key or settings.llm_fallback_url, _HOSTED_LLM),
        (settings.anthropic_api_key if find_spec("anthropic") else None, _SECOND_LLM),
        (settings.elevenlabs_api_key, _HOSTED_TTS),
    ):
        if key is not None:
            for module in modules:
                importlib.import_module(module)
    # Whatever is hosted, the local models are the last rung, and are wanted at once when they are.
    from bot.services import local

    local.preload()
    keep_turn_models(settings)
    tls_context()
    capture.warm_up()
    speakable.warm_up()
