"""`leadline playbook`: list, show, check, start and try playbooks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated

import typer

from bot.errors import LeadlineError, UsageError

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help="Playbooks: what to say and learn."
)
playbook_app = app


@app.command("list", epilog="Example: leadline playbook list")
def list_playbooks(
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
) -> None:
    """The playbooks that come with Leadline."""
    from bot.playbooks import built_in_playbooks, load_playbook

    playbooks = [load_playbook(name) for name in built_in_playbooks()]
    if as_json:
        rows = [{"name": p.name, "title": p.title, "fields": list(p.keys)} for p in playbooks]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for playbook in playbooks:
        typer.echo(f"{playbook.name:<20} {playbook.title}")


@app.command("show", epilog="Example: leadline playbook show b2b-software")
def show(
    playbook: Annotated[str, typer.Argument(metavar="NAME|FILE")],
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """A playbook as it is read: who speaks, what is asked in which order, what is verified."""
    from bot.playbooks import load_playbook

    loaded = load_playbook(playbook)
    if as_json:
        typer.echo(loaded.model_dump_json())
        return
    typer.echo(f"{loaded.name}: {loaded.title}")
    typer.echo(f"{loaded.persona.name} of {loaded.persona.company}, {loaded.persona.style}")
    for number, field in enumerate(loaded.fields, 1):
        marks = [field.kind.value]
        if field.required:
            marks.append("required")
        if field.verify.value != "none":
            marks.append(field.verify.value)
        typer.echo(f"{number:>3}. {field.label} ({', '.join(marks)}): {field.questions[0]}")
    typer.echo(f"{len(loaded.facts)} facts, {len(loaded.rubric)} lines of the rubric")


@app.command("check", epilog="Example: leadline playbook check my.yaml")
def check(file: Annotated[str, typer.Argument(metavar="FILE")]) -> None:
    """Check a playbook; every fault on a line of its own, with file, line and field."""
    from bot.playbooks import playbook_text
    from flows.playbook_text import PlaybookError, parse_playbook

    try:
        playbook = parse_playbook(playbook_text(file), source=file)
    except PlaybookError as error:
        for problem in error.problems[1:]:
            typer.echo(problem, err=True)
        raise UsageError(str(error)) from None
    typer.echo(f"{file}: good: {len(playbook.fields)} fields, {len(playbook.facts)} facts")


@app.command("new", epilog="Example: leadline playbook new my-playbook.yaml")
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE")] = Path("my-playbook.yaml"),
) -> None:
    """Write a commented playbook to start from; never over a file that exists."""
    from bot.playbooks import playbook_text

    if file.suffix not in (".yaml", ".yml"):
        raise UsageError(f"FILE: {file} must end in .yaml")
    name = re.sub(r"[^a-z0-9]+", "-", file.stem.casefold()).strip("-")[:60] or "my-playbook"
    text = re.sub(r"(?m)^name: .*$", f"name: {name}", playbook_text("b2b-software"), count=1)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise LeadlineError(f"{file} exists already; give another name") from None
    except OSError as error:
        raise LeadlineError(f"cannot write {file}: {error.strerror}") from None
    typer.echo(f"{file}: change it, then: leadline playbook check {file}")


@app.command("try", epilog="Example: leadline playbook try my.yaml")
def try_playbook(playbook: Annotated[str, typer.Argument(metavar="NAME|FILE")]) -> None:
    """Talk to a playbook in text, by the rules alone; nothing is kept."""
    from bot.commands.chat import run_chat
    from bot.config import load_settings
    from bot.playbooks import load_playbook

    run_chat(
        settings=load_settings(),
        playbook=load_playbook(playbook),
        scripted=True,
        as_json=False,
        keep=False,
    )
