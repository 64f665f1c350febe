"""API keys: what is printed, what is kept, what is refused."""

from __future__ import annotations

import hashlib

import pytest
from typer.testing import CliRunner

from bot.commands.web import app
from bot.config import SettingsError
from bot.errors import UsageError
from bot.web.keys import ApiKeys, Scope, new_key

HASH = "0" * 64


def test_a_key_is_found_by_its_secret_and_kept_as_a_hash() -> None:
    made = new_key("website", ["calls:write", "calls:read"])
    assert made.secret not in made.entry
    assert hashlib.sha256(made.secret.encode()).hexdigest() in made.entry
    keys = ApiKeys.parse(f"{made.entry}, {new_key('crm', ['leads:read']).entry}")
    assert len(keys) == 2
    key = keys.find(made.secret)
    assert key is not None
    assert key.name == "website"
    assert key.scopes == {Scope.CALLS_WRITE, Scope.CALLS_READ}


@pytest.mark.parametrize("secret", ["", "ll_", HASH, "ll_\ud800", "x" * 100_000])
def test_what_is_no_key_finds_none(secret: str) -> None:
    keys = ApiKeys.parse(new_key("website", ["calls:write"]).entry)
    assert keys.find(secret) is None


def test_every_key_is_another() -> None:
    assert new_key("a", ["calls:read"]).secret != new_key("a", ["calls:read"]).secret


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        ("website", "three parts"),
        (f"Website=calls:write={HASH}", "its name"),
        (f"demo=calls:write={HASH}", "its name"),
        (f"website=calls:all={HASH}", "'calls:all'"),
        (f"website=={HASH}", "scope"),
        ("website=calls:write=abc", "its hash"),
        (f"a=calls:write={HASH},a=calls:read={HASH}", "twice"),
    ],
)
def test_a_malformed_setting_is_named_without_its_hash(entry: str, what: str) -> None:
    with pytest.raises(SettingsError, match=r"^LEADLINE_API_KEYS: ") as error:
        ApiKeys.parse(entry)
    assert what in str(error.value)
    assert HASH not in str(error.value)


@pytest.mark.parametrize(
    ("name", "scopes", "what"),
    [
        ("My Site", ["calls:write"], "NAME"),
        ("demo", ["calls:write"], "NAME"),
        ("website", ["everything"], "--scope: 'everything'"),
        ("website", [], "--scope"),
    ],
)
def test_a_key_that_cannot_be_made_says_why(name: str, scopes: list[str], what: str) -> None:
    with pytest.raises(UsageError, match=what):
        new_key(name, scopes)


def test_the_command_prints_the_key_once_and_its_entry() -> None:
    result = CliRunner().invoke(app, ["key", "website", "--scope", "calls:write"])
    assert result.exit_code == 0
    secret, _, entry = result.stdout.splitlines()
    key = ApiKeys.parse(entry).find(secret)
    assert key is not None
    assert key.scopes == {Scope.CALLS_WRITE}
