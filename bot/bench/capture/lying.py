"""A lying LLM without its server: the lies of `lies`, said where those of a real one would be.

Thousands of calls are quick this way, and the same each time; `through_chat` lets the real command
meet the same lies over HTTP.
"""

from __future__ import annotations

import json
from random import Random
from typing import Any

from bot.bench.capture import lies
from bot.chat import LLM_DISOBEDIENCE_AT_MOST, speech_in
from bot.second_reader import readable, schema
from flows.conversation import Conversation


class LyingLLM:
    """Speaks, and reads beside the rules, in one call."""

    def __init__(self, speech: Random, side: Random) -> None:
        self._speech = speech
        self._side = side
        self._disobeyed = 0
        self._said: list[dict[str, str]] = []

    def read(self, talk: Conversation, text: str) -> None:
        """The caller's turn is over: values are proposed that nobody said."""
        self._said.append({"role": "user", "content": text})
        fields = readable(talk.open_fields)
        if not fields:
            return
        answer = lies.reading(schema(fields), talk.last_said, self._side)
        for key, value, words in _readings(answer):
            if key in {field.key for field in fields}:
                talk.propose(key, value, words)

    def reply(self, talk: Conversation) -> str:
        """What the caller hears."""
        self._disobeyed += talk.must_be_scripted
        scripted = talk.must_be_scripted or self._disobeyed >= LLM_DISOBEDIENCE_AT_MOST
        if scripted or talk.done:
            return talk.reply()
        directive = {"role": "system", "content": talk.directive().as_prompt()}
        spoken = lies.speech([*self._said, directive], self._speech)
        return speech_in(spoken.text) or talk.reply()


def _readings(answer: str) -> list[tuple[str, Any, str]]:
    try:
        found = json.loads(answer)
    except ValueError:
        return []
    if not isinstance(found, dict):
        return []
    readings = [(k, v) for k, v in found.items() if isinstance(v, dict)]
    return [(k, v.get("value"), str(v.get("words"))) for k, v in readings]
