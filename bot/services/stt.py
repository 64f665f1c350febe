"""The recognisers, the best first: Deepgram, a second hosted one, and always the local model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pipecat.services.stt_service import STTService
from pipecat.transcriptions.language import Language

from bot.config import Settings
from bot.problems import OnProblem
from bot.services.endpoints import deepgram_base_url
from bot.services.experience import Experience
from bot.services.patience import PatiencePolicy
from bot.services.stt_ladder import SttLadder
from bot.services.stt_rung import SttRung


def build_stt(
    settings: Settings,
    experience: Experience,
    *,
    on_problem: OnProblem = lambda _service, _failure: None,
) -> SttLadder:
    """The call's ladder of recognisers, in the order of `LEADLINE_STT_RUNGS`."""
    patience = PatiencePolicy(
        floor_s=settings.stt_timeout_min_s, ceiling_s=settings.stt_timeout_max_s
    )
    rungs = [
        SttRung(
            name=name,
            service=_BUILDERS[name](settings),
            breaker=experience.breakers.of(f"stt:{name}"),
            patience=experience.patiences.of(f"stt:{name}", patience),
            tells_of_nothing=name == "local",
            can_forget=name == "local",
        )
        for name in settings.stt_order
    ]
    return SttLadder(
        rungs,
        pre_roll_s=settings.vad_padding_s + settings.vad_start_s,
        hedge_ratio=settings.stt_hedge_ratio,
        on_problem=on_problem,
    )


def _deepgram(settings: Settings) -> STTService:
    from bot.services.deepgram_rung import DeepgramRung

    assert settings.deepgram_api_key is not None  # noqa: S101  # `stt_order` has seen to it
    return DeepgramRung(
        api_key=settings.deepgram_api_key.get_secret_value(),
        base_url=deepgram_base_url(settings.deepgram_base_url),
        audio_passthrough=False,
        settings=DeepgramRung.Settings(
            model=settings.deepgram_model,
            language=Language.EN,
            interim_results=True,
            smart_format=True,
            punctuate=True,
            profanity_filter=False,
        ),
    )


def _groq(settings: Settings) -> STTService:
    from pipecat.services.groq.stt import GroqSTTService

    assert settings.groq_api_key is not None  # noqa: S101  # `stt_order` has seen to it
    return GroqSTTService(api_key=settings.groq_api_key.get_secret_value(), audio_passthrough=False)


def _local(settings: Settings) -> STTService:
    from bot.services.local.stt import LocalSTTService, LocalSTTSettings

    return LocalSTTService(
        settings=LocalSTTSettings(pre_roll_secs=settings.vad_padding_s), audio_passthrough=False
    )


# A hosted recogniser behind Deepgram transcribes whole utterances over HTTP: it needs no
# connection that is held, and paid for, in case it is needed.
_BUILDERS: Final[dict[str, Callable[[Settings], STTService]]] = {
    "deepgram": _deepgram,
    "groq": _groq,
    "local": _local,
}
