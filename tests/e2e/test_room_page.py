"""The page of `leadline web` in a real Chromium and a real LiveKit room; the bot tells a story."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from livekit import rtc
from playwright.async_api import Page, expect

from bot.config import Settings
from bot.transports import BOT_IDENTITY_PREFIX, livekit_token
from bot.web.api import create_app
from bot.web.serving import serving
from tests.servers.chromium import Chromium
from tests.servers.livekit import LiveKitServer
from tests.unit.web.story import story

pytestmark = pytest.mark.e2e


class ToldRoomBot:
    """A participant of kind agent: sends its story when the page is ready, and notes what comes."""

    def __init__(self, settings: Settings, room: str, messages: list[dict[str, Any]]) -> None:
        self.room = rtc.Room()
        self.received: list[dict[str, Any]] = []
        self._settings = settings
        self._name = room
        self._messages = messages
        self._tasks: set[asyncio.Task[None]] = set()

    async def join(self, identity: str = "call") -> None:
        token = livekit_token(
            self._settings,
            room=self._name,
            identity=f"{BOT_IDENTITY_PREFIX}{identity}",
            name="Leadline",
            agent=True,
        )
        self.room.on("data_received", self._take)
        url, _, _ = self._settings.require_livekit()
        await self.room.connect(url, token)
        source = rtc.AudioSource(24_000, 1)
        track = rtc.LocalAudioTrack.create_audio_track("bot", source)
        await self.room.local_participant.publish_track(track)

    async def leave(self) -> None:
        await self.room.disconnect()

    async def heard(self, kind: str) -> dict[str, Any]:
        async with asyncio.timeout(10):
            while True:
                found = next((m for m in self.received if m["type"] == kind), None)
                if found is not None:
                    return found
                await asyncio.sleep(0.02)

    def _take(self, packet: rtc.DataPacket) -> None:
        message = json.loads(packet.data)
        self.received.append(message)
        if message["type"] == "client-ready" and not self._tasks:
            self._tasks.add(asyncio.create_task(self._tell(message["id"])))

    async def _tell(self, ready_id: str) -> None:
        ready = {"label": "rtvi-ai", "type": "bot-ready", "id": ready_id, "data": {}}
        for message in [ready, *self._messages]:
            await self.room.local_participant.publish_data(json.dumps(message).encode())


@dataclass
class SendsToldBots:
    """A `Dispatcher` whose bots join at once, unless nobody works."""

    settings: Settings
    messages: list[dict[str, Any]]
    bots: list[ToldRoomBot] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)

    async def dispatch(
        self,
        room: str,
        playbook: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        call_id: str | None = None,
        until: float | None = None,
    ) -> str:
        self.rooms.append(room)
        await self.another(room)
        assert call_id is not None
        return call_id

    async def another(self, room: str, messages: list[dict[str, Any]] | None = None) -> ToldRoomBot:
        bot = ToldRoomBot(self.settings, room, self.messages if messages is None else messages)
        await bot.join()
        self.bots.append(bot)
        return bot


@dataclass
class Opened:
    page: Page
    fleet: SendsToldBots
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@asynccontextmanager
async def opened(
    chromium: Chromium, livekit: LiveKitServer, folder: Path, **environment: str
) -> AsyncIterator[Opened]:
    settings = Settings(
        **{  # type: ignore[arg-type]
            **livekit.environment,
            "LEADLINE_WEB_DEMO": "true",
            "LEADLINE_DATA_DIR": str(folder),
            **environment,
        }
    )
    fleet = SendsToldBots(settings, story(turns=2))
    app = create_app(settings, dispatcher=fleet)
    async with serving(app, port=0) as port, chromium.open_page() as page:
        result = Opened(page, fleet)
        page.on("request", lambda request: result.requested.append(request.url))
        page.on("websocket", lambda socket: result.requested.append(socket.url))
        page.on("pageerror", lambda error: result.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: result.complaints.append(line.text) if line.type == "error" else None,
        )
        page.set_default_timeout(20_000)
        expect.set_options(timeout=20_000)  # A bot that is gone is waited for, for six seconds.
        await page.goto(f"http://localhost:{port}/?test")
        try:
            yield result
        finally:
            for bot in fleet.bots:
                await bot.leave()
        own = (f"http://localhost:{port}/", livekit.url, livekit.http_url, "blob:")
        elsewhere = [url for url in result.requested if not url.startswith(own)]
        assert elsewhere == [], "the page asked another host"


async def test_one_clicks_and_talks_to_the_bot_in_a_room(
    chromium: Chromium, livekit_server: LiveKitServer, tmp_path: Path
) -> None:
    async with opened(chromium, livekit_server, tmp_path) as web:
        page = web.page
        await page.get_by_role("button", name="Talk to Leadline").click()
        await expect(page.locator("#talk-label")).to_have_text("End the call")
        await expect(page.locator(".line.caller .said")).to_have_text("My name is Daniel Carter.")
        await expect(page.locator("[data-field=name] .value")).to_have_text("Daniel Carter")
        (bot,) = web.fleet.bots
        assert [p.kind for p in bot.room.remote_participants.values()] == [
            rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
        ]
        await page.get_by_label("Type to the bot").fill("jo@acme.com")
        await page.keyboard.press("Enter")
        assert (await bot.heard("send-text"))["data"]["content"] == "jo@acme.com"
        await page.get_by_role("button", name="End the call").click()
        await expect(page.locator("#talk-label")).to_have_text("Talk again")
        await expect(page.locator("#state")).to_have_text("Ended")
        assert web.complaints == []


async def test_a_bot_that_takes_over_goes_on_where_the_page_is(
    chromium: Chromium, livekit_server: LiveKitServer, tmp_path: Path
) -> None:
    async with opened(chromium, livekit_server, tmp_path) as web:
        page = web.page
        await page.locator("#talk").click()
        await expect(page.locator(".line.caller .said")).to_have_text("My name is Daniel Carter.")
        (room,) = web.fleet.rooms
        # The same identity: LiveKit puts the dead one out at once.
        second = await web.fleet.another(room, story(turns=4))
        await second.heard("client-ready")
        await expect(page.locator("[data-field=company] .value")).to_have_text("Green River Foods")
        await expect(page.locator("#talk-label")).to_have_text("End the call")


async def test_a_bot_that_has_said_goodbye_ends_the_call(
    chromium: Chromium, livekit_server: LiveKitServer, tmp_path: Path
) -> None:
    async with opened(chromium, livekit_server, tmp_path) as web:
        await web.page.locator("#talk").click()
        await expect(web.page.locator("#talk-label")).to_have_text("End the call")
        await web.fleet.bots[0].leave()
        await expect(web.page.locator("#talk-label")).to_have_text("Talk again")


async def test_a_refused_call_is_explained(
    chromium: Chromium, livekit_server: LiveKitServer, tmp_path: Path
) -> None:
    async with opened(chromium, livekit_server, tmp_path, LEADLINE_CALLS_PER_MINUTE="1") as web:
        page = web.page
        await page.evaluate("fetch('/browser/calls', {method: 'POST'}).then((a) => a.status)")
        await page.locator("#talk").click()
        await expect(page.get_by_role("alert")).to_contain_text("calls a minute")
        await expect(page.locator("#talk-label")).to_have_text("Talk again")


async def test_a_forbidden_microphone_is_explained_and_no_call_begins(
    chromium: Chromium, livekit_server: LiveKitServer, tmp_path: Path
) -> None:
    async with opened(chromium, livekit_server, tmp_path) as web:
        page = web.page
        await page.evaluate(
            "void (navigator.mediaDevices.getUserMedia ="
            " () => Promise.reject(new DOMException('no', 'NotAllowedError')))"
        )
        await page.locator("#talk").click()
        await expect(page.get_by_role("alert")).to_contain_text("no permission")
        assert web.fleet.rooms == []
