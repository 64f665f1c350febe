"""What `leads`, `calls` and `db` share: opening the store, `--since`, printing."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.text import Text

from bot.config import load_settings
from bot.errors import LeadlineError, UsageError
from bot.storage.store import Store
from bot.telemetry.logging import configure_logging

T = TypeVar("T")

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_AGO = re.compile(r"(\d{1,5})([mhdw])")
_WIDTH_IN_A_PIPE = 200
# What could move the cursor or recolour the terminal of whoever reads a caller's words.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

Limit = Annotated[int, typer.Option("--limit", min=1, max=100_000, help="At most so many.")]
Since = Annotated[
    str | None,
    typer.Option("--since", help="Only what began since: 30m, 24h, 7d, or a date (2026-01-31)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def with_store(work: Callable[[Store], Awaitable[T]], *, writable: bool = False) -> T:
    """Run `work` with the settings' store and close it.

    Raises:
        LeadlineError: if the settings or the database are not usable.
    """
    settings = load_settings()
    configure_logging(settings.log_level, quiet=True, settings=settings)

    async def run() -> T:
        async with Store.opened(settings, writable=writable) as store:
            return await work(store)

    return asyncio.run(run())


def parse_since(since: str | None) -> datetime | None:
    """`24h` ago, or a date or time (of the machine's zone, if it has no offset).

    Raises:
        UsageError: if it is neither.
    """
    if since is None:
        return None
    ago = _AGO.fullmatch(since.strip().lower())
    if ago is not None:
        return datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        # astimezone() takes a time without offset as the machine's.
        return datetime.fromisoformat(since.strip()).astimezone()
    except (ValueError, OverflowError, OSError):
        raise UsageError(
            f"--since: {since!r} is neither a span like 24h or 7d nor a date like 2026-01-31"
        ) from None


def print_json(document: Any) -> None:
    """One JSON document on stdout, nothing else."""
    with reader_may_leave():
        sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
        sys.stdout.flush()


def as_json(record: BaseModel, *, exclude: set[str] | None = None) -> dict[str, Any]:
    """A record as JSON's types."""
    return record.model_dump(mode="json", exclude=exclude)


def console() -> Console:
    """Stdout; in a pipe wide enough that no table is cut."""
    return Console(width=None if sys.stdout.isatty() else _WIDTH_IN_A_PIPE, highlight=False)


@contextmanager
def reader_may_leave() -> Iterator[None]:
    """`| head` closes the pipe early: that is no failure."""
    try:
        yield
    except BrokenPipeError:
        # Python flushes stdout at its exit, into a pipe that is gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


def plain(text: str, style: str = "") -> Text:
    """Words of a caller for the terminal: neither markup nor control characters act."""
    return Text(_CONTROL.sub("�", text), style=style)


def shown(value: Any) -> str:
    """A field's value for people."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} {shown(item)}" for key, item in value.items() if item is not None)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(shown(item) for item in value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def local_time(time: datetime) -> str:
    """A time of the machine's zone, to the minute."""
    return f"{time.astimezone():%Y-%m-%d %H:%M}"


def confirm_erasure(noun: str, identifier: str, *, yes: bool) -> None:
    """Ask on the terminal whether to erase.

    Raises:
        UsageError: if there is nobody to ask.
        LeadlineError: if the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("--yes: erasing cannot be undone and nobody can be asked here; add --yes")
    question = f"Erase the personal data of {noun} {identifier} for good?"
    if not typer.confirm(question, err=True):
        raise LeadlineError("nothing was erased")
