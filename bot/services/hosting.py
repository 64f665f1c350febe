"""A Pipecat service beside the chain: it works for a ladder, and nothing of it reaches the chain.

Why not `ServiceSwitcher`. A switcher routes frames, and each of its services keeps a turn of its
own: response start and end, sentence aggregator, audio contexts, word clock. When a turn begins
in one service and ends in another, the first one's end frame closes the second one's turn, two
word clocks run, and an abandoned service that missed the interruption speaks late. Holding its
branches' output back in a filter does not help: what makes an answer one answer lies in front of
that filter. It also waits with the StartFrame for the slowest branch. So here the ladder itself
is the service in the chain and owns the turn; the services behind it only give text or sound,
and what they push ends in `on_frame`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from loguru import logger
from pipecat.frames.frames import ErrorFrame, Frame, InterruptionFrame, StartFrame
from pipecat.processors.frame_processor import (
    FrameCallback,
    FrameDirection,
    FrameProcessor,
    FrameProcessorSetup,
)
from pipecat.utils.errors import ErrorCategory, extract_http_status_code

CLOSE_TIMEOUT_S = 3.0
"""How long a service may take to say goodbye to its provider; nobody waits for it on the call."""


_MAY_PASS = frozenset({ErrorCategory.CONNECTIVITY, ErrorCategory.SERVER, ErrorCategory.UNKNOWN})


class RungFailedError(Exception):
    """A provider did not give the answer."""

    def __init__(
        self,
        reason: str,
        *,
        what: str | None = None,
        permanent: bool = False,
        is_to_blame: bool = True,
        may_pass: bool = False,
    ) -> None:
        """Say what happened.

        Args:
            reason: for the log; may quote the provider.
            what: the same in our own words, for the call's record. Default: the reason.
            permanent: nor will it answer before a setting is changed.
            is_to_blame: whether it says anything about the provider.
            may_pass: asked again at once, it may well answer: a connection that was refused, a
                server's error; not a limit that was hit.
        """
        super().__init__(reason)
        self.reason = reason
        self.what = reason if what is None else what
        self.permanent = permanent
        self.is_to_blame = is_to_blame
        self.may_pass = may_pass


def failure_of(frame: ErrorFrame, *, content_may_be_at_fault: bool) -> RungFailedError:
    """A service's error as a rung's failure.

    Args:
        frame: what the service pushed.
        content_may_be_at_fault: whether a refused request (400, 422) may be due to what was said
            in this one call. Then it says nothing about the next call's.
    """
    category = frame.category or ErrorCategory.UNKNOWN
    status = extract_http_status_code(frame.exception) if frame.exception else None
    permanent = category.is_permanent
    if content_may_be_at_fault and status in (400, 422):
        permanent = False
    said = f"answered {status}" if status else "failed"
    known = category is not ErrorCategory.UNKNOWN
    return RungFailedError(
        frame.error,
        what=f"{said} ({category.value.replace('_', ' ')})" if known else said,
        permanent=permanent,
        may_pass=category in _MAY_PASS,
    )


class ServiceHost(FrameProcessor):
    """Sets a service up in the background, gives it work, and catches all that it pushes."""

    def __init__(
        self, service: FrameProcessor, *, on_frame: Callable[[Frame, FrameDirection], None]
    ) -> None:
        """`on_frame` is called synchronously for everything that the service pushes."""
        super().__init__(name=f"host-of-{service.name}", enable_direct_mode=True)
        self.service = service
        self._on_frame = on_frame
        self._opening: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._failure: RungFailedError | None = None
        self.link(service)
        service.link(self)

    def open(self, setup: FrameProcessorSetup, start: StartFrame) -> None:
        """Connect and start the service without waiting for it.

        The chain's observers do not see it: they would count its frames beside the ladder's.
        """
        self._opening = asyncio.create_task(self._open(setup, start), name=f"open-{self.name}")

    async def close(self) -> None:
        """Disconnect and release the service, within a bound."""
        if self._opening and not self._opening.done():
            self._opening.cancel()
            await asyncio.wait({self._opening}, timeout=CLOSE_TIMEOUT_S)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self.service.cleanup()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
        except Exception as error:
            logger.debug("{} did not close cleanly: {}", self.service.name, type(error).__name__)

    async def give(self, frame: Frame) -> None:
        """Hand it a frame, as soon as it is started and rid of what was interrupted.

        Raises:
            RungFailedError: it could not be set up.
        """
        await self._ready.wait()
        if self._failure:
            raise self._failure
        if not self.service.is_usable:
            # Whether it is asked again is the breaker's to say, not the service's.
            await self.service.set_usable(True)
        await self._idle.wait()
        await self.service.queue_frame(frame)

    async def interrupt(self) -> None:
        """Stop what it is doing. Returns at once; the next `give` waits until it has stopped."""
        if self._ready.is_set() and not self._failure:
            self._idle.clear()
            await self.service.queue_frame(InterruptionFrame())

    async def queue_frame(
        self,
        frame: Frame,
        direction: FrameDirection = FrameDirection.DOWNSTREAM,
        callback: FrameCallback | None = None,
    ) -> None:
        """Catch what the service pushes, in either direction."""
        if isinstance(frame, StartFrame):
            self._ready.set()
        elif isinstance(frame, InterruptionFrame):
            self._idle.set()
        else:
            self._on_frame(frame, direction)

    async def _open(self, setup: FrameProcessorSetup, start: StartFrame) -> None:
        try:
            with suppress(asyncio.CancelledError):
                await self.service.setup(replace(setup, observer=None))
                await self.service.queue_frame(start)
        except Exception as error:
            logger.warning("{} cannot be set up: {}", self.service.name, error)
            self._failure = RungFailedError(f"cannot be set up: {error}", what="cannot be set up")
            self._ready.set()
