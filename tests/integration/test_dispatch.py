"""`leadline dispatch` against a real livekit-server, one that refuses, and none."""

from __future__ import annotations

import json
import socket
from typing import Any
from uuid import uuid4

import pytest
from livekit import api
from typer.testing import CliRunner

from bot.commands.dispatch import app
from bot.config import Settings, SettingsError
from bot.errors import UsageError
from bot.fleet.dispatch import DispatchUnavailableError, LiveKitDispatcher
from tests.servers.livekit import LiveKitServer

pytestmark = pytest.mark.integration


def dispatcher(url: str, *, secret: str = "s" * 32, timeout_s: float = 5) -> LiveKitDispatcher:
    return LiveKitDispatcher(
        url=url, key="devkey", secret=secret, agent_name="leadline", timeout_s=timeout_s
    )


async def dispatches(server: LiveKitServer, room: str) -> list[Any]:
    client = api.LiveKitAPI(server.url, server.api_key, server.api_secret)
    try:
        return list(await client.agent_dispatch.list_dispatch(room_name=room))
    finally:
        await client.aclose()


async def test_a_dispatch_names_the_agent_and_carries_the_call(
    livekit_server: LiveKitServer,
) -> None:
    room = f"room-{uuid4().hex[:8]}"
    async with dispatcher(livekit_server.url, secret=livekit_server.api_secret) as fleet:
        call_id = await fleet.dispatch(room, "b2b-software", {"campaign": "spring"})
        again = await fleet.dispatch(room, call_id="c" * 32)
    assert again == "c" * 32
    first = next(d for d in await dispatches(livekit_server, room) if call_id in d.metadata)
    assert first.agent_name == "leadline"
    assert json.loads(first.metadata) == {
        "v": 1,
        "call_id": call_id,
        "playbook": "b2b-software",
        "metadata": {"campaign": "spring"},
    }


def test_the_command_prints_the_calls_id(
    livekit_server: LiveKitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in livekit_server.environment.items():
        monkeypatch.setenv(name, value)
    room = f"room-{uuid4().hex[:8]}"
    result = CliRunner().invoke(app, [room, "--metadata", '{"a": 1}', "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["room"] == room
    assert len(document["call_id"]) == 32
    assert document["agent"] == "leadline"


@pytest.mark.parametrize("text", ["{", "[1]", '"x"', "[" * 100_000])
def test_metadata_that_is_no_object_is_a_usage_error(text: str) -> None:
    result = CliRunner().invoke(app, ["demo", "--metadata", text])
    assert isinstance(result.exception, UsageError)
    assert str(result.exception).startswith("--metadata: not an object of JSON")


async def test_a_wrong_secret_names_the_setting(livekit_server: LiveKitServer) -> None:
    async with dispatcher(livekit_server.url, secret="w" * 32) as fleet:
        with pytest.raises(SettingsError, match=r"^LIVEKIT_API_SECRET: "):
            await fleet.dispatch("demo")


async def test_metadata_over_the_bound_is_refused_before_it_is_sent() -> None:
    async with dispatcher("ws://127.0.0.1:9") as fleet:
        with pytest.raises(UsageError, match=r"^metadata: is 20"):
            await fleet.dispatch("demo", metadata={"x": "y" * 20_000})
        with pytest.raises(UsageError, match=r"^metadata: cannot be written"):
            await fleet.dispatch("demo", metadata={"x": object()})


async def test_a_server_that_is_down_is_one_clear_error() -> None:
    async with dispatcher("ws://127.0.0.1:9") as fleet:
        with pytest.raises(DispatchUnavailableError, match="does not answer at"):
            await fleet.dispatch("demo")


async def test_a_server_that_hangs_is_given_up() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        async with dispatcher(url, timeout_s=0.2) as fleet:
            with pytest.raises(DispatchUnavailableError):
                await fleet.dispatch("demo")


def test_without_livekit_the_missing_settings_are_named() -> None:
    with pytest.raises(SettingsError, match=r"^LIVEKIT_URL, LIVEKIT_API_KEY"):
        LiveKitDispatcher.of(Settings())
