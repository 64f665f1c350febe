"""The pages and example files say what the code does; each test names what to add where."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from dotenv import dotenv_values
from pydantic import SecretStr

from bot.cli import _COMMANDS
from bot.config import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("**/*.md")])
# Of this machine, so no default can be printed.
_DEPENDS_ON_THE_MACHINE = {"LEADLINE_DATA_DIR"}


def settings_by_name() -> dict[str, str]:
    """Each variable's default as a table prints it."""
    found: dict[str, str] = {}
    for field in Settings.model_fields.values():
        name = str(field.validation_alias)
        default = None if name in _DEPENDS_ON_THE_MACHINE else field.get_default()
        text = str(default).lower() if isinstance(default, bool) else str(default)
        found[name] = "-" if default is None else f"`{text}`"
    return found


def rows(page: Path) -> dict[str, list[str]]:
    """The rows of all tables whose first cell is a name in capitals: name to the other cells."""
    found: dict[str, list[str]] = {}
    for line in page.read_text().splitlines():
        match = re.match(r"\| `([A-Z][A-Z_]+)` \|(.*)\|$", line)
        if match:
            assert match[1] not in found, f"{page.name}: {match[1]} is there twice"
            found[match[1]] = [cell.strip() for cell in match[2].split(" | ")]
    return found


def test_the_settings_page_has_every_setting_with_its_default() -> None:
    documented = {name: cells[0] for name, cells in rows(ROOT / "docs/settings.md").items()}
    assert documented == settings_by_name(), "docs/settings.md: add, remove or correct these rows"


def test_every_setting_on_the_page_has_a_meaning() -> None:
    empty = [name for name, cells in rows(ROOT / "docs/settings.md").items() if not cells[-1]]
    assert empty == []


def example_lines() -> dict[str, str]:
    """Every setting of .env.example, commented out or not."""
    text = (ROOT / ".env.example").read_text()
    return dict(re.findall(r"^(?:# )?([A-Z][A-Z_]+)=(.*)$", text, re.MULTILINE))


def test_the_example_file_has_every_setting() -> None:
    missing = settings_by_name().keys() - example_lines().keys()
    unknown = example_lines().keys() - settings_by_name().keys()
    assert (missing, unknown) == (set(), set()), ".env.example: (missing, unknown)"


def test_the_example_file_as_it_is_and_with_every_line_uncommented_is_valid(
    tmp_path: Path,
) -> None:
    Settings(_env_file=ROOT / ".env.example")
    everything = tmp_path / ".env"
    everything.write_text("".join(f"{name}={value}\n" for name, value in example_lines().items()))
    Settings(_env_file=everything)


def test_the_example_file_carries_no_providers_key() -> None:
    values = dotenv_values(ROOT / ".env.example")
    secrets = [
        str(field.validation_alias)
        for field in Settings.model_fields.values()
        if SecretStr in getattr(field.annotation, "__args__", ())
    ]
    assert "OPENAI_API_KEY" in secrets
    assert [name for name in secrets if values.get(name)] == ["LIVEKIT_API_SECRET"]


def test_the_readme_names_every_command_and_no_other() -> None:
    named = re.findall(r"^\| `leadline (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert named == list(_COMMANDS), "README.md: the table of commands"


def test_the_readme_begins_with_exactly_two_commands() -> None:
    first = re.search(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert first is not None
    assert first[1].splitlines() == ["./leadline demo", "./leadline test"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_what_must_stay_private_is_ignored_by_git() -> None:
    for name in (".env", ".venv/x", ".leadline/uv"):
        subprocess.run(["git", "check-ignore", "-q", name], cwd=ROOT, check=True)
