"""Playbooks by name or file: those that come with Leadline, and the user's own."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from bot.errors import UsageError
from flows.playbook import Playbook
from flows.playbook_text import PlaybookError, parse_playbook

_SUFFIXES = (".yaml", ".yml")


def built_in_playbooks() -> tuple[str, ...]:
    """The names of the playbooks that come with Leadline."""
    folder = files("flows") / "playbooks"
    return tuple(
        sorted(f.name.removesuffix(".yaml") for f in folder.iterdir() if f.name.endswith(".yaml"))
    )


def load_playbook(name_or_file: str) -> Playbook:
    """A built-in playbook by its name, or one from a YAML file.

    Raises:
        UsageError: there is none, it cannot be read, or it has a fault; the line names the file,
            the line in it and the field.
    """
    return parse(playbook_text(name_or_file), name_or_file)


def playbook_text(name_or_file: str) -> str:
    """The YAML text of a playbook. Raises UsageError as `load_playbook` does."""
    if name_or_file in built_in_playbooks():
        return (files("flows") / "playbooks" / f"{name_or_file}.yaml").read_text("utf-8")
    path = Path(name_or_file)
    if not (name_or_file.endswith(_SUFFIXES) or path.name != name_or_file):
        raise UsageError(
            f"--playbook: there is no playbook {name_or_file!r}; there are "
            f"{', '.join(built_in_playbooks())}, or give a file that ends in .yaml"
        )
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise UsageError(f"--playbook: there is no file {name_or_file}") from None
    except IsADirectoryError:
        raise UsageError(f"--playbook: {name_or_file} is a folder, not a file") from None
    except UnicodeDecodeError:
        raise UsageError(f"{name_or_file}: is not text in UTF-8") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it is not a file's name"
        raise UsageError(f"--playbook: cannot read {name_or_file!r}: {reason}") from None


def parse(text: str, source: str) -> Playbook:
    """A playbook from text. Raises UsageError with its first fault."""
    try:
        return parse_playbook(text, source=source)
    except PlaybookError as error:
        raise UsageError(str(error)) from None
