"""`leadline doctor`: each kind of trouble has its own words and its own remedy."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSCloseCode, web

from bot.cli import main
from bot.config import Settings
from bot.diagnosis import Finding, examine
from bot.diagnosis.machine import check_data_dir, check_database, check_ports, check_redis
from bot.diagnosis.providers import (
    check_anthropic,
    check_deepgram,
    check_elevenlabs,
    check_llm_fallback,
    check_openai,
)
from bot.diagnosis.rooms import check_daily, check_livekit

KEY = "the-right-key-0123"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(*routes: web.RouteDef) -> AsyncIterator[str]:
    """A provider of these paths; yields its base URL."""
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def has(request: web.Request, header: str, value: str) -> bool:
    return request.headers.get(header) == value


def assert_in_order(finding: Finding) -> None:
    assert (finding.configured, finding.reachable, finding.usable) == (True, True, True), finding
    assert finding.remedy is None


def assert_refused(finding: Finding, *, remedy: str) -> None:
    assert (finding.configured, finding.reachable, finding.usable) == (True, True, False), finding
    assert remedy in (finding.remedy or "")


class Deepgram:
    """Refuses what Deepgram refuses at the handshake."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    async def listen(self, request: web.Request) -> web.StreamResponse:
        if not has(request, "Authorization", f"Token {KEY}"):
            return web.Response(status=401, headers={"dg-error": "Invalid credentials."})
        if request.query["model"] != "nova-3-general":
            return web.Response(status=400, headers={"dg-error": "No such model."})
        stream = web.WebSocketResponse()
        await stream.prepare(request)
        self.messages.append(await stream.receive_json())
        await stream.close()
        return stream


@pytest.fixture
async def deepgram() -> AsyncIterator[tuple[Deepgram, str]]:
    provider = Deepgram()
    async with serving(web.get("/v1/listen", provider.listen)) as url:
        yield provider, url


async def test_deepgram_is_usable_when_it_takes_key_and_model(
    deepgram: tuple[Deepgram, str],
) -> None:
    provider, url = deepgram
    finding = await check_deepgram(Settings(DEEPGRAM_API_KEY=KEY, DEEPGRAM_BASE_URL=url))
    assert_in_order(finding)
    assert provider.messages == [{"type": "CloseStream"}], "no audio may be charged"


async def test_a_wrong_deepgram_key_is_named(deepgram: tuple[Deepgram, str]) -> None:
    finding = await check_deepgram(Settings(DEEPGRAM_API_KEY="no", DEEPGRAM_BASE_URL=deepgram[1]))
    assert_refused(finding, remedy="DEEPGRAM_API_KEY")
    assert "Invalid credentials." in finding.detail


async def test_an_unknown_deepgram_model_is_named(deepgram: tuple[Deepgram, str]) -> None:
    finding = await check_deepgram(
        Settings(DEEPGRAM_API_KEY=KEY, DEEPGRAM_BASE_URL=deepgram[1], DEEPGRAM_MODEL="nova-99")
    )
    assert_refused(finding, remedy="DEEPGRAM_MODEL=nova-99")


def openai_card(known: str) -> Handler:
    async def card(request: web.Request) -> web.StreamResponse:
        if not has(request, "Authorization", f"Bearer {KEY}"):
            return web.json_response({"error": {"code": "invalid_api_key"}}, status=401)
        if request.match_info["model"] != known:
            return web.json_response({"error": {"code": "model_not_found"}}, status=404)
        return web.json_response({"id": known})

    return card


async def test_openai_is_usable_when_it_knows_the_model() -> None:
    async with serving(web.get("/v1/models/{model}", openai_card("gpt-4o-mini"))) as url:
        settings = Settings(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url)
        assert_in_order(await check_openai(settings))


@pytest.mark.parametrize(
    ("changed", "remedy"),
    [
        ({"OPENAI_API_KEY": "no"}, "OPENAI_API_KEY"),
        ({"OPENAI_MODEL": "gpt-0"}, "OPENAI_MODEL=gpt-0"),
    ],
)
async def test_a_wrong_openai_key_and_an_unknown_model_are_named(
    changed: dict[str, Any], remedy: str
) -> None:
    async with serving(web.get("/v1/models/{model}", openai_card("gpt-4o-mini"))) as url:
        settings = Settings(**{"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": url} | changed)
        assert_refused(await check_openai(settings), remedy=remedy)


@pytest.mark.parametrize(("status", "is_usable"), [(200, True), (401, False), (429, False)])
async def test_a_compatible_server_without_model_cards_is_asked_for_one_token(
    status: int, is_usable: bool
) -> None:
    asked: list[Any] = []

    async def chat(request: web.Request) -> web.StreamResponse:
        asked.append(await request.json())
        return web.Response(status=status, text="data: {}\n\ndata: [DONE]\n\n")

    async with serving(web.post("/v1/chat/completions", chat)) as url:
        finding = await check_openai(Settings(OPENAI_BASE_URL=url, OPENAI_MODEL="llama"))
    assert finding.usable is is_usable
    assert (asked[0]["model"], asked[0]["max_tokens"]) == ("llama", 1)


