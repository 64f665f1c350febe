"""A sample call without a call, and a bot without a pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

from bot.caller.peer import FRAME_BYTES, Recording
from bot.caller.persona import Persona, load_persona
from bot.caller.simulated import CallReport
from bot.web.sample import SampleCall
from tests.unit.web.story import Message


class ToldCaller:
    """Stands in for `SimulatedCaller`: passes on a story, then waits for `release`."""

    def __init__(self, watch: Callable[[Message], None], messages: list[Message]) -> None:
        self.recording = Recording()
        self.release = asyncio.Event()
        self._watch = watch
        self._messages = messages

    async def run(self) -> CallReport:
        self.recording.start()
        for _ in range(50):
            self.recording.take_caller(bytes(FRAME_BYTES))
            self.recording.take_bot(bytes(FRAME_BYTES))
        for message in self._messages:
            self._watch(message)
        await self.release.wait()
        self.recording.finish()
        return CallReport(persona="told", left="bot_left", duration_s=71.0)


class ToldSample:
    """Makes sample calls that tell a story; `callers` are those made so far."""

    def __init__(self, messages: list[Message], folder: Path, *, ends: bool) -> None:
        self.callers: list[ToldCaller] = []
        self._messages = messages
        self._folder = folder
        self._ends = ends

    def __call__(self) -> SampleCall:
        sample = SampleCall(
            persona=load_persona("daniel-carter"),
            make_caller=self._make,  # type: ignore[arg-type]
            folder=self._folder,
        )
        sample.place()
        return sample

    def _make(self, persona: Persona, watch: Callable[[Message], None]) -> ToldCaller:
        caller = ToldCaller(watch, self._messages)
        if self._ends:
            caller.release.set()
        self.callers.append(caller)
        return caller


class ToldBot:
    """Answers a WebRTC call with a story on the data channel, and stays until told to leave."""

    def __init__(self, messages: list[Message]) -> None:
        self.received: list[Message] = []
        self.leave = asyncio.Event()
        self._messages = messages

    async def answer(self, connection: SmallWebRTCConnection, data: dict[str, Any]) -> None:
        ready = asyncio.Event()

        @connection.event_handler("app-message")  # type: ignore[untyped-decorator]
        async def _take(_: SmallWebRTCConnection, message: Message) -> None:
            self.received.append(message)
            if message["type"] == "client-ready":
                bot_ready = {"label": "rtvi-ai", "type": "bot-ready", "id": message["id"]}
                connection.send_app_message({**bot_ready, "data": {"version": "2.2.0"}})
                for each in self._messages:
                    connection.send_app_message(each)
                ready.set()

        await connection.connect()  # type: ignore[no-untyped-call]
        await ready.wait()
        await self.leave.wait()

    async def hang_up(self) -> None:
        self.leave.set()
