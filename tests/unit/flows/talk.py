"""A conversation for tests that reads like one."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from flows.conversation import Conversation
from flows.playbook import Playbook
from flows.playbook_text import parse_playbook

NOW = datetime.fromisoformat("2026-11-23T10:00:00-05:00")
"""A Monday."""


@cache
def default_playbook() -> Playbook:
    text = (files("flows") / "playbooks" / "b2b-software.yaml").read_text("utf-8")
    return parse_playbook(text, source="b2b-software.yaml")


def conversation(playbook: Playbook | None = None, *, recorded: bool = False) -> Conversation:
    return Conversation(
        playbook=playbook or default_playbook(), clock=lambda: NOW, recorded=recorded
    )


class Talk:
    """The bot's scripted words are always heard whole; `hears` says other words instead."""

    def __init__(self, playbook: Playbook | None = None, *, recorded: bool = False) -> None:
        self.conversation = conversation(playbook, recorded=recorded)
        self.bot = ""
        self.hears(self.conversation.greeting())

    def hears(self, text: str, *, complete: bool = True) -> Talk:
        self.bot = text
        self.conversation.bot_began()
        self.conversation.bot_heard(text, complete=complete)
        return self

    def says(self, *finals: str, over_bot: bool = False) -> Talk:
        """One caller turn; then the bot answers."""
        for text in finals:
            self.conversation.caller_said(text, over_bot=over_bot)
        return self.hears(self.conversation.reply())

    def only_says(self, *finals: str, over_bot: bool = False) -> Talk:
        """A caller turn that the bot has not answered yet."""
        for text in finals:
            self.conversation.caller_said(text, over_bot=over_bot)
        return self

    def up_to(self, key: str) -> Talk:
        """Answers the questions before `key` as the caller of `ANSWERS` does."""
        for _ in range(30):
            if self.asked == key and not self.read_back:
                return self
            if self.read_back:
                self.says("yes")
            else:
                self.says(ANSWERS[str(self.asked)])
        raise AssertionError(f"{key} is never asked; the bot says {self.bot!r}")

    @property
    def asked(self) -> str | None:
        return self.conversation.heard.asked

    @property
    def read_back(self) -> dict[str, Any]:
        return self.conversation.heard.read_back

    @property
    def echoed(self) -> dict[str, Any]:
        return self.conversation.heard.in_passing

    def status(self, key: str) -> str:
        return self.conversation.lead[key].status.value

    def value(self, key: str) -> Any:
        return self.conversation.lead[key].value


ANSWERS = {
    "name": "My name is Jane Doe",
    "company": "Acme Corporation",
    "need": "We want to answer every call that comes in at night",
    "team_size": "About a hundred and twenty people",
    "budget": "Fifty thousand dollars a year",
    "timeline": "By the end of March",
    "decision_maker": "Yes, I am",
    "email": "jane dot doe at acme dot com",
    "phone": "four one five, five five five, two six seven one",
    "consent_to_contact": "Yes, please",
    "meeting": "Thursday at two pm",
}
