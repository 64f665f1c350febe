"""The committed bundle of the page."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from bot.web.demo import STATIC

PAGE = STATIC.parent / "page"


def test_the_bundle_was_built_from_the_sources_as_they_are() -> None:
    lines = (STATIC / "sources.sha256").read_text("utf-8").splitlines()
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    present = [
        *(f"src/{path.name}" for path in (PAGE / "src").iterdir()),
        "build.mjs",
        "package-lock.json",
    ]
    assert listed == {name: _sha256(PAGE / name) for name in present}, (
        "the page's sources have changed: run `npm ci && npm run build` in bot/web/page"
    )


@pytest.mark.parametrize(("page", "script"), [("index", "app"), ("room", "room")])
def test_the_bundle_names_no_other_host_to_load_from(page: str, script: str) -> None:
    bundle = (STATIC / f"{script}.js").read_text("utf-8")
    assert "daily.co" not in bundle
    html = (STATIC / f"{page}.html").read_text("utf-8")
    assert f'src="/{script}.js"' in html
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", html) == []


def test_every_bundled_package_comes_with_its_licence() -> None:
    text = (STATIC / "LICENSES.txt").read_text("utf-8")
    packages = ("@pipecat-ai/client-js", "@pipecat-ai/small-webrtc-transport", "livekit-client")
    for package in packages:
        assert f"{package} " in text
    notices = text.split("-" * 80)
    assert all("copyright" in notice.lower() for notice in notices)


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (PAGE / "package-lock.json").read_text("utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
