"""The `leadline` command: names the commands, turns every failure into one line and an exit code.

Exit 0: done; 1: it failed; 2: wrong usage or settings.
"""

from __future__ import annotations

import importlib
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from bot.errors import LeadlineError

_COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("bot.commands.demo:app", "Talk to the bot in the browser: no key, no server."),
    "run": ("bot.commands.run:app", "Run one bot in one room."),
    "worker": ("bot.commands.worker:app", "Serve the calls that LiveKit dispatches."),
    "call": ("bot.commands.call:app", "Place a simulated call with real audio."),
    "dispatch": ("bot.commands.dispatch:app", "Ask the fleet for a bot in a room."),
    "token": ("bot.commands.token:app", "Make a LiveKit token for a person."),
    "chat": ("bot.commands.chat:app", "The conversation in text, on stdin and stdout."),
    "capture": ("bot.commands.capture:app", "Show what one utterance would be captured as."),
    "leads": ("bot.commands.leads:app", "List, show, export or erase leads."),
    "calls": ("bot.commands.calls:app", "List, show, replay or erase calls."),
    "deliveries": ("bot.commands.deliveries:app", "The outbox: list, run, retry deliveries."),
    "playbook": ("bot.commands.playbook:app", "List, show, check, start or try playbooks."),
    "web": ("bot.commands.web:app", "Serve the HTTP API, webhooks, health and a page."),
    "doctor": ("bot.commands.doctor:app", "Check each dependency and say the remedy."),
    "bench": ("bot.commands.bench:app", "Measure: capture; calls with faults."),
    "db": ("bot.commands.db:app", "Migrate the database or show its revision."),
}


class LazyGroup(TyperGroup):
    """Imports a command's module when it is used, so that `--help` answers at once."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All commands, in the order of a newcomer's use."""
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, or None."""
        if cmd_name not in _COMMANDS:
            return None
        target, _ = _COMMANDS[cmd_name]
        module_name, _, attribute = target.partition(":")
        command = get_command(getattr(importlib.import_module(module_name), attribute))
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list in `--help`, without importing any of the commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


app = typer.Typer(
    cls=LazyGroup,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Leadline: a voice agent that qualifies sales leads. Begin with: leadline demo",
)


@app.callback()
def _root() -> None:
    """The group itself has no options."""


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit with its code; a failure is one line on stderr."""
    try:
        get_command(app)(args=arguments, prog_name="leadline")
    except LeadlineError as error:
        typer.secho(f"leadline: {error}", err=True, fg="red")
        raise SystemExit(error.exit_code) from None
