"""`leadline token`."""

from __future__ import annotations

import json
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from livekit.api import TokenVerifier

from bot.cli import main
from bot.commands.token import parse_ttl, websocket_url
from bot.errors import UsageError

SECRET = "a-secret-of-at-least-32-characters-0"


@pytest.fixture
def livekit_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEKIT_URL", "https://livekit.example.com")
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    monkeypatch.setenv("LIVEKIT_API_SECRET", SECRET)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exited:
        main(["token", *arguments])
    return int(exited.value.code or 0)


@pytest.mark.usefixtures("livekit_settings")
def test_the_token_lets_one_person_into_one_room(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("demo 1", "--identity", "Jané", "--ttl", "30m", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    claims = TokenVerifier("devkey", SECRET).verify(document["token"])
    assert claims.identity == "Jané"
    assert claims.video is not None
    assert (claims.video.room_join, claims.video.room) == (True, "demo 1")
    assert not claims.video.room_admin
    assert not claims.video.room_create
    assert document["ttl_s"] == 1800
    assert document["room"] == "demo 1"


@pytest.mark.usefixtures("livekit_settings")
def test_the_link_opens_the_same_server_with_the_same_token(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("demo-1") == 0
    printed_token, link = capsys.readouterr().out.split()
    query = parse_qs(urlsplit(link).query)
    assert query == {"liveKitUrl": ["wss://livekit.example.com"], "token": [printed_token]}


@pytest.mark.usefixtures("livekit_settings")
def test_two_guests_do_not_throw_each_other_out(capsys: pytest.CaptureFixture[str]) -> None:
    run("demo-1", "--json")
    first = json.loads(capsys.readouterr().out)["identity"]
    run("demo-1", "--json")
    assert json.loads(capsys.readouterr().out)["identity"] != first


@pytest.mark.usefixtures("livekit_settings")
def test_the_secret_is_not_printed(capsys: pytest.CaptureFixture[str]) -> None:
    run("demo-1", "--json")
    printed = capsys.readouterr()
    assert SECRET not in printed.out + printed.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["demo-1"], "LIVEKIT_URL, LIVEKIT_API_KEY, LIVEKIT_API_SECRET"),
        (["x" * 300], "ROOM"),
        (["a\tb"], "ROOM"),
        (["demo-1", "--ttl", "90"], "--ttl"),
        (["demo-1", "--identity", ""], "--identity"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert named in printed.err
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "ttl"),
    [
        ("45s", timedelta(seconds=45)),
        ("30m", timedelta(minutes=30)),
        ("1H", timedelta(hours=1)),
        ("2d", timedelta(days=2)),
    ],
)
def test_a_duration_has_a_number_and_a_unit(text: str, ttl: timedelta) -> None:
    assert parse_ttl(text) == ttl


@pytest.mark.parametrize("text", ["", "1", "h", "0s", "-1h", "1.5h", "31d", "999999999d", "1h30m"])
def test_anything_else_is_no_duration(text: str) -> None:
    with pytest.raises(UsageError, match="--ttl"):
        parse_ttl(text)


def test_browsers_get_a_websocket_address() -> None:
    assert websocket_url("http://localhost:7880") == "ws://localhost:7880"
    assert websocket_url("wss://x.livekit.cloud") == "wss://x.livekit.cloud"
