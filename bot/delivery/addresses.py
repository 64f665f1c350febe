"""What the settings say about webhooks, read and checked. Pure.

No error here repeats a URL or a secret: both may be credentials.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from urllib.parse import urlsplit

URL_SETTING = "LEADLINE_WEBHOOK_URL"
SECRET_SETTING = "LEADLINE_WEBHOOK_SECRET"  # noqa: S105 - its name, not its value.
ALLOW_SETTING = "LEADLINE_WEBHOOK_ALLOW_PRIVATE"
SHORTEST_SECRET_BYTES = 16
"""The Standard Webhooks convention asks for 24 to 64; below 128 bits is refused."""

_SEPARATOR = re.compile(r"[\s,]+")
_NAMED = re.compile(r"(?:([a-z][a-z0-9-]{0,39})=)?(.+)", re.DOTALL)
_SECRET_PREFIX = "whsec_"  # noqa: S105
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,252})")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAddress:
    """One webhook: its name in the outbox, where it is, and what signs for it."""

    name: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedPrivate:
    """Which addresses that are not public a webhook may have."""

    everything: bool = False
    hosts: frozenset[str] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    def names(self, host: str, address: IPv4Address | IPv6Address) -> bool:
        """Whether the operator has named this very host or network."""
        return host.lower().rstrip(".") in self.hosts or any(
            address in network for network in self.networks
        )


def parse_webhooks(urls: str | None, secrets: str | None) -> tuple[WebhookAddress, ...]:
    """The webhooks of the settings.

    Args:
        urls: one or more, with commas between them, each perhaps with a name: ``crm=https://...``.
            Without one the first is called `webhook`, the second `webhook-2`.
        secrets: ``whsec_`` and base64; several sign side by side (while a receiver changes from
            one to the next); ``crm=whsec_...`` signs for that webhook only.

    Raises:
        ValueError: one line that names the setting, what is wrong, and what to do.
    """
    named = [_one_url(item, n) for n, item in enumerate(_items(urls), start=1)]
    names = [name for name, _ in named]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f"{URL_SETTING}: two webhooks are called {twice!r}; give them two names")
    keys = [_one_secret(item, n) for n, item in enumerate(_items(secrets), start=1)]
    for name, _ in keys:
        if name is not None and name not in names:
            raise ValueError(f"{SECRET_SETTING}: there is no webhook called {name!r}")
    return tuple(
        WebhookAddress(name=name, url=url, secrets=_secrets_for(name, keys)) for name, url in named
    )


def parse_allowed_private(text: str) -> AllowedPrivate:
    """`true`, `false`, or host names and networks with commas between them.

    Raises:
        ValueError: one line that names the setting.
    """
    if text.strip().lower() in ("false", "no", "0", ""):
        return AllowedPrivate()
    if text.strip().lower() in ("true", "yes", "1"):
        return AllowedPrivate(everything=True)
    hosts: set[str] = set()
    networks: list[IPv4Network | IPv6Network] = []
    for item in _items(text.lower()):
        try:
            networks.append(ip_network(item, strict=False))
        except ValueError:
            if not _HOST.fullmatch(item):
                raise ValueError(
                    f"{ALLOW_SETTING}: {item!r} is neither a host's name nor a network; "
                    "say true, false, or a list like crm.internal,10.0.0.0/8"
                ) from None
            hosts.add(item.rstrip("."))
    return AllowedPrivate(hosts=frozenset(hosts), networks=tuple(networks))


def _items(text: str | None) -> list[str]:
    return [item for item in _SEPARATOR.split(text or "") if item]


def _one_url(item: str, n: int) -> tuple[str, str]:
    match = _NAMED.fullmatch(item)
    name, url = (match[1], match[2]) if match else (None, item)
    problem = f"{URL_SETTING}: URL {n} must be one that begins with https:// or http://"
    try:
        parts = urlsplit(url)
        port_is_a_number = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(problem) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not port_is_a_number:
        raise ValueError(problem)
    return name or ("webhook" if n == 1 else f"webhook-{n}"), url


def _one_secret(item: str, n: int) -> tuple[str | None, str]:
    match = _NAMED.fullmatch(item)
    name, secret = (match[1], match[2]) if match else (None, item)
    remedy = "make one with `leadline deliveries secret`"
    if not secret.startswith(_SECRET_PREFIX):
        raise ValueError(f"{SECRET_SETTING}: secret {n} must begin with whsec_; {remedy}")
    encoded = secret.removeprefix(_SECRET_PREFIX)
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(
            f"{SECRET_SETTING}: secret {n} is not base64 behind whsec_; {remedy}"
        ) from None
    if len(key) < SHORTEST_SECRET_BYTES:
        raise ValueError(
            f"{SECRET_SETTING}: secret {n} has {len(key)} bytes, and needs "
            f"{SHORTEST_SECRET_BYTES} at least; {remedy}"
        )
    return name, secret


def _secrets_for(webhook: str, keys: list[tuple[str | None, str]]) -> tuple[str, ...]:
    own = tuple(secret for name, secret in keys if name == webhook)
    chosen = own or tuple(secret for name, secret in keys if name is None)
    if not chosen:
        raise ValueError(
            f"{SECRET_SETTING}: not set for {webhook!r}, but every delivery is signed; make one "
            "with `leadline deliveries secret` and give it to the receiver, too"
        )
    return chosen
