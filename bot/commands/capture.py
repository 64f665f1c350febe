"""`leadline capture`: what one utterance would be captured as."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.commands.chat import _print_json, _read_line, _text_in

if TYPE_CHECKING:
    from flows.playbook import Playbook

app = typer.Typer(add_completion=False)

CONFIRM = "confirm:"
_ANSWERS = ("yes", "no", "correction")


@app.command(
    epilog=(
        'Example: echo \'{"text": "jane dot doe at acme dot com", "ask": "email"}\' | '
        "leadline capture --json"
    ),
    help="One utterance a line: what would be captured.",
)
def capture(
    playbook: Annotated[
        str | None, typer.Option(help="A playbook's name, or a YAML file.", metavar="NAME|FILE")
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help='Read {"text": "...", "ask": "email"} a line, print JSON.'),
    ] = False,
) -> None:
    """Read utterances from stdin until its end."""
    from bot.config import load_settings
    from bot.playbooks import load_playbook

    settings = load_settings()
    chosen = load_playbook(playbook or settings.playbook)
    while (line := _read_line()) is not None:
        if not line.strip():
            continue
        now = settings.now or datetime.now(UTC)
        if as_json:
            _print_json(_answer_to(line, chosen, now))
            continue
        document = _captured(line.strip(), None, chosen, now)
        for key, value in document["captured"].items():
            typer.echo(f"{key}: {value if isinstance(value, str) else json.dumps(value)}")
        typer.echo(f"answer: {document['answer']}")


def _answer_to(line: str, playbook: Playbook, now: datetime) -> dict[str, Any]:
    text, error = _text_in(line)
    if error is not None:
        return {"error": error}
    ask = json.loads(line).get("ask")
    if ask is not None and not isinstance(ask, str):
        return {"error": "ask: is neither a string nor null"}
    key = (ask or "").removeprefix(CONFIRM)
    if key and key not in playbook.keys:
        return {"error": f"ask: no field {key!r}; there are {', '.join(playbook.keys)}"}
    return _captured(text, ask or None, playbook, now)


def _captured(text: str, ask: str | None, playbook: Playbook, now: datetime) -> dict[str, Any]:
    from flows.single import capture_once

    confirming = ask.removeprefix(CONFIRM) if ask and ask.startswith(CONFIRM) else None
    values, answer = capture_once(
        text,
        playbook=playbook,
        now=now,
        asked=ask if confirming is None else None,
        confirming=confirming,
    )
    return {
        "captured": values,
        "answer": answer.value if answer.value in _ANSWERS else "other",
    }
