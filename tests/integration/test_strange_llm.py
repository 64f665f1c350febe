"""An LLM server that keeps to no protocol in particular: the turn is answered, in full and once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from aiohttp import web
from pipecat.frames.frames import LLMContextFrame, LLMFullResponseEndFrame
from pipecat.processors.aggregators.llm_context import LLMContext

from bot.config import Settings
from bot.problems import Problems
from bot.services.continuation import ReplyPlan
from bot.services.experience import Experience
from bot.services.llm_answer import LLMTerms
from bot.services.llm_clients import openai_compatible
from bot.services.llm_ladder import LLMLadder
from bot.services.llm_rungs import HostedLLMRung, ScriptedRung
from bot.services.patience import PatiencePolicy
from tests.emulators.bench import ServiceBench

PLAN = ReplyPlan(
    text="Nice to meet you, José. Which company is it?", essential="Which company is it?"
)
Part = bytes | float
"""What the server sends, and how long it waits then; infinity: until the client has left."""


def chunk(content: str | None = None, *, role: bool = False, finish: str | None = None) -> bytes:
    delta: dict[str, Any] = {"role": "assistant"} if role else {}
    if content is not None:
        delta["content"] = content
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4o-mini",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
    }
    return b"data: " + json.dumps(body, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
ROLE = chunk("", role=True)
STOP = chunk(finish="stop")
SAID = chunk("Nice to meet you, José. ")
REST = chunk("Which company is it?")
FOREVER = float("inf")


class StrangeServer:
    """Answers every request with the same parts, with the same status and headers."""

    def __init__(self) -> None:
        self.parts: Sequence[Part] = ()
        self.status = 200
        self.headers: dict[str, str] = {"Content-Type": "text/event-stream"}
        self.requests = 0
        self.is_over = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        response = web.StreamResponse(status=self.status, headers=self.headers)
        await response.prepare(request)
        for part in self.parts:
            if isinstance(part, bytes):
                await response.write(part)
            elif part == FOREVER:
                await self.is_over.wait()
            else:
                await asyncio.sleep(part)
        return response


@pytest.fixture
async def server() -> AsyncIterator[tuple[StrangeServer, str]]:
    strange = StrangeServer()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", strange.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    yield strange, f"http://{host}:{port}"
    strange.is_over.set()
    await runner.cleanup()


class Asked:
    """A ladder with the strange server above the scripted dialogue."""

    def __init__(self, url: str, *, patience_s: float = 0.6) -> None:
        self.problems, self.experience = Problems(), Experience()
        service = openai_compatible(
            Settings(), "Be brief.", api_key="sk-test", base_url=f"{url}/v1", model="gpt-4o-mini"
        )
        self.ladder = LLMLadder(
            rungs=[HostedLLMRung("openai", service), ScriptedRung()],
            plan=lambda: PLAN,
            terms=LLMTerms(
                experience=self.experience,
                patience=PatiencePolicy(floor_s=patience_s, ceiling_s=patience_s),
                on_problem=self.problems.add,
                stall_s=0.3,
            ),
        )
        self.bench = ServiceBench(self.ladder)

    async def turn(self) -> str:
        context = LLMContext([{"role": "user", "content": "I am José."}])
        await self.bench.send(LLMContextFrame(context))
        await self.bench.next(LLMFullResponseEndFrame)
        return self.ladder.generated_text


def split_everywhere(*parts: bytes) -> list[bytes]:
    """One byte at a time: through lines, and through letters of two bytes."""
    return [bytes([byte]) for byte in b"".join(parts)]


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([ROLE, SAID, REST, STOP, DONE], id="in order"),
        pytest.param(split_everywhere(ROLE, SAID, REST, STOP, DONE), id="split inside letters"),
        pytest.param([b": ping\n\n", ROLE, SAID, b": ping\n\n", REST, STOP, DONE], id="pings"),
        pytest.param([SAID, REST, STOP], id="a finish reason and no [DONE]"),
        pytest.param([SAID, REST, DONE], id="[DONE] and no finish reason"),
        pytest.param([p.replace(b"\n", b"\r\n") for p in (SAID, REST, STOP, DONE)], id="CRLF"),
        pytest.param([SAID, b'data: {"choices": []}\n\n', REST, STOP, DONE], id="no choices"),
    ],
)
async def test_what_is_odd_but_whole_is_the_answer(
    server: tuple[StrangeServer, str], parts: Sequence[Part]
) -> None:
    strange, url = server
    strange.parts = parts
    asked = Asked(url, patience_s=5)  # the client's first request takes long
    async with asked.bench:
        assert await asked.turn() == PLAN.text
    assert (asked.ladder.rung_name, asked.problems.records) == ("openai", [])


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([b": keep-alive\n\n", FOREVER], id="keep-alive comments only"),
        pytest.param([ROLE, FOREVER], id="the role, then nothing"),
        pytest.param([ROLE, ROLE, STOP, DONE], id="roles and no words"),
        pytest.param([chunk(finish="content_filter"), DONE], id="filtered"),
        pytest.param([chunk(finish="length"), DONE], id="no room for a word"),
        pytest.param([DONE], id="done before it began"),
        pytest.param([], id="no body"),
        pytest.param([b"<html><body>502 Bad Gateway</body></html>"], id="a page"),
        pytest.param([b"data: {not json\n\n", DONE], id="no JSON"),
        pytest.param([b'data: {"error": {"message": "overloaded"}}\n\n'], id="an error"),
        pytest.param([b'data: "text"\n\n', DONE], id="JSON that is no chunk"),
        pytest.param([b'data: {"choices": null}\n\n', DONE], id="null choices"),
        pytest.param([b'data: {"choices": [{}]}\n\n', DONE], id="an empty choice"),
        pytest.param([SAID, FOREVER], id="stalls after a sentence"),
        pytest.param([SAID, b'data: {"error": {"message": "x"}}\n\n'], id="an error midway"),
        pytest.param([SAID, chunk("Which comp")], id="ends in a word"),
        pytest.param([SAID, chunk("Which comp", finish="length"), DONE], id="cut short"),
        pytest.param([SAID, chunk(finish="content_filter"), DONE], id="filtered midway"),
        pytest.param([SAID, b"data: \xff\xfe\n\n", DONE], id="no UTF-8"),
        pytest.param([SAID, chunk("\ufffd\ufffd"), FOREVER], id="replacement characters"),
    ],
)
async def test_whatever_it_sends_the_turn_is_answered_in_full_and_once(
    server: tuple[StrangeServer, str], parts: Sequence[Part]
) -> None:
    strange, url = server
    strange.parts = parts
    asked = Asked(url)
    async with asked.bench:
        assert await asked.turn() == PLAN.text
    [problem] = asked.problems.records
    assert (asked.ladder.rung_name, problem.service) == ("scripted", "llm:openai")
    assert strange.requests <= 2


@pytest.mark.parametrize(
    ("status", "headers", "is_permanent"),
    [
        (429, {"Retry-After": "30"}, False),
        (503, {"Retry-After": "0"}, False),
        (200, {"Content-Type": "text/html"}, False),
        (302, {"Location": "/v1/chat/completions"}, False),
        (401, {}, True),
        (404, {}, True),
    ],
)
async def test_a_status_is_no_reason_to_wait(
    server: tuple[StrangeServer, str], status: int, headers: dict[str, str], is_permanent: bool
) -> None:
    strange, url = server
    strange.status, strange.headers = status, {"Content-Type": "application/json", **headers}
    asked = Asked(url)
    async with asked.bench:
        assert await asked.turn() == PLAN.text
        assert asked.experience.breakers.of("llm:openai").is_permanent is is_permanent
    assert asked.ladder.rung_name == "scripted"


async def test_tokens_that_drip_are_not_waited_for(server: tuple[StrangeServer, str]) -> None:
    strange, url = server
    strange.parts = [p for word in PLAN.text.split() for p in (chunk(f"{word} "), 0.35)]
    asked = Asked(url)
    asked.ladder._terms.stall_s = 0.8
    async with asked.bench:
        assert await asked.turn() == PLAN.text
    assert [problem.what for problem in asked.problems.records] == ["answers too slowly"]
