"""Voice providers on loopback that do as a test says, and a ladder that speaks through them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web
from pipecat.frames.frames import (
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.services.tts_service import TTSService

from bot.problems import Problems
from bot.services.experience import Experience
from bot.services.patience import PatiencePolicy
from bot.services.tts_ladder import TTSLadder
from bot.services.tts_rungs import HostedVoice, Piece, SpokenWord
from tests.emulators.bench import ServiceBench

RATE = 16_000
SENTENCE = "Which company are you with?"
WORD_S = 0.25
LOUD, LOCAL = 8_000, 4_000
"""The sample values of the hosted voice and of the local one."""

Behaviour = Callable[[web.WebSocketResponse, dict[str, Any]], Awaitable[None]]


def sound(seconds: float, value: int = LOUD) -> bytes:
    return value.to_bytes(2, "little", signed=True) * round(seconds * RATE)


class LocalVoice:
    """The last voice: there at once."""

    name = "local"

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def speak(self, text: str) -> AsyncGenerator[Piece, None]:
        self.texts.append(text)
        for n, word in enumerate(text.split()):
            yield SpokenWord(word, n * WORD_S)
            yield sound(WORD_S, LOCAL)


@dataclass
class Provider:
    """A server with one address, for a WebSocket or for a request."""

    url: str = ""
    behave: Behaviour | None = None
    answer: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.answer is not None:
            return await self.answer(request)
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        async for message in ws:
            if message.type is not WSMsgType.TEXT:
                break
            content = json.loads(message.data)
            self.messages.append(content)
            if self.behave is not None:
                await self.behave(ws, content)
        return ws


@asynccontextmanager
async def providing() -> AsyncIterator[Provider]:
    """A provider that runs."""
    provider = Provider()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", provider.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    provider.url = f"http://{host}:{port}"
    try:
        yield provider
    finally:
        provider.is_over.set()
        await runner.cleanup()


@dataclass
class Heard:
    """What came of one sentence."""

    words: list[str]
    hosted_s: float
    local_s: float
    silent_s: float


class Speaking:
    """A ladder with one hosted voice above the local one, in a pipeline of its own."""

    def __init__(self, service: TTSService, *, patience_s: float = 0.3) -> None:
        self.local, self.problems, self.experience = LocalVoice(), Problems(), Experience()
        self.ladder = TTSLadder(
            voices=[HostedVoice("hosted", service), self.local],
            experience=self.experience,
            patience=PatiencePolicy(floor_s=patience_s, ceiling_s=patience_s),
            on_problem=self.problems.add,
            stall_s=0.3,
        )
        self.bench = ServiceBench(self.ladder, sample_rate=RATE)

    async def say(self, text: str = SENTENCE) -> Heard:
        self.bench.frames.clear()
        self.bench._seen.clear()
        await self.bench.send(TTSSpeakFrame(text, append_to_context=True))
        await self.bench.next(TTSStoppedFrame, timeout_s=20)
        audio = b"".join(frame.audio for frame in self.bench.all(TTSAudioRawFrame))
        values = memoryview(audio).cast("h").tolist()
        return Heard(
            words=[word for frame in self.bench.all(TTSTextFrame) for word in frame.text.split()],
            hosted_s=values.count(LOUD) / RATE,
            local_s=values.count(LOCAL) / RATE,
            silent_s=values.count(0) / RATE,
        )
