"""A provider's service that hangs or fails while it is set up holds up neither start nor end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pipecat.frames.frames import (
    LLMContextFrame,
    LLMFullResponseEndFrame,
    StartFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.services.llm_service import LLMService
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService

from bot.services import hosting
from bot.services.continuation import ReplyPlan
from bot.services.experience import Experience
from bot.services.llm_answer import LLMTerms
from bot.services.llm_ladder import LLMLadder
from bot.services.llm_rungs import HostedLLMRung, ScriptedRung
from bot.services.local import preload
from bot.services.local.tts import LocalTTSService
from bot.services.patience import PatiencePolicy
from bot.services.scripted import no_settings
from bot.services.tts_ladder import CONTEXT_TIMEOUT_S, TTSLadder
from bot.services.tts_rungs import HostedVoice
from tests.emulators.bench import ServiceBench

PLAN = ReplyPlan(text="Which company are you with?", essential="Which company are you with?")
PATIENCE = PatiencePolicy(floor_s=0.1, ceiling_s=0.1)


async def _reached(service: Any, where: str) -> None:
    if service.hangs_at == "raise" and where == "setup":
        raise OSError("no such host")
    if service.hangs_at == where:
        await asyncio.Event().wait()


def hanging(base: Any) -> Any:
    """A service of that kind which never gets where it is told to."""

    class Hanging(base):  # type: ignore[misc]
        hangs_at = ""

        async def setup(self, setup: FrameProcessorSetup) -> None:
            await super().setup(setup)
            await _reached(self, "setup")

        async def start(self, frame: StartFrame) -> None:
            await super().start(frame)
            await _reached(self, "start")

        async def cleanup(self) -> None:
            await super().cleanup()
            await _reached(self, "cleanup")

        async def run_tts(self, text: str, context_id: str) -> Any:
            await asyncio.Event().wait()
            yield None

    return Hanging


@pytest.fixture(autouse=True, scope="module")
def local_voice_is_loaded() -> None:
    preload()


@pytest.fixture(autouse=True)
def quick_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosting, "CLOSE_TIMEOUT_S", 0.1)


@pytest.mark.parametrize("where", ["setup", "start", "cleanup", "raise"])
async def test_an_llm_that_hangs_is_followed_by_the_next_rung(where: str) -> None:
    service = hanging(LLMService)(settings=no_settings())
    service.hangs_at = where
    ladder = LLMLadder(
        rungs=[HostedLLMRung("hanging", service), ScriptedRung()],
        plan=lambda: PLAN,
        terms=LLMTerms(experience=Experience(), patience=PATIENCE),
    )
    async with ServiceBench(ladder) as bench:
        await bench.send(LLMContextFrame(LLMContext([{"role": "user", "content": "Hello."}])))
        await bench.next(LLMFullResponseEndFrame)
    assert ladder.generated_text == PLAN.text


@pytest.mark.parametrize("where", ["setup", "start", "cleanup", "raise"])
async def test_a_voice_that_hangs_is_followed_by_the_local_one(where: str) -> None:
    service = hanging(TTSService)(settings=TTSSettings(model="none", voice=None, language=None))
    service.hangs_at = where
    local = LocalTTSService(stop_frame_timeout_s=CONTEXT_TIMEOUT_S)
    ladder = TTSLadder(
        voices=[HostedVoice("hanging", service), HostedVoice("local", local)],
        experience=Experience(),
        patience=PATIENCE,
        opening_line="Hello.",
    )
    async with ServiceBench(ladder) as bench:
        await bench.send(TTSSpeakFrame("Hello.", append_to_context=False))
        await bench.next(TTSAudioRawFrame)
    assert ladder.rung_name == "local"