def elevenlabs_voice(status: int, detail: dict[str, str] | None = None) -> web.RouteDef:
    async def voice(request: web.Request) -> web.StreamResponse:
        assert has(request, "xi-api-key", KEY)
        body = {"detail": detail} if detail else {"name": "Rachel"}
        return web.json_response(body, status=status)

    return web.get("/v1/voices/{voice}", voice)


async def test_elevenlabs_is_usable_when_it_knows_the_voice() -> None:
    async with serving(elevenlabs_voice(200)) as url:
        finding = await check_elevenlabs(Settings(ELEVENLABS_API_KEY=KEY, ELEVENLABS_BASE_URL=url))
    assert_in_order(finding)
    assert "Rachel" in finding.detail


@pytest.mark.parametrize(
    ("status", "detail", "remedy"),
    [
        (401, {"status": "invalid_api_key"}, "correct ELEVENLABS_API_KEY"),
        (400, {"status": "voice_not_found"}, "ELEVENLABS_VOICE_ID"),
        (404, {"code": "voice_not_found"}, "ELEVENLABS_VOICE_ID"),
        (401, {"status": "quota_exceeded"}, "add credit"),
    ],
)
async def test_what_elevenlabs_refuses_has_its_own_remedy(
    status: int, detail: dict[str, str], remedy: str
) -> None:
    async with serving(elevenlabs_voice(status, detail)) as url:
        finding = await check_elevenlabs(Settings(ELEVENLABS_API_KEY=KEY, ELEVENLABS_BASE_URL=url))
    assert_refused(finding, remedy=remedy)


def elevenlabs_stream(objection: dict[str, Any] | None) -> web.RouteDef:
    async def stream(request: web.Request) -> web.StreamResponse:
        socket_ = web.WebSocketResponse()
        await socket_.prepare(request)
        await socket_.receive_json()
        if objection is not None:
            await socket_.send_json(objection)
            await socket_.close(code=WSCloseCode.POLICY_VIOLATION, message=b"refused")
            return socket_
        await socket_.receive_json()
        await socket_.close()
        return socket_

    return web.get("/v1/text-to-speech/{voice}/multi-stream-input", stream)


@pytest.mark.parametrize(
    ("objection", "is_usable", "remedy"),
    [
        (None, True, None),
        ({"error": "invalid_api_key", "code": 1008}, False, "ELEVENLABS_API_KEY"),
        ({"error": "voice_id_does_not_exist", "code": 1008}, False, "ELEVENLABS_VOICE_ID"),
    ],
)
async def test_a_key_without_the_right_to_read_voices_is_tried_on_the_stream(
    objection: dict[str, Any] | None, is_usable: bool, remedy: str | None
) -> None:
    card = elevenlabs_voice(401, {"status": "missing_permissions"})
    async with serving(card, elevenlabs_stream(objection)) as url:
        finding = await check_elevenlabs(Settings(ELEVENLABS_API_KEY=KEY, ELEVENLABS_BASE_URL=url))
    assert finding.usable is is_usable
    assert (remedy or "") in (finding.remedy or "")


@pytest.mark.parametrize(("key", "is_usable"), [(KEY, True), ("no", False)])
async def test_daily_is_asked_for_one_room(key: str, is_usable: bool) -> None:
    async def rooms(request: web.Request) -> web.StreamResponse:
        assert request.query["limit"] == "1"
        is_known = has(request, "Authorization", f"Bearer {KEY}")
        return web.json_response({"total_count": 0, "data": []}, status=200 if is_known else 401)

    async with serving(web.get("/v1/rooms", rooms)) as url:
        finding = await check_daily(Settings(DAILY_API_KEY=key, DAILY_API_URL=url))
    assert finding.usable is is_usable


async def test_half_of_livekits_settings_is_a_mistake() -> None:
    finding = await check_livekit(Settings(LIVEKIT_URL="ws://localhost:7880"))
    assert (finding.configured, finding.usable) == (True, False)
    assert "LIVEKIT_API_KEY, LIVEKIT_API_SECRET: not set" in finding.detail


async def test_a_server_that_is_no_livekit_is_told_from_a_wrong_key() -> None:
    async with serving() as url:
        finding = await check_livekit(
            Settings(LIVEKIT_URL=url, LIVEKIT_API_KEY="k", LIVEKIT_API_SECRET="s" * 32)
        )
    assert_refused(finding, remedy="LIVEKIT_URL")


def at(port: int) -> dict[str, tuple[Callable[[Settings], Awaitable[Finding]], Settings]]:
    http = f"http://127.0.0.1:{port}"
    return {
        "LIVEKIT_URL": (
            check_livekit,
            Settings(LIVEKIT_URL=http, LIVEKIT_API_KEY="k", LIVEKIT_API_SECRET="s" * 32),
        ),
        "DAILY_API_URL": (check_daily, Settings(DAILY_API_KEY=KEY, DAILY_API_URL=http)),
        "DEEPGRAM_BASE_URL": (
            check_deepgram,
            Settings(DEEPGRAM_API_KEY=KEY, DEEPGRAM_BASE_URL=http),
        ),
        "OPENAI_BASE_URL": (check_openai, Settings(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=http)),
        "ELEVENLABS_BASE_URL": (
            check_elevenlabs,
            Settings(ELEVENLABS_API_KEY=KEY, ELEVENLABS_BASE_URL=http),
        ),
        "REDIS_URL": (check_redis, Settings(REDIS_URL=f"redis://127.0.0.1:{port}/0")),
    }


