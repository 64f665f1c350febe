"""The demo's server: the page, the offer, the sample call."""

from __future__ import annotations

import asyncio
import json
import socket
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.caller.peer import CallerError
from bot.caller.peer_webrtc import WebRTCPeer
from bot.errors import LeadlineError
from bot.records import CallRecord, TurnRecord
from bot.web import ice
from bot.web.demo import create_app
from bot.web.sample import MAX_WATCHERS, SampleCall, SampleListener, TooManyWatchersError
from bot.web.serving import serving
from tests.unit.web.fakes import ToldBot, ToldSample
from tests.unit.web.story import SCRIPT, story


@asynccontextmanager
async def demo(
    *, bot: ToldBot | None = None, sample: ToldSample | None = None, max_calls: int = 3
) -> AsyncIterator[tuple[httpx.AsyncClient, Any]]:
    """A running server, with a client of it."""
    bot = bot or ToldBot([])
    app = create_app(answer=bot.answer, hang_up=bot.hang_up, sample=sample, max_calls=max_calls)
    async with (
        serving(app, port=0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        yield client, app


async def until_ended(app: Any) -> None:
    sample: SampleCall = app.state.sample
    await asyncio.wait_for(sample.ended(), 10)


# The page ------------------------------------------------------------------------------------


async def test_the_page_may_load_nothing_from_elsewhere() -> None:
    async with demo() as (client, _):
        page = await client.get("/")
        assert page.status_code == 200
        assert "<title>Leadline demo</title>" in page.text
        assert "default-src 'self'" in page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        for asset in ("/app.js", "/app.css", "/favicon.svg", "/LICENSES.txt"):
            assert (await client.get(asset)).status_code == 200


async def test_other_sites_are_refused() -> None:
    async with demo() as (client, _):
        foreign = await client.post("/api/sample", headers={"origin": "https://example.com"})
        assert foreign.status_code == 403
        rebound = await client.get("/", headers={"host": "attacker.example"})
        assert rebound.status_code == 400


async def test_health_counts_the_calls() -> None:
    async with demo(max_calls=2) as (client, _):
        assert (await client.get("/healthz")).json() == {
            "status": "ok",
            "calls": 0,
            "max_calls": 2,
        }


# The port ------------------------------------------------------------------------------------


async def test_a_busy_port_is_one_clear_error() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        app = create_app(answer=ToldBot([]).answer)
        with pytest.raises(LeadlineError, match=f"^port {port} is in use: use --port$"):
            async with serving(app, port=port):
                pass


# Calls ---------------------------------------------------------------------------------------


async def test_a_caller_hears_from_the_bot_over_webrtc() -> None:
    bot = ToldBot(story(turns=1))
    async with demo(bot=bot) as (client, _):
        peer = WebRTCPeer(offer_url=f"{client.base_url}/api/offer")
        await peer.connect()
        try:
            async with asyncio.timeout(10):
                async for message in peer.messages():
                    if message["type"] == "bot-stopped-speaking":
                        break
        finally:
            await peer.close()
    assert bot.received[0]["type"] == "client-ready"


async def test_one_call_too_many_is_told_why_and_leaves_the_others_alone() -> None:
    async with demo(max_calls=1) as (client, app):
        first = WebRTCPeer(offer_url=f"{client.base_url}/api/offer")
        await first.connect()
        try:
            second = WebRTCPeer(offer_url=f"{client.base_url}/api/offer")
            with pytest.raises(CallerError, match="refused the call: 1 calls are running"):
                await second.connect()
            assert app.state.calls.running == 1
        finally:
            await first.close()


@pytest.mark.parametrize(
    "body",
    [
        {"sdp": "nonsense", "type": "offer"},
        {"sdp": "v=0", "type": "wish"},
        {"type": "offer"},
        {"sdp": "x" * 100_000, "type": "offer"},
    ],
)
async def test_what_is_no_offer_is_refused(body: dict[str, str]) -> None:
    async with demo() as (client, app):
        assert (await client.post("/api/offer", json=body)).status_code == 422
        assert app.state.calls.running == 0


async def test_candidates_of_an_unknown_call_are_refused() -> None:
    async with demo() as (client, _):
        response = await client.patch("/api/offer", json={"pc_id": "x", "candidates": []})
        assert response.status_code == 404


async def test_a_caller_without_a_server_gets_one_clear_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        peer = WebRTCPeer(offer_url=f"http://127.0.0.1:{unused.getsockname()[1]}/api/offer")
        with pytest.raises(CallerError, match="cannot be reached"):
            await peer.connect()


def test_without_a_network_the_loopback_address_is_offered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ice, "_get_host_addresses", lambda *_: [])
    assert ice._host_addresses_or_loopback(True, True) == ["127.0.0.1"]
    monkeypatch.setattr(ice, "_get_host_addresses", lambda *_: ["192.0.2.7"])
    assert ice._host_addresses_or_loopback(True, True) == ["192.0.2.7"]


# The sample call -----------------------------------------------------------------------------


async def test_the_state_of_a_finished_sample_call(tmp_path: Path) -> None:
    async with demo(sample=ToldSample(story(), tmp_path, ends=True)) as (client, app):
        await until_ended(app)
        state = (await client.get("/api/sample")).json()
    assert state["state"] == "done"
    assert state["caller"] == "Daniel Carter"
    assert state["call_id"] == "c0ffee"
    assert [turn["text"] for turn in state["turns"]] == [text for _, text, _ in SCRIPT]
    assert state["lead"]["email"]["value"] == "daniel@greenriverfoods.com"
    assert state["lead"]["email"]["status"] == "confirmed"
    assert len(state["latency"]) == 8


async def test_the_saved_record_completes_what_the_line_was_too_short_to_tell(
    tmp_path: Path,
) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    goodbye = TurnRecord(n=3, role="bot", text="Bye!", heard_text="Bye!", start_s=9, end_s=10)
    call = CallRecord(
        call_id="c0ffee",
        lead_id="l",
        playbook="p",
        room="r",
        transport="webrtc",
        started_at=at,
        end_reason="completed",
        turns=[goodbye],
    )
    async with demo(sample=ToldSample(story(turns=2), tmp_path, ends=True)) as (client, app):
        await until_ended(app)
        SampleListener(app.state.sample).call_ended(call)
        state = (await client.get("/api/sample")).json()
    assert [turn["n"] for turn in state["turns"]] == [1, 2, 3]
    assert state["end_reason"] == "completed"


async def test_who_comes_late_sees_the_whole_call(tmp_path: Path) -> None:
    async with demo(sample=ToldSample(story(), tmp_path, ends=True)) as (client, app):
        await until_ended(app)
        ids, messages = await _events(client, until="done")
    assert [m["data"]["state"] for m in messages if m["type"] == "sample"] == [
        "waiting",
        "running",
        "done",
    ]
    settled = [m for m in messages if (m.get("data") or {}).get("type") == "leadline.turn"]
    assert len(settled) == len(SCRIPT)
    assert ids == sorted(ids)


async def test_a_page_that_reconnects_gets_only_what_is_new(tmp_path: Path) -> None:
    async with demo(sample=ToldSample(story(), tmp_path, ends=True)) as (client, app):
        await until_ended(app)
        ids, _ = await _events(client, until="done")
        again, messages = await _events(client, until="done", last_id=ids[-2])
    assert again == ids[-1:]
    assert messages[0]["data"]["state"] == "done"


async def test_a_second_sample_call_starts_from_nothing(tmp_path: Path) -> None:
    async with demo(sample=ToldSample(story(), tmp_path, ends=True)) as (client, app):
        await until_ended(app)
        first_ids, _ = await _events(client, until="done")
        assert (await client.post("/api/sample")).json() == {"placed": True}
        await until_ended(app)
        ids, messages = await _events(client, until="done", last_id=first_ids[-1])
    assert ids[0] == first_ids[-1] + 1
    assert messages[0]["data"]["state"] == "waiting"


async def test_a_running_sample_call_is_not_placed_twice(tmp_path: Path) -> None:
    async with demo(sample=ToldSample(story(), tmp_path, ends=False)) as (client, _):
        assert (await client.post("/api/sample")).json() == {"placed": False}


async def test_a_finished_call_can_be_heard_and_searched_in(tmp_path: Path) -> None:
    async with demo(sample=ToldSample(story(), tmp_path, ends=True)) as (client, app):
        await until_ended(app)
        sound = await client.get("/api/sample/audio.wav")
        part = await client.get("/api/sample/audio.wav", headers={"range": "bytes=0-43"})
    (tmp_path / "heard.wav").write_bytes(sound.content)
    with wave.open(str(tmp_path / "heard.wav")) as file:
        assert (file.getnchannels(), file.getframerate()) == (1, 24_000)
        assert file.getnframes() > 20_000
    assert part.status_code == 206
    assert part.content == sound.content[:44]


async def test_a_running_call_can_be_listened_in_to(tmp_path: Path) -> None:
    told = ToldSample(story(), tmp_path, ends=False)
    async with (
        demo(sample=told) as (client, _),
        client.stream("GET", "/api/sample/audio.wav") as response,
    ):
        chunks = response.aiter_bytes()
        header = await anext(chunks)
        assert header[:4] == b"RIFF"
        told.callers[0].release.set()  # The call ends, and with it the stream.
        async with asyncio.timeout(10):
            async for _ in chunks:
                pass


async def test_there_is_nothing_to_hear_without_a_sample_call() -> None:
    async with demo() as (client, _):
        assert (await client.get("/api/sample/audio.wav")).status_code == 404
        assert (await client.get("/api/sample")).status_code == 404


async def test_a_sample_call_that_fails_says_why(tmp_path: Path) -> None:
    class Unlucky(ToldSample):
        def _make(self, *_: Any) -> Any:
            raise CallerError("no line")

    async with demo(sample=Unlucky([], tmp_path, ends=True)) as (client, app):
        await until_ended(app)
        state = (await client.get("/api/sample")).json()
    assert (state["state"], state["error"]) == ("failed", "no line")


async def test_watchers_are_bounded(tmp_path: Path) -> None:
    sample = ToldSample(story(), tmp_path, ends=True)()
    await asyncio.wait_for(sample.ended(), 10)
    watchers = [sample.events() for _ in range(MAX_WATCHERS)]
    for watcher in watchers:
        await anext(watcher)
    with pytest.raises(TooManyWatchersError):
        await anext(sample.events())
    await watchers[0].aclose()  # type: ignore[attr-defined]
    await anext(sample.events())
    await sample.close()


async def _events(
    client: httpx.AsyncClient, *, until: str, last_id: int | None = None
) -> tuple[list[int], list[dict[str, Any]]]:
    """Read the stream of events up to a state of the sample call."""
    headers = {} if last_id is None else {"last-event-id": str(last_id)}
    ids: list[int] = []
    messages: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(10),
        client.stream("GET", "/api/sample/events", headers=headers) as response,
    ):
        async for line in response.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "id":
                ids.append(int(value))
            elif field == "data":
                messages.append(json.loads(value))
                if messages[-1]["type"] == "sample" and messages[-1]["data"]["state"] == until:
                    return ids, messages
    raise AssertionError("the stream ended early")
