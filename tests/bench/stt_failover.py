"""What failing over costs the caller: from the end of speech to the final transcript.

    python -m tests.bench.stt_failover --each 20

Real speech in real time through the voice detector and the ladder, Deepgram emulated (250 ms),
the local recogniser real. The arms take turns, so that what else the machine does hits all alike.
Prints one JSON line an arm, in seconds; `added` is over the median without a fault.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Callable
from functools import partial

from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import EndFrame, Frame, InputAudioRawFrame, TranscriptionFrame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.audio.vad_processor import VADProcessor
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

from bot.config import Settings, load_settings
from bot.services.experience import Experience
from bot.services.local import Voice, preload, synthesise
from bot.services.local.recogniser import preload_recogniser
from bot.services.stt import build_stt
from tests.emulators.deepgram import DeepgramEmulator
from tests.emulators.faults import FaultKind, FaultPlan

RATE = 16_000
FRAME_S = 0.02
FRAME = round(RATE * FRAME_S) * 2
QUIET_BEFORE_S = 0.6
ANSWER_WITHIN_S = 8.0
SAID = "Yes, that is right."

Arm = Callable[[FaultPlan], object]
ARMS: dict[str, Arm] = {
    "none": lambda _: None,
    "stall": lambda faults: faults.inject(FaultKind.STALL_BEFORE_FIRST),
    "close": lambda faults: faults.inject(FaultKind.CLOSE_MIDWAY),
    "reset": lambda faults: faults.inject(FaultKind.CLOSE_MIDWAY, abrupt=True),
    "refuse": lambda faults: faults.inject(FaultKind.REFUSE, times=None),
    "empty": lambda faults: faults.inject(FaultKind.EMPTY),
}


class Ear(FrameProcessor):
    """Notes when the final transcript comes."""

    def __init__(self) -> None:
        super().__init__()
        self.final: asyncio.Future[tuple[float, str]] = asyncio.get_running_loop().create_future()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame) and not self.final.done():
            self.final.set_result((time.monotonic(), frame.text))
        await self.push_frame(frame, direction)


async def speak(worker: PipelineWorker, pcm: bytes) -> float:
    """Send audio in real time; returns the moment at which its last frame was sent."""
    began_at = time.monotonic()
    for number, start in enumerate(range(0, len(pcm), FRAME)):
        await asyncio.sleep(max(0.0, began_at + number * FRAME_S - time.monotonic()))
        frame = pcm[start : start + FRAME].ljust(FRAME, b"\0")
        await worker.queue_frame(InputAudioRawFrame(frame, RATE, 1))
    return time.monotonic()


async def trial(settings: Settings, deepgram: DeepgramEmulator, pcm: bytes, arm: str) -> float:
    """One call of one utterance; seconds from the end of speech to the final transcript."""
    deepgram.faults.clear()
    deepgram.script({"texts": [SAID], "replace": True})
    ARMS[arm](deepgram.faults)
    ladder, ear = build_stt(settings, Experience()), Ear()
    vad = VADProcessor(
        vad_analyzer=SileroVADAnalyzer(
            params=VADParams(
                confidence=settings.vad_confidence,
                start_secs=settings.vad_start_s,
                stop_secs=settings.vad_stop_s,
                min_volume=settings.vad_min_volume,
            )
        )
    )
    worker = PipelineWorker(
        Pipeline([vad, ladder, ear]),
        params=PipelineParams(audio_in_sample_rate=RATE),
        idle_timeout_secs=None,
    )
    runner = WorkerRunner(handle_sigint=False, handle_sigterm=False)
    await runner.add_workers(worker)
    running = asyncio.create_task(runner.run())
    silence = partial(bytes, round(RATE * ANSWER_WITHIN_S) * 2)
    try:
        await speak(worker, bytes(round(RATE * QUIET_BEFORE_S) * 2))
        ended_at = await speak(worker, pcm)
        after = asyncio.create_task(speak(worker, silence()))
        final_at, _ = await asyncio.wait_for(ear.final, ANSWER_WITHIN_S)
        after.cancel()
        return final_at - ended_at
    finally:
        await worker.queue_frame(EndFrame())
        await asyncio.wait_for(running, 10)


async def main(*, each: int, arms: list[str], within_s: float) -> None:
    logger.remove()
    await asyncio.to_thread(preload)
    await asyncio.to_thread(preload_recogniser)
    voice = Voice(pitch=1.12, noise_scale=0.0, noise_width=0.0)
    pcm = await asyncio.to_thread(partial(synthesise, SAID, sample_rate=RATE, voice=voice))
    pcm = pcm.rstrip(b"\0")
    took: dict[str, list[float]] = {arm: [] for arm in arms}
    async with DeepgramEmulator() as deepgram:
        settings = load_settings().model_copy(
            update={"deepgram_base_url": deepgram.ws_url, "stt_rungs": "deepgram,local"}
        )
        end = time.monotonic() + within_s
        for _ in range(each):
            if time.monotonic() > end:
                break
            for arm in arms:
                took[arm].append(await trial(settings, deepgram, pcm, arm))
    usual_s = statistics.median(took["none"])
    for arm, seconds in took.items():
        ordered = sorted(seconds)
        p95_s = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
        line = {
            "arm": arm,
            "n": len(ordered),
            "p50": statistics.median(ordered),
            "p95": p95_s,
            "added_p50": statistics.median(ordered) - usual_s,
            "added_p95": p95_s - usual_s,
        }
        print(  # noqa: T201
            json.dumps({k: round(v, 3) if isinstance(v, float) else v for k, v in line.items()})
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--arms", default=",".join(ARMS))
    parser.add_argument("--within-s", type=float, default=3600)
    chosen = parser.parse_args()
    asyncio.run(main(each=chosen.each, arms=chosen.arms.split(","), within_s=chosen.within_s))
