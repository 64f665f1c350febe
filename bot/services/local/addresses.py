"""E-mail addresses, domains and links as a person says them."""

from __future__ import annotations

import re

from bot.services.local import numbers
from bot.services.local.spelling import spaced

_SPOKEN_TOP_LEVELS = frozenset(
    {"com", "net", "org", "info", "biz", "dev", "app", "gov", "edu", "co", "tech", "cloud", "shop"}
)
_KNOWN_NAMES = {"gmail": "G mail", "aol": "ay O L", "gmx": "G M X", "www": "W W W"}
_EMAIL = re.compile(r"^[\w.+-]+@[\w-]+(\.[\w-]+)+$")
_URL = re.compile(r"^(?:https?://)?((?:[\w-]+\.)+[a-z]{2,})(/\S*)?$", re.IGNORECASE)


def email(core: str, _before: str = "", _after: str = "") -> str | None:
    """Say an e-mail address; None if it is none."""
    if not _EMAIL.match(core):
        return None
    local, _, domain = core.partition("@")
    return f"{_address(local)}, at {_domain(domain)}"


def url(core: str, _before: str = "", _after: str = "") -> str | None:
    """Say the address of a page or a domain; None if it is neither."""
    match = _URL.match(core)
    if match is None:
        return None
    host, path = match.groups()
    top = host.rpartition(".")[2]
    # "done.Next" is a missing blank, not a domain.
    plausible = top in _SPOKEN_TOP_LEVELS or (len(top) == 2 and top.islower())
    if not (plausible or core.lower().startswith(("http", "www."))):
        return None
    spoken = _domain(host)
    for part in re.split(r"[/?&=#]+", (path or "").strip("/")):
        if part:
            spoken += f", slash {_address(part)}"
    return spoken


def _domain(domain: str) -> str:
    name, _, top = domain.rpartition(".")
    spoken = _address(name)
    last = top.lower() if top.lower() in _SPOKEN_TOP_LEVELS else spaced(top)
    return f"{spoken} dot {last}"


_ADDRESS_MARKS = {".": "dot", "-": "dash", "_": "underscore", "+": "plus", "%": "percent"}


def _address(text: str) -> str:
    parts = re.findall(r"[A-Za-z]+|\d+|[^A-Za-z0-9]", text)
    return " ".join(filter(None, (_address_part(part) for part in parts)))


def _address_part(part: str) -> str:
    if part in _ADDRESS_MARKS:
        return _ADDRESS_MARKS[part]
    if part.isdecimal():
        return numbers.cardinal(part) if len(part) <= 2 and part[0] != "0" else numbers.digits(part)
    if not part.isalpha():
        return ""
    known = _KNOWN_NAMES.get(part.lower())
    if known is not None:
        return known
    if len(part) == 1 or not re.search(r"[aeiouy]", part, re.IGNORECASE):
        return spaced(part)
    return part.lower()
