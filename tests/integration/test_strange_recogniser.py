"""Deepgram's client before servers that keep to no protocol: the caller's words are heard, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import WSMsgType, web
from pipecat.frames.frames import (
    InputAudioRawFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from bot.problems import Problems
from bot.services.breaker import Breaker
from bot.services.deepgram_rung import DeepgramRung
from bot.services.patience import Patience, PatiencePolicy
from bot.services.stt_ladder import SttLadder
from bot.services.stt_rung import SttRung
from tests.emulators.bench import ServiceBench
from tests.unit.services.stt_room import FakeSTT

RATE = 16_000
SAID, UNDERSTOOD = "My name is Jane Doe.", "my name is Jane Doe"
"""As the hosted recogniser writes it, and as the local one does."""
HANGS = float("inf")
LATE_S = 0.7
Script = list[dict[str, Any] | bytes | str | float]


def results(
    text: str | None, *, final: bool = True, finalized: bool = True, **more: Any
) -> dict[str, Any]:
    alternatives = [] if text is None else [{"transcript": text, "confidence": 0.9, "words": []}]
    return {
        "type": "Results",
        "channel_index": [0, 1],
        "start": 0.0,
        "duration": 1.6,
        "is_final": final,
        "speech_final": final,
        "from_finalize": finalized,
        "channel": {"alternatives": alternatives},
        "metadata": {"request_id": "r", "model_uuid": "m", "model_info": {}},
    } | more


INTERIM = results("My name", final=False, finalized=False)


class Server:
    """Plays a script when it is asked to finalise; `early` as soon as it hears anything."""

    def __init__(self, script: Script, *, early: Script | None = None) -> None:
        self.script, self.early = script, early or []
        self.is_over = asyncio.Event()
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        early, self.early = self.early, []
        async for message in ws:
            if message.type is WSMsgType.BINARY and early:
                await self._play(ws, early)
                early = []
            elif message.type is WSMsgType.TEXT and "Finalize" in message.data:
                await self._play(ws, self.script)
        return ws

    async def _play(self, ws: web.WebSocketResponse, script: Script) -> None:
        for part in script:
            if isinstance(part, dict):
                await ws.send_json(part)
            elif isinstance(part, bytes):
                await ws.send_bytes(part)
            elif isinstance(part, str) and part.startswith("close"):
                await ws.close(code=int(part.removeprefix("close")))
            elif isinstance(part, str):
                await ws.send_str(part)
            elif part == HANGS:
                await self.is_over.wait()
            else:
                await asyncio.sleep(part)


class Heard:
    """A ladder with Deepgram above a local recogniser that understands every word."""

    def __init__(self, url: str, *, patience_s: float) -> None:
        self.problems, self.local = Problems(), FakeSTT()
        service = DeepgramRung(api_key="key", base_url=url, audio_passthrough=False)
        patience = PatiencePolicy(floor_s=patience_s, ceiling_s=patience_s)
        rungs = [
            SttRung(name=name, service=each, breaker=Breaker(name), patience=Patience(patience),
                    can_forget=name == "local")
            for name, each in (("deepgram", service), ("local", self.local))
        ]  # fmt: skip
        self.ladder = SttLadder(rungs, pre_roll_s=0.2, on_problem=self.problems.add)
        self.bench = ServiceBench(self.ladder, sample_rate=RATE)

    async def sentence(self) -> list[str]:
        """The caller says it; every final that came of it."""
        self.local.texts = [UNDERSTOOD]
        audio = InputAudioRawFrame(b"\x10\x10" * (RATE // 10), RATE, 1)
        await self.bench.send(VADUserStartedSpeakingFrame(start_secs=0.2))
        await self.bench.send(*[audio] * 16)
        await self.bench.send(VADUserStoppedSpeakingFrame(stop_secs=0.2))
        await self.bench.next(TranscriptionFrame, timeout_s=8)
        return self.finals

    @property
    def finals(self) -> list[str]:
        return [frame.text for frame in self.bench.all(TranscriptionFrame)]


@asynccontextmanager
async def hearing(
    server: Server, *, patience_s: float = 0.3, status: int | None = None
) -> AsyncIterator[Heard]:
    async def page(_: web.Request) -> web.Response:
        return web.Response(status=status or 200, text="<html></html>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/v1/listen", page if status else server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    heard = Heard(f"http://{host}:{port}", patience_s=patience_s)
    try:
        async with heard.bench:
            if status is None:
                async with asyncio.timeout(10):
                    while heard.ladder.serving != "deepgram":  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
            yield heard
    finally:
        server.is_over.set()
        await runner.cleanup()


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([results(SAID)], id="in order"),
        pytest.param([results(SAID, finalized=False)], id="no from_finalize"),
        pytest.param([results(SAID, duration=0.0)], id="no length"),
        pytest.param([results(SAID, finalized=False, start=0.0, duration=0.0)], id="no place"),
        pytest.param([results(SAID, finalized=False, start=900.0)], id="a place to come"),
        pytest.param([INTERIM, results(SAID)], id="interim"),
        pytest.param([{"type": "Unknown"}, results(SAID)], id="an unknown message"),
        pytest.param([results(SAID), results("")], id="empty behind the words"),
    ],
)
async def test_what_is_odd_but_whole_is_heard(script: Script) -> None:
    async with hearing(Server(script), patience_s=5) as heard:
        assert await heard.sentence() == [SAID]
        await asyncio.sleep(0.2)
        assert heard.finals == [SAID]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([HANGS], id="nothing"),
        pytest.param([INTERIM, HANGS], id="interims only"),
        pytest.param([LATE_S, results(SAID)], id="late"),
        pytest.param(["close1011"], id="closed"),
        pytest.param(["close1000"], id="closed in good order"),
        pytest.param(["<html></html>", HANGS], id="a page"),
        pytest.param(["null", HANGS], id="null"),
        pytest.param(["[]", HANGS], id="a list"),
        pytest.param([b"\x00\xff\xfe", HANGS], id="binary"),
        pytest.param([results(None), HANGS], id="no alternatives"),
        pytest.param([{"type": "Results"}, HANGS], id="no channel"),
        pytest.param([{"type": "Error", "description": "x"}, HANGS], id="an error"),
        pytest.param([results("\ufffd\ufffd\ufffd")], id="replacement characters"),
        pytest.param([results("")], id="empty where there was voice"),
        pytest.param([results("x" * 2_000)], id="far too much"),
    ],
)
async def test_whatever_it_sends_the_words_are_heard_once(script: Script) -> None:
    async with hearing(Server(script)) as heard:
        assert await heard.sentence() == [UNDERSTOOD]
        if LATE_S in script:
            await asyncio.sleep(LATE_S)
        assert heard.finals == [UNDERSTOOD]


@pytest.mark.parametrize("early", [["close1011"], ["{"], [{"type": "Error"}, "close1008"]])
async def test_what_breaks_in_the_middle_of_a_sentence_loses_no_word(early: Script) -> None:
    async with hearing(Server([HANGS], early=early)) as heard:
        assert await heard.sentence() == [UNDERSTOOD]


@pytest.mark.parametrize("status", [200, 302, 401, 429, 503])
async def test_a_page_where_a_stream_should_be(status: int) -> None:
    async with hearing(Server([]), status=status) as heard:
        assert await heard.sentence() == [UNDERSTOOD]
        assert heard.ladder.serving == "local"
