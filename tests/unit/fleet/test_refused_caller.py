"""A caller who is one too many hears one polite sentence, and the call is over."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from bot.call import Call
from bot.call_limits import Limit, Refusal, busy_line
from bot.config import Settings
from bot.playbooks import load_playbook
from bot.transports import Line

PLAYBOOK = load_playbook("b2b-software")


class Said:
    """Takes what the bot says."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, bool]] = []

    async def __call__(self, text: str, *, then_end: bool = False, **_: Any) -> None:
        self.lines.append((text, then_end))


@pytest.mark.parametrize("phone", ["+14155550100", None])
async def test_who_is_refused_by_their_number_hears_why_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, phone: str | None
) -> None:
    asked: list[str | None] = []

    async def refuses(number: str | None) -> Refusal | None:
        asked.append(number)
        return Refusal(Limit.PHONE_CONCURRENT, 2, 10) if number else None

    line = Line("livekit", cast("Any", None), cast("Any", None), lambda _: None, lambda _: phone)
    call = Call(
        settings=Settings(LEADLINE_DATA_DIR=str(tmp_path)),
        playbook=PLAYBOOK,
        line=line,
        room="room",
        store=None,
        refuses=refuses,
    )
    said = Said()
    monkeypatch.setattr(call, "_say", said)
    monkeypatch.setattr(call, "_checkpoint", lambda: None)
    await call.caller_joined("sip-caller")
    await call.caller_joined("sip-caller")
    assert asked == [phone]
    if phone:
        assert said.lines == [(busy_line(PLAYBOOK), True)]
        assert call._end_reason == "busy"
    else:
        assert len(said.lines) == 1
        assert said.lines[0][0] != busy_line(PLAYBOOK)
        assert call._end_reason is None
