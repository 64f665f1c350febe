"""The demo's page in a real Chromium. The bot and the sample call are told stories: no models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from bot.web.demo import create_app
from bot.web.serving import serving
from tests.servers.chromium import Chromium
from tests.unit.web.fakes import ToldBot, ToldSample
from tests.unit.web.story import SCRIPT, story

pytestmark = pytest.mark.e2e


@dataclass
class Opened:
    """The page, what it asked for, and what stands behind it."""

    page: Page
    bot: ToldBot
    sample: ToldSample
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@asynccontextmanager
async def opened(
    chromium: Chromium,
    folder: Path,
    *,
    sample: list[dict[str, Any]] | None = None,
    ends: bool = True,
    bot: ToldBot | None = None,
    max_calls: int = 3,
) -> AsyncIterator[Opened]:
    """The page of a demo whose sample call tells `sample`."""
    bot = bot or ToldBot(story(turns=2))
    told = ToldSample(story() if sample is None else sample, folder, ends=ends)
    app = create_app(answer=bot.answer, hang_up=bot.hang_up, sample=told, max_calls=max_calls)
    async with serving(app, port=0) as port, chromium.open_page() as page:
        result = Opened(page, bot, told)
        page.on("request", lambda request: result.requested.append(request.url))
        page.on("pageerror", lambda error: result.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: result.complaints.append(line.text) if line.type == "error" else None,
        )
        page.set_default_timeout(15_000)
        await page.goto(f"http://localhost:{port}/?test")
        yield result
        origin = f"http://localhost:{port}/"
        elsewhere = [url for url in result.requested if not url.startswith((origin, "blob:"))]
        assert elsewhere == [], "the page loaded something from another host"


async def test_a_finished_sample_call_is_shown_as_text_with_its_lead(
    chromium: Chromium, tmp_path: Path
) -> None:
    async with opened(chromium, tmp_path) as demo:
        page = demo.page
        await expect(page.locator(".line")).to_have_count(len(SCRIPT))
        assert await page.locator(".line .said").all_inner_texts() == [t for _, t, _ in SCRIPT]
        email = page.locator("[data-field=email]")
        await expect(email.locator(".value")).to_have_text("daniel@greenriverfoods.com")
        await expect(email).to_have_attribute("data-status", "confirmed")
        name = page.locator("[data-field=name]")
        await expect(name.locator(".evidence")).to_have_text("“My name is Daniel Carter.”")
        budget = page.locator("[data-field=budget] .value")
        await expect(budget).to_have_text("$30,000 a year")
        await expect(page.locator("[data-field=phone] .pill")).to_have_text("refused")
        await expect(page.locator("[data-field=meeting] .pill")).to_have_text("open")
        await expect(page.locator("#score-text")).to_have_text("50")
        await expect(page.locator("#bars .bar")).to_have_count(8)
        await expect(page.locator(".line.bot .took").nth(1)).to_have_text("answered in 0.65 s")
        assert demo.complaints == []


async def test_words_that_may_still_change_are_told_apart(
    chromium: Chromium, tmp_path: Path
) -> None:
    interim = story(turns=2, unfinished=True)
    async with opened(chromium, tmp_path, sample=interim, ends=False) as demo:
        line = demo.page.locator(".line.caller")
        await expect(line.locator(".pending")).to_have_text("My name is Daniel")
        await expect(line.locator(".said")).to_have_text("")
        await expect(demo.page.locator("#state")).to_have_text("The caller is speaking")


async def test_the_bots_words_appear_as_they_are_spoken(chromium: Chromium, tmp_path: Path) -> None:
    half = story(turns=1, unfinished=True)
    async with opened(chromium, tmp_path, sample=half, ends=False) as demo:
        line = demo.page.locator(".line.bot")
        await expect(line.locator(".said")).to_have_text("Hi, this is Ada, the AI assistant")
        await expect(line.locator(".pending")).to_have_text(
            "at Leadline. May I ask your full name?"
        )


async def test_one_talks_to_the_bot_with_the_microphone(chromium: Chromium, tmp_path: Path) -> None:
    async with opened(chromium, tmp_path) as demo:
        page = demo.page
        await page.get_by_role("button", name="Talk to Leadline").click()
        await expect(page.locator("#tab-live")).to_have_attribute("aria-selected", "true")
        await expect(page.locator("#talk-label")).to_have_text("End the call")
        await expect(page.locator(".line.caller .speaker")).to_have_text("You")
        await expect(page.locator(".line.caller .said")).to_have_text("My name is Daniel Carter.")
        await expect(page.locator("[data-field=name] .value")).to_have_text("Daniel Carter")
        await page.get_by_role("button", name="End the call").click()
        await expect(page.locator("#talk-label")).to_have_text("Talk again")
        await expect(page.locator("#state")).to_have_text("Ended")
        assert demo.complaints == []


async def test_a_bot_that_hangs_up_ends_the_call_on_the_page(
    chromium: Chromium, tmp_path: Path
) -> None:
    async with opened(chromium, tmp_path) as demo:
        await demo.page.locator("#talk").click()
        await expect(demo.page.locator("#talk-label")).to_have_text("End the call")
        demo.bot.leave.set()
        await expect(demo.page.locator("#talk-label")).to_have_text("Talk again")


async def test_one_types_where_there_is_no_microphone(chromium: Chromium, tmp_path: Path) -> None:
    async with opened(chromium, tmp_path) as demo:
        page = demo.page
        await page.evaluate(
            "void (navigator.mediaDevices.getUserMedia ="
            " () => Promise.reject(new Error('nobody was to be asked')))"
        )
        await page.get_by_label("Type to the bot").fill("jo@acme.com")
        await page.keyboard.press("Enter")
        await expect(page.locator(".line.caller", has_text="jo@acme.com")).to_have_count(1)
        await _until(lambda: any(m["type"] == "send-text" for m in demo.bot.received))
        sent = next(m for m in demo.bot.received if m["type"] == "send-text")
        assert sent["data"]["content"] == "jo@acme.com"


async def test_a_forbidden_microphone_is_explained(chromium: Chromium, tmp_path: Path) -> None:
    async with opened(chromium, tmp_path) as demo:
        page = demo.page
        await page.evaluate(
            "void (navigator.mediaDevices.getUserMedia ="
            " () => Promise.reject(new DOMException('no', 'NotAllowedError')))"
        )
        await page.locator("#talk").click()
        await expect(page.get_by_role("alert")).to_contain_text("no permission")
        await expect(page.locator("#talk-label")).to_have_text("Talk again")


async def test_a_busy_demo_says_so(chromium: Chromium, tmp_path: Path) -> None:
    async with opened(chromium, tmp_path, max_calls=0) as demo:
        await demo.page.locator("#talk").click()
        await expect(demo.page.get_by_role("alert")).to_contain_text("0 calls are running")


async def test_the_recording_is_heard_on_request(chromium: Chromium, tmp_path: Path) -> None:
    async with opened(chromium, tmp_path) as demo:
        await demo.page.get_by_role("button", name="Listen", exact=True).click()
        await expect(demo.page.locator("#recording")).not_to_have_js_property("currentTime", 0)
        assert any(url.endswith("/api/sample/audio.wav") for url in demo.requested)


async def test_the_keyboard_alone_is_enough(chromium: Chromium, tmp_path: Path) -> None:
    async with opened(chromium, tmp_path) as demo:
        page = demo.page
        await page.keyboard.press("Tab")
        await expect(page.locator(".skip")).to_be_focused()
        await page.keyboard.press("Tab")
        await expect(page.locator("#tab-sample")).to_be_focused()
        await page.keyboard.press("ArrowRight")
        await expect(page.locator("#tab-live")).to_be_focused()
        await expect(page.locator("#tab-live")).to_have_attribute("aria-selected", "true")
        await page.locator("#talk").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#talk-label")).to_have_text("End the call")


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844), (320, 640)])
async def test_it_fits_the_screen(
    chromium: Chromium, tmp_path: Path, width: int, height: int
) -> None:
    async with opened(chromium, tmp_path) as demo:
        page = demo.page
        await page.set_viewport_size({"width": width, "height": height})
        await expect(page.locator(".line")).to_have_count(len(SCRIPT))
        assert await page.evaluate("document.documentElement.scrollWidth") <= width
        await expect(page.locator("#talk")).to_be_in_viewport(ratio=1)


async def _until(condition: Any) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - it is the browser that we wait for.
            await asyncio.sleep(0.02)
