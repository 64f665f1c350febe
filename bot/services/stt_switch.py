"""The ladder's place in the pipeline: what enters a recogniser's branch, and what leaves it."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final, cast

from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    ServiceSwitcherRequestMetadataFrame,
    StartFrame,
    STTMuteFrame,
    STTUpdateSettingsFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)
from pipecat.pipeline.service_switcher import ServiceSwitcher, ServiceSwitcherStrategy
from pipecat.processors.filters.function_filter import FunctionFilter
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from bot.services.stt_rung import Connecting, ConnectionEnd, ConnectionKeeper, SttRung

FORGIVEN_STOP_S: Final = 2.0
"""How long a rung may hold up the end of the call."""

_FOR_RUNGS: Final = (ServiceSwitcherRequestMetadataFrame, STTUpdateSettingsFrame, STTMuteFrame)


class LadderStrategy(ServiceSwitcherStrategy):
    """Which rung serves is the ladder's decision; errors are handed to it."""

    def __init__(self, services: list[FrameProcessor]) -> None:
        """Made by `ServiceSwitcher`."""
        super().__init__(services)
        self.on_error: Callable[[ErrorFrame], Awaitable[None]] | None = None

    async def use(self, service: FrameProcessor) -> None:
        """Let a service serve from now on."""
        await self._set_active_if_available(service)

    def begin_with(self, service: FrameProcessor) -> None:
        """The service that serves before the pipeline has started."""
        self._active_service = service

    async def handle_error(self, error: ErrorFrame) -> FrameProcessor | None:
        """Hand an error of the serving rung to the ladder, which answers for it."""
        if self.on_error is not None:
            await self.on_error(error)
        return self.active_service


class RungSwitch(ServiceSwitcher[LadderStrategy]):
    """The chain's frames go past the rungs; what a rung gets and gives is decided elsewhere."""

    def __init__(self, rungs: Sequence[SttRung]) -> None:
        """`rungs`: the best first."""
        self._rungs = list(rungs)
        self._active = self._rungs[-1]
        super().__init__([rung.service for rung in rungs], LadderStrategy)
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_over = False

    # To be decided by the ladder:

    @abstractmethod
    def _leaves(self, rung: SttRung, frame: Frame) -> bool:
        """Whether a frame that a rung pushes goes on into the chain."""

    @abstractmethod
    def _start(self) -> None:
        """The pipeline has started."""

    @abstractmethod
    def _connection_is_up(self) -> None: ...

    @abstractmethod
    async def _connection_ended(self, rung: SttRung, end: ConnectionEnd) -> None: ...

    @abstractmethod
    async def _hears(self, frame: InputAudioRawFrame) -> None: ...

    @abstractmethod
    async def _speech_begins(self, frame: VADUserStartedSpeakingFrame) -> None: ...

    @abstractmethod
    async def _speech_ends(self, frame: VADUserStoppedSpeakingFrame) -> None: ...

    # The branches:

    def _make_pipeline_definitions(  # type: ignore[override]  # a static method in Pipecat
        self, services: list[FrameProcessor], strategy: ServiceSwitcherStrategy
    ) -> list[Any]:
        """A lane past the rungs for all frames, and one branch for each rung."""
        return [[_only(_everything)], *(self._branch(rung) for rung in self._rungs)]

    def _branch(self, rung: SttRung) -> list[FrameProcessor]:
        async def is_let_out(frame: Frame) -> bool:
            return self._leaves(rung, frame)

        return [
            _only(_is_for_rungs),
            rung.service,
            _only(is_let_out),
            _only(_nothing, FrameDirection.UPSTREAM),
        ]

    async def _pipeline_sink_push_frame(self, frame: Frame, direction: FrameDirection) -> None:
        # The start waits for no rung: the first branch to pass it on is the lane past them.
        if isinstance(frame, StartFrame) and self._frame_counter.get(frame.id, 0) > 0:
            self._frame_counter[frame.id] = 1
        await super()._pipeline_sink_push_frame(frame, direction)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Let everything pass; the ladder hands a copy to whoever is to have it."""
        await super().process_frame(frame, direction)
        if direction is not FrameDirection.DOWNSTREAM:
            return
        match frame:
            case InputAudioRawFrame():
                await self._hears(frame)
            case VADUserStartedSpeakingFrame():
                await self._speech_begins(frame)
            case VADUserStoppedSpeakingFrame():
                await self._speech_ends(frame)
            case StartFrame():
                self._start()
            case EndFrame() | CancelFrame():
                self._is_over = True
                self._own(partial(self._end_all_the_same, frame), "end")

    async def cleanup(self) -> None:
        """Close the connections."""
        self._is_over = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await super().cleanup()  # type: ignore[no-untyped-call]

    def _keep_connections(self, clock: Callable[[], float]) -> None:
        for rung in self._rungs:
            if isinstance(rung.service, Connecting):
                keeper = ConnectionKeeper(
                    rung,
                    rung.service,
                    on_up=self._connection_is_up,
                    on_end=self._connection_ended,
                    clock=clock,
                )
                self._own(keeper.run, f"connect-{rung.name}")

    async def _end_all_the_same(self, frame: Frame) -> None:
        """A provider that does not say goodbye must not hold up the end of the call."""
        await asyncio.sleep(FORGIVEN_STOP_S)
        if self._frame_counter.get(frame.id, 0) > 0:
            self._frame_counter[frame.id] = 1
            await self._pipeline_sink_push_frame(frame, FrameDirection.DOWNSTREAM)

    def _own(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work(), name=f"stt-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._task_is_over)
        return task

    def _task_is_over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("The ladder's task {} failed: {}", task.get_name(), type(error).__name__)


async def _is_for_rungs(frame: Frame) -> bool:
    # Audio and speech are handed over one by one, in the order in which they are kept.
    return isinstance(frame, _FOR_RUNGS)


async def _everything(_: Frame) -> bool:
    return True


async def _nothing(_: Frame) -> bool:
    return False


def _only(
    wanted: Callable[[Frame], Awaitable[bool]],
    direction: FrameDirection = FrameDirection.DOWNSTREAM,
) -> FunctionFilter:
    return FunctionFilter(
        filter=cast("Any", wanted),
        direction=direction,
        filter_system_frames=True,
        enable_direct_mode=True,
    )
