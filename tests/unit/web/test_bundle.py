"""The committed bundle of the page."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

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


def test_the_bundle_names_no_other_host_to_load_from() -> None:
    bundle = (STATIC / "app.js").read_text("utf-8")
    assert "daily.co" not in bundle
    html = (STATIC / "index.html").read_text("utf-8")
    assert re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", html) == []


def test_every_bundled_package_comes_with_its_licence() -> None:
    text = (STATIC / "LICENSES.txt").read_text("utf-8")
    for package in ("@pipecat-ai/client-js", "@pipecat-ai/small-webrtc-transport"):
        assert f"{package} " in text
    notices = text.split("-" * 80)
    assert all("copyright" in notice.lower() for notice in notices)


def test_the_lock_file_names_no_registry() -> None:
    assert '"resolved"' not in (PAGE / "package-lock.json").read_text("utf-8")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
