"""The voice: ElevenLabs, then whoever else has a key, then the local voice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from loguru import logger
from pipecat.services.tts_service import TTSService

from bot.config import Settings
from bot.problems import OnProblem
from bot.services.endpoints import elevenlabs_ws_url, openai_base_url
from bot.services.experience import Experience
from bot.services.patience import PatiencePolicy
from bot.services.tts_ladder import CONTEXT_TIMEOUT_S, TTSLadder
from bot.services.tts_rungs import HostedVoice, Voice
from bot.services.turn_budget import TurnBudget

BRIDGE = "One moment."

FIRST_AUDIO_START_S = 0.8
"""Patience with a voice of which the process knows nothing yet."""

WAITING_AT_MOST = 2
"""Jobs that may wait for the process's one local voice before it does nothing on suspicion: other
calls' callers wait for what it really has to say."""


@dataclass(frozen=True)
class HostedTTS:
    """A hosted voice: Pipecat's class for it, whose extra may be missing, and what it is given."""

    name: str
    module: str
    cls: str
    key: Callable[[Settings], str | None]
    arguments: Callable[[Settings], dict[str, Any]] = lambda _: {}
    chosen: Callable[[Settings], dict[str, Any]] = lambda _: {}


def _key(field: str) -> Callable[[Settings], str | None]:
    def of(settings: Settings) -> str | None:
        secret = getattr(settings, field)
        return secret.get_secret_value() if secret else None

    return of


def _fallback(name: str, field: str) -> Callable[[Settings], str | None]:
    """A key that another stage uses too says nothing about the voice: it must be asked for."""

    def of(settings: Settings) -> str | None:
        return _key(field)(settings) if name in settings.tts_fallbacks else None

    return of


HOSTED: tuple[HostedTTS, ...] = (
    HostedTTS(
        "elevenlabs",
        "pipecat.services.elevenlabs.tts",
        "ElevenLabsTTSService",
        _key("elevenlabs_api_key"),
        lambda s: {"url": elevenlabs_ws_url(s.elevenlabs_base_url)},
        lambda s: {"voice": s.elevenlabs_voice_id, "model": s.elevenlabs_model},
    ),
    HostedTTS(
        "openai",
        "pipecat.services.openai.tts",
        "OpenAITTSService",
        _fallback("openai", "openai_api_key"),
        lambda s: {"base_url": openai_base_url(s.openai_base_url)},
    ),
    HostedTTS(
        "deepgram",
        "pipecat.services.deepgram.tts",
        "DeepgramTTSService",
        _fallback("deepgram", "deepgram_api_key"),
    ),
    HostedTTS(
        "cartesia",
        "pipecat.services.cartesia.tts",
        "CartesiaTTSService",
        _fallback("cartesia", "cartesia_api_key"),
        chosen=lambda s: {"voice": s.cartesia_voice_id},
    ),
)
"""In order of preference. Below them all is the local voice."""


def build_tts(
    settings: Settings,
    *,
    experience: Experience,
    opening_line: str,
    budget: TurnBudget,
    on_problem: OnProblem,
) -> TTSLadder:
    """The ladder: who has a key, and the local voice below them."""
    from bot.services.local.tts import LocalTTSService
    from bot.services.local.voice import engine as local_voice

    voices: list[Voice] = [
        HostedVoice(hosted.name, service)
        for hosted in HOSTED
        if (service := _service(hosted, settings)) is not None
    ]
    voices.append(
        HostedVoice(
            "local",
            LocalTTSService(stop_frame_timeout_s=CONTEXT_TIMEOUT_S),
            may_work_ahead=lambda: local_voice().pending < WAITING_AT_MOST,
        )
    )
    return TTSLadder(
        voices=voices,
        experience=experience,
        bridge_text=BRIDGE,
        opening_line=opening_line,
        budget=budget,
        on_problem=on_problem,
        patience=PatiencePolicy(
            floor_s=min(settings.first_audio_floor_s, settings.first_audio_timeout_s),
            ceiling_s=settings.first_audio_timeout_s,
            start_s=min(FIRST_AUDIO_START_S, settings.first_audio_timeout_s),
        ),
    )


def _service(hosted: HostedTTS, settings: Settings) -> TTSService | None:
    key = hosted.key(settings)
    if key is None:
        return None
    try:
        cls = getattr(import_module(hosted.module), hosted.cls)
    except ImportError:
        logger.warning("{} has a key, but its extra of pipecat-ai is not installed", hosted.name)
        return None
    service: TTSService = cls(
        api_key=key,
        **hosted.arguments(settings),
        settings=cls.Settings(**hosted.chosen(settings)),
    )
    return service
