"""The models that hear when somebody speaks, and when they are done: ready before the call.

A session of a model takes 0.1 to 1 s to make, with the event loop blocked. So a process that waits
for a call keeps a pair; whoever takes it owns it, and the next taker makes a new one.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipecat.audio.turn.smart_turn.base_smart_turn import SmartTurnParams
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams

from bot.config import Settings


@dataclass(frozen=True)
class TurnModels:
    """One call's own: both keep what they have heard."""

    voice: SileroVADAnalyzer
    turn: LocalSmartTurnAnalyzerV3


_kept: list[tuple[tuple[float, ...], TurnModels]] = []


def keep_turn_models(settings: Settings) -> None:
    """Have a pair ready for the next call of this process."""
    if not _kept:
        _kept.append((_key(settings), _made(settings)))


def take_turn_models(settings: Settings) -> TurnModels:
    """A pair that nobody has used."""
    for number, (key, models) in enumerate(_kept):
        if key == _key(settings):
            del _kept[number]
            return models
    return _made(settings)


def _key(settings: Settings) -> tuple[float, ...]:
    return (
        settings.vad_confidence,
        settings.vad_start_s,
        settings.vad_stop_s,
        settings.vad_min_volume,
        settings.incomplete_turn_hold_s,
        settings.vad_padding_s,
    )


def _made(settings: Settings) -> TurnModels:
    return TurnModels(
        voice=SileroVADAnalyzer(
            params=VADParams(
                confidence=settings.vad_confidence,
                start_secs=settings.vad_start_s,
                stop_secs=settings.vad_stop_s,
                min_volume=settings.vad_min_volume,
            )
        ),
        turn=LocalSmartTurnAnalyzerV3(
            params=SmartTurnParams(
                stop_secs=settings.incomplete_turn_hold_s,
                pre_speech_ms=settings.vad_padding_s * 1000,
            )
        ),
    )
