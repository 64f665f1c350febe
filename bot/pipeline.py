"""The chain, from the caller's voice to the bot's, read from top to bottom. Nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pipecat.audio.turn.smart_turn.base_smart_turn import SmartTurnParams
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMAssistantAggregator,
    LLMContextAggregatorPair,
    LLMUserAggregator,
    LLMUserAggregatorParams,
)
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService
from pipecat.services.tts_service import TTSService
from pipecat.transports.base_transport import BaseTransport
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from bot.config import Settings
from processors.attempt import AttemptGate
from processors.bridge import SilenceBridge
from processors.directive import DirectiveProcessor
from processors.lead_qualification import LeadQualificationProcessor


@dataclass(frozen=True)
class Chain:
    """The pipeline, and the parts of it that a call listens to."""

    pipeline: Pipeline
    context: LLMContext
    user: LLMUserAggregator
    assistant: LLMAssistantAggregator


def build_pipeline(
    *,
    settings: Settings,
    transport: BaseTransport,
    stt: FrameProcessor,
    lead_qualification: LeadQualificationProcessor,
    directive: DirectiveProcessor,
    llm: LLMService[Any],
    tts: TTSService,
    bridge: SilenceBridge,
) -> Chain:
    """Build THE chain. An interruption travels through it as a frame."""
    context = LLMContext()
    user, assistant = LLMContextAggregatorPair(context, user_params=_user_turns(settings))
    pipeline = Pipeline(
        [
            transport.input(),  # 48 kHz in, 16 kHz from here on
            VADProcessor(vad_analyzer=_silero(settings)),  # speech starts, speech stops
            stt,  # interim and final transcripts
            lead_qualification,  # hears the caller, keeps the lead
            user,  # ends the turn, adds it to the context
            directive,  # what the next reply must do
            llm,  # streams the reply, whoever fails
            tts,  # sentence by sentence, whoever fails
            AttemptGate(),  # nothing of an abandoned answer
            bridge,  # no long silence
            transport.output(),  # what leaves here has been heard
            assistant,  # adds what was heard to the context
        ]
    )
    return Chain(pipeline, context, user, assistant)


def _silero(settings: Settings) -> SileroVADAnalyzer:
    return SileroVADAnalyzer(
        params=VADParams(
            confidence=settings.vad_confidence,
            start_secs=settings.vad_start_s,
            stop_secs=settings.vad_stop_s,
            min_volume=settings.vad_min_volume,
        )
    )


def _user_turns(settings: Settings) -> LLMUserAggregatorParams:
    smart_turn = LocalSmartTurnAnalyzerV3(
        params=SmartTurnParams(
            stop_secs=settings.incomplete_turn_hold_s,
            pre_speech_ms=settings.vad_padding_s * 1000,
        )
    )
    return LLMUserAggregatorParams(
        user_turn_strategies=UserTurnStrategies(
            stop=[TurnAnalyzerUserTurnStopStrategy(turn_analyzer=smart_turn)]
        ),
        user_turn_stop_timeout=settings.no_transcript_timeout_s,
        user_idle_timeout=settings.idle_timeout_s,
    )
