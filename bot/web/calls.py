"""The calls that a server answers by itself, a bounded number at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

from bot.errors import LeadlineError

HANG_UP_TIMEOUT_S = 8.0

AnswerCall = Callable[[SmallWebRTCConnection, dict[str, Any]], Awaitable[object]]
"""One whole call on a connection; the second argument is what came with the offer."""


class BusyError(LeadlineError):
    """As many calls run as the server takes."""


class Calls:
    """Owns the task of every call."""

    def __init__(self, *, answer: AnswerCall, max_calls: int) -> None:
        """`answer` holds one call from start to end."""
        self._answer = answer
        self._max_calls = max_calls
        self._tasks: dict[str, asyncio.Task[None]] = {}

    @property
    def running(self) -> int:
        """Calls that are going on."""
        return len(self._tasks)

    def has(self, pc_id: str | None) -> bool:
        """Whether this connection's call is going on."""
        return pc_id in self._tasks

    def check_room(self) -> None:
        """Raise `BusyError` if one more call would be too many."""
        if self.running >= self._max_calls:
            raise BusyError(
                f"{self.running} calls are running, and this demo takes {self._max_calls} at a "
                "time: end one, or wait for the sample call to end"
            )

    def start(self, connection: SmallWebRTCConnection, request_data: dict[str, Any]) -> None:
        """Answer a call in a task of its own."""
        self.check_room()
        task = asyncio.create_task(self._run(connection, request_data))
        self._tasks[connection.pc_id] = task
        task.add_done_callback(lambda _: self._tasks.pop(connection.pc_id, None))

    async def close(self) -> None:
        """Wait `HANG_UP_TIMEOUT_S` for the calls to end and be saved, then cut them."""
        tasks = set(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=HANG_UP_TIMEOUT_S)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, connection: SmallWebRTCConnection, request_data: dict[str, Any]) -> None:
        try:
            await self._answer(connection, request_data)
        except LeadlineError as error:
            logger.error("A call ended with an error: {}", error)
        except Exception as error:
            # One broken call must not end the demo.
            logger.opt(exception=error).error("A call failed")
        finally:
            await connection.disconnect()  # type: ignore[no-untyped-call]
