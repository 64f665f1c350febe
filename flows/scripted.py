"""The dialogue without an LLM: a directive put into words."""

from __future__ import annotations

from flows.dialogue import Directive
from flows.playbook import Playbook, filled

LONGEST_OPENER = 3
"""Remarks before the question; a caller who asked five things gets the last three answered."""


def greeting(playbook: Playbook, *, recorded: bool) -> str:
    """Who speaks, that it is an AI, and that the call is recorded where it is."""
    persona = playbook.persona
    text = filled(playbook.greeting, {"persona": persona.name, "company": persona.company})
    return f"{text} {playbook.recording_notice}" if recorded else text


def words_for(directive: Directive) -> str:
    """The reply; empty when there is nothing left to say."""
    question = directive.ask_line or ""
    first = [r for r in directive.say_first[-LONGEST_OPENER:] if not question.startswith(r)]
    parts = [*first, *directive.echo_lines]
    if directive.readback_lines:
        parts += directive.readback_lines
    elif directive.ask_line:
        parts.append(directive.ask_line)
    elif directive.closing_line:
        parts.append(directive.closing_line)
    return " ".join(parts)
