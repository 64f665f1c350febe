"""Our events for a page: RTVI server messages, through a bounded queue with one owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frameworks.rtvi import RTVIServerMessageFrame

from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord

QUEUE_LIMIT = 256
"""Messages waiting for the pipeline; a page that lost some gets the next whole lead anyway."""


class RTVIFeed:
    """A `CallListener` that sends what happens to the client, as RTVI server messages."""

    def __init__(self, *, worker: PipelineWorker, snapshot: Callable[[], LeadRecord]) -> None:
        """`snapshot` gives the whole lead for a client that has just become ready."""
        self._worker = worker
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=QUEUE_LIMIT)
        self._call_id: str | None = None

        async def client_ready(*_: Any) -> None:
            if self._call_id:
                self.call_started(self._call_id)
            self.lead_changed(snapshot())

        worker.rtvi.add_event_handler("on_client_ready", client_ready)

    def call_started(self, call_id: str) -> None:
        """The caller is there."""
        self._call_id = call_id
        self._send({"type": "leadline.call", "state": "started", "call_id": call_id})

    def call_ended(self, call: CallRecord) -> None:
        """The pipeline is gone by now, and the client with it."""

    def lead_changed(self, lead: LeadRecord) -> None:
        """The whole lead, as `chat --json` shows it."""
        self._send(
            {
                "type": "leadline.lead",
                "lead": lead.fields,
                "score": lead.score,
                "disposition": lead.disposition,
            }
        )

    def turn_ended(self, turn: TurnRecord) -> None:
        """One turn of the transcript."""
        self._send({"type": "leadline.turn", "turn": turn.model_dump(mode="json")})

    def latency_measured(self, latency: TurnLatency) -> None:
        """One answer's latency."""
        self._send({"type": "leadline.latency", **latency.model_dump(mode="json")})

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            message = await self._queue.get()
            await self._worker.queue_frame(RTVIServerMessageFrame(data=message))

    def _send(self, message: dict[str, Any]) -> None:
        if self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(message)
