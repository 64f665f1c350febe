"""One real Pipecat service alone in a pipeline, so that a test can speak to it and listen.

async with ServiceBench(service) as bench:
    await bench.send(frame)
    transcript = await bench.next(TranscriptionFrame)
"""

import asyncio
from types import TracebackType
from typing import Self, TypeVar

from pipecat.frames.frames import Frame
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.workers.runner import WorkerRunner

START_TIMEOUT_S = 15.0
FRAME_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 10.0

F = TypeVar("F", bound=Frame)


class _Collector(FrameProcessor):
    def __init__(self, bench: "ServiceBench", direction: FrameDirection) -> None:
        super().__init__()
        self._bench = bench
        self._watched = direction

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is self._watched:
            await self._bench.collect(frame)
        await self.push_frame(frame, direction)


class ServiceBench:
    """Runs `service` in a minimal pipeline and keeps what it pushes, in both directions."""

    def __init__(self, service: FrameProcessor, *, sample_rate: int = 16_000) -> None:
        self.frames: list[Frame] = []
        self._news = asyncio.Condition()
        self._seen: dict[type[Frame], int] = {}
        pipeline = Pipeline(
            [
                _Collector(self, FrameDirection.UPSTREAM),
                service,
                _Collector(self, FrameDirection.DOWNSTREAM),
            ]
        )
        self.worker = PipelineWorker(
            pipeline,
            cancel_on_idle_timeout=False,
            params=PipelineParams(
                audio_in_sample_rate=sample_rate,
                audio_out_sample_rate=sample_rate,
                enable_metrics=True,
                enable_usage_metrics=True,
            ),
        )
        self._runner = WorkerRunner(handle_sigint=False, handle_sigterm=False)
        self._running: asyncio.Task[None] | None = None

    async def collect(self, frame: Frame) -> None:
        async with self._news:
            self.frames.append(frame)
            self._news.notify_all()

    async def send(self, *frames: Frame) -> None:
        for frame in frames:
            await self.worker.queue_frame(frame)

    async def next(self, kind: type[F], *, timeout_s: float = FRAME_TIMEOUT_S) -> F:
        """The next frame of that type that this bench has not handed out yet.

        Raises:
            TimeoutError: none came; the message says what did.
        """
        n = self._seen.get(kind, 0)
        try:
            async with asyncio.timeout(timeout_s), self._news:
                await self._news.wait_for(lambda: len(self.all(kind)) > n)
        except TimeoutError:
            came = [type(f).__name__ for f in self.frames]
            raise TimeoutError(f"no further {kind.__name__}; came: {came}") from None
        self._seen[kind] = n + 1
        return self.all(kind)[n]

    def all(self, kind: type[F]) -> list[F]:
        return [f for f in self.frames if isinstance(f, kind)]

    async def __aenter__(self) -> Self:
        started = asyncio.Event()

        @self.worker.event_handler("on_pipeline_started")  # type: ignore[untyped-decorator]
        async def _on_started(_worker: object, _frame: object) -> None:
            started.set()

        await self._runner.add_workers(self.worker)
        self._running = asyncio.create_task(self._runner.run())
        await asyncio.wait_for(started.wait(), START_TIMEOUT_S)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.worker.cancel()
        if self._running is not None:
            await asyncio.wait_for(self._running, STOP_TIMEOUT_S)
