"""One thread that runs a model, so that inference never holds up the event loop.

A model's native code already uses the cores it was given; more Python threads would only make
calls fight for them (and the recogniser's library must not be entered twice at a time). Work is
taken in order of urgency: what a caller is waiting for overtakes what is merely nice to have.
"""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeVar

T = TypeVar("T")

MAX_PENDING_JOBS = 256
"""A call has at most a few jobs pending, so this many mean that the machine is hopelessly late."""


class Urgency(IntEnum):
    """Order in which pending jobs run; jobs of one urgency run first come, first served."""

    CALLER_WAITS = 0
    """A final transcript, or the first sound of a reply."""
    SOON = 1
    """What follows sound that is already playing; batch work."""
    NICE_TO_HAVE = 2
    """Interim transcripts."""


class EngineOverloadedError(RuntimeError):
    """More jobs are pending than the engine takes."""


@dataclass(order=True)
class _Job:
    urgency: Urgency
    number: int
    run: Callable[[], None] = field(compare=False)
    is_cancelled: Callable[[], bool] = field(compare=False)


class InferenceThread:
    """Runs jobs one at a time on a daemon thread of its own, started with the first job."""

    def __init__(self, name: str, *, max_pending: int = MAX_PENDING_JOBS) -> None:
        self._name = name
        self._max_pending = max_pending
        self._jobs: list[_Job] = []
        self._order = itertools.count()
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def submit(self, job: Callable[[], T], *, urgency: Urgency = Urgency.SOON) -> Future[T]:
        """Queue a job. Cancelling its future before it starts means that it never runs.

        Raises:
            EngineOverloadedError: If `max_pending` jobs are waiting already.
        """
        future: Future[T] = Future()

        def run() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                future.set_result(job())
            except BaseException as error:
                future.set_exception(error)

        with self._wake:
            self._forget_cancelled()
            if len(self._jobs) >= self._max_pending:
                raise EngineOverloadedError(
                    f"{self._name}: {len(self._jobs)} jobs are waiting; "
                    "run fewer calls on this machine or use a hosted provider"
                )
            heapq.heappush(self._jobs, _Job(urgency, next(self._order), run, future.cancelled))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, name=self._name, daemon=True)
                self._thread.start()
            self._wake.notify()
        return future

    @property
    def pending(self) -> int:
        """Jobs that wait for the thread, the running one not counted."""
        with self._wake:
            self._forget_cancelled()
            return len(self._jobs)

    def _forget_cancelled(self) -> None:
        if any(job.is_cancelled() for job in self._jobs):
            self._jobs = [job for job in self._jobs if not job.is_cancelled()]
            heapq.heapify(self._jobs)

    def _serve(self) -> None:
        while True:
            with self._wake:
                while not self._jobs:
                    self._wake.wait()
                run = heapq.heappop(self._jobs).run
            run()
            del run  # a job may hold audio; it must not live until the next one
