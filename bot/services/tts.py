"""The voice: ElevenLabs, then whoever else has a key, then the local voice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from loguru import logger
from pipecat.services.tts_service import TTSService
from pydantic import SecretStr

from bot.config import Settings
from bot.problems import OnProblem
from bot.services.endpoints import deepgram_ws_url, elevenlabs_ws_url, openai_base_url
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
    """A hosted voice: Pipecat's class for it, and what it is given.

    Parameters:
        name: as in the settings and the records.
        module: where Pipecat's class is; importing it fails where its extra is not installed.
        cls: the class.
        extra: of pipecat-ai.
        settings: what must be set for it.
        arguments: of the constructor, from the settings.
        chosen: the provider's own settings, e.g. the voice; None leaves it to the class.
    """

    name: str
    module: str
    cls: str
    extra: str
    settings: tuple[str, ...]
    arguments: Callable[[Settings], dict[str, Any]]
    chosen: Callable[[Settings], dict[str, Any]] = lambda _: {}


HOSTED: tuple[HostedTTS, ...] = (
    HostedTTS(
        "elevenlabs",
        "pipecat.services.elevenlabs.tts",
        "ElevenLabsTTSService",
        "elevenlabs",
        ("elevenlabs_api_key",),
        lambda s: {
            "api_key": _secret(s.elevenlabs_api_key),
            "url": elevenlabs_ws_url(s.elevenlabs_base_url),
        },
        lambda s: {"voice": s.elevenlabs_voice_id, "model": s.elevenlabs_model},
    ),
    HostedTTS(
        "openai",
        "pipecat.services.openai.tts",
        "OpenAITTSService",
        "openai",
        ("openai_api_key",),
        lambda s: {
            "api_key": _secret(s.openai_api_key),
            "base_url": openai_base_url(s.openai_base_url),
        },
    ),
    HostedTTS(
        "google",
        "pipecat.services.google.tts",
        "GoogleTTSService",
        "google",
        ("google_credentials",),
        lambda s: {"credentials_path": str(s.google_credentials)},
        lambda s: {"voice": s.google_voice},
    ),
    HostedTTS(
        "azure",
        "pipecat.services.azure.tts",
        "AzureTTSService",
        "azure",
        ("azure_speech_key", "azure_speech_region"),
        lambda s: {"api_key": _secret(s.azure_speech_key), "region": s.azure_speech_region},
        lambda s: {"voice": s.azure_speech_voice},
    ),
    HostedTTS(
        "deepgram",
        "pipecat.services.deepgram.tts",
        "DeepgramTTSService",
        "deepgram",
        ("deepgram_api_key",),
        lambda s: {
            "api_key": _secret(s.deepgram_api_key),
            "base_url": deepgram_ws_url(s.deepgram_base_url),
        },
    ),
    HostedTTS(
        "cartesia",
        "pipecat.services.cartesia.tts",
        "CartesiaTTSService",
        "cartesia",
        ("cartesia_api_key",),
        lambda s: {"api_key": _secret(s.cartesia_api_key)},
        lambda s: {"voice": s.cartesia_voice_id},
    ),
)
"""Who can speak. ElevenLabs, where it has a key, is the first; the others serve in the order of
`LEADLINE_TTS_FALLBACKS`, since a key that another stage uses says nothing about the voice. Below
them all is the local voice.

ElevenLabs, OpenAI, Deepgram and Cartesia are tried through their own clients against emulators.
Google's client speaks gRPC and Azure's is a native library, both to hosts of their own: of those
two only the construction is tried, where their extras are installed."""


def wanted_voices(settings: Settings) -> list[HostedTTS]:
    """The hosted voices that the settings ask for, the best first."""
    table = {hosted.name: hosted for hosted in HOSTED}
    first = ["elevenlabs"] if settings.elevenlabs_api_key else []
    return [table[name] for name in (*first, *settings.tts_fallbacks)]


def why_not(hosted: HostedTTS, settings: Settings) -> str | None:
    """What has to be done before a voice can speak; None if nothing has."""
    for field in hosted.settings:
        if getattr(settings, field) is None:
            return f"set {type(settings).model_fields[field].validation_alias} for {hosted.name}"
    try:
        import_module(hosted.module)
    except ImportError:
        return f'install the extra of {hosted.name}: uv pip install "pipecat-ai[{hosted.extra}]"'
    return None


def build_tts(
    settings: Settings,
    *,
    experience: Experience,
    opening_line: str,
    beginnings: Sequence[str] = (),
    budget: TurnBudget,
    on_problem: OnProblem,
) -> TTSLadder:
    """The ladder: who has a key, and the local voice below them."""
    from bot.services.local.tts import LocalTTSService
    from bot.services.local.voice import engine as local_voice

    voices: list[Voice] = [
        HostedVoice(hosted.name, service)
        for hosted in wanted_voices(settings)
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
        beginnings=beginnings,
        budget=budget,
        on_problem=on_problem,
        patience=PatiencePolicy(
            floor_s=min(settings.first_audio_floor_s, settings.first_audio_timeout_s),
            ceiling_s=settings.first_audio_timeout_s,
            start_s=min(FIRST_AUDIO_START_S, settings.first_audio_timeout_s),
        ),
    )


def _service(hosted: HostedTTS, settings: Settings) -> TTSService | None:
    todo = why_not(hosted, settings)
    if todo is not None:
        logger.error("{} cannot speak: {}", hosted.name, todo)
        return None
    try:
        return make_service(hosted, settings)
    except Exception as error:  # The client's own view of a key or a file; the others speak.
        logger.error("{} cannot be used: {}", hosted.name, error)
        return None


def make_service(hosted: HostedTTS, settings: Settings) -> TTSService:
    """Pipecat's service for it. Raises whatever its constructor does."""
    cls = getattr(import_module(hosted.module), hosted.cls)
    chosen = {name: value for name, value in hosted.chosen(settings).items() if value is not None}
    service: TTSService = cls(**hosted.arguments(settings), settings=cls.Settings(**chosen))
    return service


def _secret(secret: SecretStr | None) -> str:
    return secret.get_secret_value() if secret else ""