@pytest.mark.parametrize("setting", sorted(at(1)))
async def test_a_server_that_is_down_is_unreachable_and_its_setting_named(
    setting: str, closed_port: int
) -> None:
    check, settings = at(closed_port)[setting]
    finding = await check(settings)
    assert (finding.configured, finding.reachable, finding.usable) == (True, False, False)
    assert "refuses connections" in finding.detail
    assert setting in (finding.remedy or "")


async def test_a_host_that_does_not_exist_is_told_from_a_server_that_is_down() -> None:
    finding = await check_openai(Settings(OPENAI_BASE_URL="http://no-such-host.invalid"))
    assert finding.reachable is False
    assert "cannot be found" in finding.detail


async def test_the_default_database_is_made_and_usable(tmp_path: Path) -> None:
    finding = await check_database(Settings(LEADLINE_DATA_DIR=tmp_path / "data"))
    assert_in_order(finding)
    assert "SQLite, revision " in finding.detail


async def test_a_database_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "leadline.db").write_bytes(b"these are no database pages" * 100)
    finding = await check_database(Settings(LEADLINE_DATA_DIR=tmp_path))
    assert finding.usable is False
    assert "not a SQLite database" in finding.detail + (finding.remedy or "")


async def test_a_data_directory_that_is_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("")
    finding = await check_data_dir(Settings(LEADLINE_DATA_DIR=path))
    assert_refused(finding, remedy="LEADLINE_DATA_DIR")


async def test_a_port_in_use_is_said_and_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setattr("bot.diagnosis.machine.PORTS", (port,))
        finding = await check_ports(Settings())
    assert finding.is_healthy
    assert f"{port} in use" in finding.detail


async def test_the_checks_run_at_once_and_keep_their_order() -> None:
    both_begun = asyncio.Barrier(2)

    def check(name: str) -> Callable[[Settings], Awaitable[Finding]]:
        async def wait_for_the_other(_: Settings) -> Finding:
            await both_begun.wait()
            return Finding(name=name, configured=False, detail="")

        return wait_for_the_other

    findings = await examine(Settings(), checks={"a": check("a"), "b": check("b")})
    assert [finding.name for finding in findings] == ["a", "b"]


async def test_a_check_that_hangs_or_breaks_does_not_hide_the_others() -> None:
    async def hang(_: Settings) -> Finding:
        await asyncio.Event().wait()
        raise AssertionError

    async def break_(_: Settings) -> Finding:
        raise KeyError(KEY)

    findings = await examine(Settings(), checks={"slow": hang, "odd": break_}, timeout_s=0.05)
    assert [finding.usable for finding in findings] == [False, False]
    assert "no answer within 0.05 s" in findings[0].detail
    assert KEY not in findings[1].detail


async def test_a_secret_in_an_answer_is_not_repeated() -> None:
    async def listen(request: web.Request) -> web.StreamResponse:
        return web.Response(
            status=401, headers={"dg-error": f"bad key {request.headers['Authorization']}"}
        )

    async with serving(web.get("/v1/listen", listen)) as url:
        settings = Settings(DEEPGRAM_API_KEY=KEY, DEEPGRAM_BASE_URL=url)
        [finding] = await examine(settings, checks={"deepgram": check_deepgram})
    assert "bad key" in finding.detail
    assert KEY not in finding.detail


def run_doctor(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exited:
        main(["doctor", *arguments])
    return int(exited.value.code or 0)


@pytest.mark.usefixtures("data_dir")
def test_without_any_setting_a_call_can_be_had(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_doctor("--json") == 0
    found = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert set(found["livekit"]) == {
        "name",
        "configured",
        "reachable",
        "usable",
        "detail",
        "remedy",
    }
    assert not found["deepgram"]["configured"]
    assert found["local speech"]["usable"]
    assert found["database"]["usable"]


@pytest.mark.usefixtures("data_dir")
def test_a_trouble_is_exit_code_1_and_named_in_the_table(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setenv("REDIS_URL", f"redis://127.0.0.1:{closed_port}")
    assert run_doctor() == 1
    assert "To be mended: redis" in capsys.readouterr().out


async def test_an_anthropic_key_without_its_client_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bot.diagnosis.providers.find_spec", lambda _: None)
    finding = await check_anthropic(Settings(ANTHROPIC_API_KEY="key"))
    assert_refused(finding, remedy="pipecat-ai[anthropic]")


async def test_a_fallback_that_nobody_runs_is_named() -> None:
    finding = await check_llm_fallback(
        Settings(LEADLINE_LLM_FALLBACK_URL="http://no-such-host.invalid")
    )
    assert "LEADLINE_LLM_FALLBACK_URL" in str(finding)
