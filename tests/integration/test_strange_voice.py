"""ElevenLabs' client before servers that keep to no protocol: every sentence is heard, once."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from aiohttp import web
from pipecat.frames.frames import TTSSpeakFrame
from pydantic import SecretStr

from bot.config import Settings
from bot.services.tts import HOSTED, make_service
from processors.attempt import Attempt, tagged
from tests.integration.strange_voices import (
    SENTENCE,
    WORD_S,
    Provider,
    Speaking,
    providing,
    sound,
)

WORDS = SENTENCE.split()
LENGTH_S = len(WORDS) * WORD_S


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    async with providing() as running:
        yield running


def speaking(provider: Provider, **options: Any) -> Speaking:
    settings = Settings(ELEVENLABS_API_KEY=SecretStr("key"), ELEVENLABS_BASE_URL=provider.url)
    return Speaking(make_service(HOSTED[0], settings), **options)


def message(context_id: str | None, pcm: bytes | None = None, **more: Any) -> dict[str, Any]:
    audio = base64.b64encode(pcm).decode() if pcm is not None else None
    return {"audio": audio, "contextId": context_id, "isFinal": None, **more}


def alignment(text: str = f"{SENTENCE} ", *, short_by: int = 0) -> dict[str, Any]:
    each_ms = round(LENGTH_S * 1000 / len(text))
    return {
        "alignment": {
            "chars": list(text),
            "charStartTimesMs": [n * each_ms for n in range(len(text) - short_by)],
            "charDurationsMs": [each_ms] * (len(text) - short_by),
        }
    }


Script = list[dict[str, Any] | bytes | str | float]
HANGS = float("inf")


def follow(provider: Provider, script: Script) -> None:
    """Play the script for each context's text."""

    async def behave(ws: web.WebSocketResponse, content: dict[str, Any]) -> None:
        if not (content.get("text") or "").strip():
            return
        for part in script:
            if isinstance(part, dict):
                filled = {k: v.format(content["context_id"]) if k == "contextId" and v else v
                          for k, v in part.items()}  # fmt: skip
                await ws.send_str(json.dumps(filled))
            elif isinstance(part, bytes):
                await ws.send_bytes(part)
            elif isinstance(part, str) and part.startswith("close"):
                await ws.close(code=int(part.removeprefix("close")))
            elif isinstance(part, str):
                await ws.send_str(part)
            elif part == HANGS:
                await provider.is_over.wait()
            else:
                await asyncio.sleep(part)

    provider.behave = behave


HERE = "{}"
FINAL = message(HERE, isFinal=True)
WHOLE = message(HERE, sound(LENGTH_S), **alignment())
HALF = message(HERE, sound(LENGTH_S / 2), **alignment())


def odd() -> Script:
    """The same sound, cut in the middle of samples."""
    pcm = sound(LENGTH_S)
    ends = [0, 4_001, 9_999, 10_000, len(pcm)]
    cut = [pcm[a:b] for a, b in pairwise(ends)]
    first = message(HERE, cut[0], **alignment())
    return [first, *(message(HERE, piece) for piece in cut[1:]), FINAL]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([WHOLE, FINAL], id="in order"),
        pytest.param(odd(), id="half samples"),
        pytest.param([message(HERE), message(HERE, b""), WHOLE, FINAL], id="empty messages"),
        pytest.param([message("another", sound(1)), WHOLE, FINAL], id="somebody else's sound"),
        pytest.param([{"type": "ping"}, WHOLE, {"unknown": 1}, FINAL], id="unknown messages"),
        pytest.param([WHOLE, HANGS], id="all of it, and no end"),
    ],
)
async def test_what_is_odd_but_whole_is_heard(provider: Provider, script: Script) -> None:
    follow(provider, script)
    call = speaking(provider, patience_s=5)
    async with call.bench:
        heard = await call.say()
    assert heard.words == WORDS
    assert heard.hosted_s == pytest.approx(LENGTH_S, abs=0.01)
    assert heard.local_s == 0
    assert call.problems.records == []


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([message(HERE, **alignment()), FINAL], id="words and no sound"),
        pytest.param([message(HERE, **alignment()), HANGS], id="words, then nothing"),
        pytest.param([FINAL, WHOLE], id="the end before the sound"),
        pytest.param([FINAL], id="the end alone"),
        pytest.param([HANGS], id="nothing"),
        pytest.param([{"audio": "%%%", "contextId": HERE}], id="no base64"),
        pytest.param([message(HERE, bytes(32_000), **alignment()), FINAL], id="silence as sound"),
        pytest.param(["<html>502</html>"], id="a page"),
        pytest.param(["[1, 2]"], id="a list"),
        pytest.param(["null"], id="null"),
        pytest.param([b"\x00\xff" * 100], id="binary"),
        pytest.param(["close1011"], id="closed at once"),
        pytest.param([HALF, "close1011"], id="closed midway"),
        pytest.param([HALF, "close1000"], id="closed midway in good order"),
        pytest.param([HALF, HANGS], id="stalls midway"),
        pytest.param([message(HERE, sound(0.05)), FINAL], id="far too short"),
        pytest.param([{"error": "quota_exceeded", "code": 1008}, HANGS], id="an error message"),
        pytest.param(
            [message(HERE, sound(0.02), **alignment(short_by=9)), HANGS], id="alignment cut short"
        ),
        pytest.param([{"audio": 7, "contextId": HERE}, HANGS], id="a number for sound"),
    ],
)
async def test_whatever_it_sends_the_sentence_is_heard_whole_and_once(
    provider: Provider, script: Script
) -> None:
    follow(provider, script)
    call = speaking(provider)
    async with call.bench:
        heard = await call.say()
        assert heard.words == WORDS
        assert LENGTH_S - 0.1 <= heard.hosted_s + heard.local_s <= LENGTH_S + 2 * WORD_S
        assert heard.local_s > 0
    assert [problem.service for problem in call.problems.records][:1] == ["tts:hosted"]


@pytest.mark.parametrize("status", [200, 302, 401, 429, 503])
async def test_a_page_where_a_stream_should_be(provider: Provider, status: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text="<html></html>", content_type="text/html")

    provider.answer = answer
    call = speaking(provider)
    async with call.bench:
        heard = await call.say()
    assert (heard.words, heard.hosted_s) == (WORDS, 0)


async def test_a_line_that_was_withdrawn_before_its_turn_is_not_spoken(provider: Provider) -> None:
    follow(provider, [WHOLE, FINAL])
    call = speaking(provider, patience_s=5)
    question = Attempt()
    question.kill()
    async with call.bench:
        await call.bench.send(tagged(TTSSpeakFrame("Are you still there?"), question))
        assert (await call.say()).words == WORDS
    assert "still there" not in str(provider.messages)
