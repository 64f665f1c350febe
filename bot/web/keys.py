"""API keys: made once, kept as hashes, each with a few scopes.

A key is 256 random bits, so that SHA-256 alone is enough: there is nothing to guess, and a slow
hash would only slow down every request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.config import SettingsError
from bot.errors import UsageError

KEY_PREFIX: Final = "ll_"
MAX_KEYS: Final = 200
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_HASH = re.compile(r"[0-9a-f]{64}")
_RESERVED: Final = ("demo",)
_FORM: Final = "NAME=SCOPE+SCOPE=HASH; `leadline web key` prints one"


class Scope(StrEnum):
    """What a key is good for."""

    CALLS_WRITE = "calls:write"
    CALLS_READ = "calls:read"
    LEADS_READ = "leads:read"


@dataclass(frozen=True)
class ApiKey:
    """Who asks: a key without the key."""

    name: str
    scopes: frozenset[Scope]


@dataclass(frozen=True)
class NewKey:
    """A key that was just made. `secret` is shown once; `entry` goes into LEADLINE_API_KEYS."""

    secret: str
    entry: str


class ApiKeys:
    """The keys of LEADLINE_API_KEYS."""

    def __init__(self, keys: Collection[tuple[bytes, ApiKey]]) -> None:
        """`keys`: the SHA-256 digest of each, and what it stands for."""
        self._keys = tuple(keys)

    @classmethod
    def parse(cls, text: str | None) -> ApiKeys:
        """Read LEADLINE_API_KEYS.

        Raises:
            SettingsError: an entry is malformed; the line names its number and never its hash.
        """
        entries = [entry.strip() for entry in (text or "").split(",") if entry.strip()]
        if len(entries) > MAX_KEYS:
            raise SettingsError(f"LEADLINE_API_KEYS: has over {MAX_KEYS} keys; remove some")
        keys = [_entry(number, entry) for number, entry in enumerate(entries, start=1)]
        names = [key.name for _, key in keys]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise SettingsError(f"LEADLINE_API_KEYS: {twice!r} is there twice; rename one")
        return cls(keys)

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, secret: str) -> ApiKey | None:
        """The key with this secret. Takes as long for a wrong one as for a right one."""
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
        found: ApiKey | None = None
        for known, key in self._keys:
            if hmac.compare_digest(known, digest):
                found = key
        return found


def new_key(name: str, scopes: Collection[str]) -> NewKey:
    """Make a key.

    Raises:
        UsageError: the name or a scope is wrong.
    """
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise UsageError(
            f"NAME: {name[:60]!r} is no name for a key; use up to 40 small letters, digits and "
            "hyphens"
        )
    unknown = [scope for scope in scopes if scope not in set(Scope)]
    if unknown or not scopes:
        what = f"{unknown[0][:60]!r} is not known" if unknown else "none is given"
        raise UsageError(f"--scope: {what}; choose from {', '.join(Scope)}")
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return NewKey(secret, f"{name}={'+'.join(dict.fromkeys(scopes))}={digest}")


def _entry(number: int, entry: str) -> tuple[bytes, ApiKey]:
    def wrong(what: str) -> SettingsError:
        return SettingsError(f"LEADLINE_API_KEYS: key {number}: {what}; its form is {_FORM}")

    parts = entry.split("=")
    if len(parts) != 3:
        raise wrong("has not three parts")
    name, scopes, digest = (part.strip() for part in parts)
    if not _NAME.fullmatch(name) or name in _RESERVED:
        raise wrong("its name is not up to 40 small letters, digits and hyphens")
    named = scopes.split("+")
    unknown = next((scope for scope in named if scope not in set(Scope)), None)
    if unknown is not None:
        raise wrong(f"knows no scope {unknown[:40]!r}, only {', '.join(Scope)}")
    if not _HASH.fullmatch(digest):
        raise wrong("its hash is not 64 hexadecimal digits")
    return bytes.fromhex(digest), ApiKey(name, frozenset(Scope(scope) for scope in named))
