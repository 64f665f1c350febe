"""`leadline worker`: serves LiveKit's agent dispatch, one process a call.

LiveKit's library owns the connection to the server, the processes and the drain. Ours is the
answer to an offer (truthful: LiveKit's own estimate loses calls that come at once), and the watch
over jobs that die.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from loguru import logger

from bot.config import Settings
from bot.errors import LeadlineError
from bot.fleet.assignment import Assignment
from bot.fleet.giving_way import Beginnings
from bot.fleet.watch import Watch

if TYPE_CHECKING:
    from livekit.agents import AgentServer, JobRequest

POLL_S = 0.05
"""A killed job shows in the list of jobs after 0.03 to 0.13 s when it is read this often."""

START_PROCESS_TIMEOUT_S = 60.0
"""Imports and models take 2 to 7 s alone; twenty at once on a small machine take longer."""

SERVERS_TARGET_LOAD = 0.7
"""livekit-server's own (`pkg/agent/config.go`, DefaultTargetLoad): a node whose workers are all
above it is offered no job, so a share of our capacity must be told in its terms."""

EXIT_DRAIN_CUT_SHORT = 1


class Worker:
    """One machine's worker. Create it, then `await run()` once."""

    def __init__(self, *, settings: Settings, watch: Watch) -> None:
        """Prepare; nothing is connected before `run`.

        Args:
            settings: read once, at the process's start.
            watch: looks after calls that lost their bot, here and elsewhere.
        """
        self._settings = settings
        self._watch = watch
        self._helping: set[asyncio.Task[None]] = set()
        self._answering = 0
        self._waiting: set[str] = set()
        self._beginnings = Beginnings()
        self._stopping = asyncio.Event()
        self._was_taken_up = False

    async def run(self) -> None:
        """Serve until SIGTERM or SIGINT, then let the running calls end; a second signal exits.

        Raises:
            LeadlineError: the server does not answer, or refuses the key.
        """
        self._server = server = self._agent_server()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        serving = asyncio.create_task(server.run(), name="agent-server")
        watching = [
            asyncio.create_task(self._watch_jobs(), name="watch-jobs"),
            asyncio.create_task(self._watch.run(), name="watch-calls"),
        ]
        stopping = asyncio.create_task(self._stopping.wait(), name="stop")
        try:
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if serving.done():
                self._raise_what_ended_it(serving)
            else:
                await self._drain()
        finally:
            await server.aclose()
            tasks = [serving, *watching, stopping, *self._helping]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._beginnings.close()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    @property
    def is_registered(self) -> bool:
        """Whether LiveKit may offer it calls: its processes are warm, and it does not drain."""
        return self._was_taken_up and not self._stopping.is_set()

    @property
    def load(self) -> float:
        """Calls that run or are about to, as LiveKit reads it: below its target, or full (1.0)."""
        share = self._occupied / self._settings.worker_max_calls
        return 1.0 if share >= 1 else share * SERVERS_TARGET_LOAD * 0.99

    @property
    def _occupied(self) -> int:
        return len(self._server.active_jobs) + self._answering

    def _agent_server(self) -> AgentServer:
        # Read at import: the weights of models that we do not use take 244 MB a process.
        os.environ.setdefault("LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE", "0")
        from livekit.agents import AgentServer

        from bot.fleet import job

        settings = self._settings
        url, key, secret = settings.require_livekit()
        server = AgentServer(
            ws_url=url,
            api_key=key,
            api_secret=secret,
            setup_fnc=job.prepare,
            preload_modules=["bot.fleet.preload"],
            num_idle_processes=settings.worker_idle_processes,
            initialize_process_timeout=START_PROCESS_TIMEOUT_S,
            drain_timeout=round(settings.worker_drain_timeout_s),
            # A finite threshold makes LiveKit lose calls: an offer that was accepted and has no
            # process yet counts as more than a whole call.
            load_threshold=float("inf"),
            load_fnc=lambda: self.load,
            # Its own page says OK too early (bot/fleet/health.py); it cannot be switched off.
            host="127.0.0.1",
            port=0,
        )
        server.on("worker_registered", self._registered)
        server.rtc_session(job.serve, agent_name=settings.agent_name, on_request=self._answer)
        return server

    async def _answer(self, request: JobRequest) -> None:
        """Take a call if there is room for it; another worker is asked otherwise."""
        if self._stopping.is_set() or self._occupied >= self._settings.worker_max_calls:
            logger.warning(
                "Full: {} calls; room {!r} is refused", self._occupied, request.room.name
            )
            await request.reject(terminate=False)
            return
        self._answering += 1
        try:
            self._waiting.add(request.id)
            await request.accept(name="Leadline")
        except BaseException:
            self._waiting.discard(request.id)
            raise
        finally:
            self._answering -= 1

    async def _watch_jobs(self) -> None:
        known: dict[str, Any] = {}
        while True:
            await asyncio.sleep(POLL_S)
            if not hasattr(self._server, "_proc_pool"):
                continue
            now = {running.job.id: running.job for running in self._server.active_jobs}
            for job_id in known.keys() - now.keys():
                self._job_is_gone(known[job_id])
            if now.keys() - known.keys():
                self._beginnings.begun(time.monotonic())
                self._waiting -= now.keys()
            self._beginnings.look(time.monotonic(), is_anybody_waiting=bool(self._waiting))
            known = now

    def _job_is_gone(self, job: Any) -> None:
        """Its call may be over; the lease knows."""
        from bot.fleet.job import holder_of

        try:
            assignment = Assignment.read(job.metadata)
        except LeadlineError:
            return
        if assignment.call_id is None:
            return
        help_ = asyncio.create_task(
            self._watch.bot_died(
                assignment.call_id,
                holder_of(job.id),
                room=job.room.name,
                playbook=assignment.playbook,
            )
        )
        self._helping.add(help_)
        help_.add_done_callback(self._helping.discard)

    def _registered(self, worker_id: str, _server: Any) -> None:
        self._was_taken_up = True
        logger.info("Serving {!r} at LiveKit as {}", self._settings.agent_name, worker_id)

    def _stop(self) -> None:
        if self._stopping.is_set():
            logger.warning("Told to go a second time: the running calls are cut")
            os._exit(EXIT_DRAIN_CUT_SHORT)
        self._stopping.set()

    async def _drain(self) -> None:
        logger.info("No new calls; {} go on until they are over", len(self._server.active_jobs))
        try:
            await self._server.drain()
        except TimeoutError:
            logger.warning("Calls still ran after LEADLINE_WORKER_DRAIN_TIMEOUT_S; they are cut")

    def _raise_what_ended_it(self, serving: asyncio.Task[None]) -> None:
        error = serving.exception()
        if error is None:
            return
        url, _, _ = self._settings.require_livekit()
        raise LeadlineError(
            f"the worker lost LiveKit at {url}: {error}; check LIVEKIT_URL and its key and secret"
        ) from None
