"""The chain, from the caller's voice to the bot's, read from top to bottom. Nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
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
from bot.turn_models import take_turn_models
from bot.turn_start import turn_starts
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
    may_interrupt: Callable[[], bool] = lambda: True,
) -> Chain:
    """Build THE chain. An interruption travels through it as a frame.

    `may_interrupt`: whether the caller's voice cuts the bot off now.
    """
    context = LLMContext()
    models = take_turn_models(settings)
    user, assistant = LLMContextAggregatorPair(
        context, user_params=_user_turns(settings, models.turn, may_interrupt)
    )
    pipeline = Pipeline(
        [
            transport.input(),  # 48 kHz in, 16 kHz from here on
            VADProcessor(vad_analyzer=models.voice),  # speech starts, speech stops
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


def _user_turns(
    settings: Settings,
    turn_analyzer: LocalSmartTurnAnalyzerV3,
    may_interrupt: Callable[[], bool],
) -> LLMUserAggregatorParams:
    return LLMUserAggregatorParams(
        user_turn_strategies=UserTurnStrategies(
            start=turn_starts(may_interrupt),
            stop=[TurnAnalyzerUserTurnStopStrategy(turn_analyzer=turn_analyzer)],
        ),
        user_turn_stop_timeout=settings.no_transcript_timeout_s,
        user_idle_timeout=settings.idle_timeout_s,
    )
