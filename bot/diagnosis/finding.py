"""What was found about one dependency."""

from __future__ import annotations

import socket
import ssl
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One dependency. None means: not asked, because it makes no sense or came to nothing.

    Attributes:
        name: e.g. `deepgram`.
        configured: whether the settings ask for it.
        reachable: whether it answered.
        usable: whether it would serve a call: key, voice and model are right.
        detail: one line: what it is, or what is wrong. Never a secret.
        remedy: one line: what to do, or None.
    """

    name: str
    configured: bool
    reachable: bool | None = None
    usable: bool | None = None
    detail: str
    remedy: str | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether a call can be had: what is configured is usable."""
        return not self.configured or self.usable is True

    def as_dict(self) -> dict[str, Any]:
        """The public shape of `leadline doctor --json`."""
        return asdict(self)


def not_configured(name: str, detail: str, remedy: str | None = None) -> Finding:
    """The settings do not ask for it."""
    return Finding(name=name, configured=False, detail=detail, remedy=remedy)


def incomplete(name: str, detail: str, remedy: str) -> Finding:
    """The settings ask for it, and lack something without which it cannot be asked."""
    return Finding(name=name, configured=True, usable=False, detail=detail, remedy=remedy)


def usable(name: str, detail: str) -> Finding:
    """It answered and would serve a call."""
    return Finding(name=name, configured=True, reachable=True, usable=True, detail=detail)


def refused(name: str, detail: str, remedy: str) -> Finding:
    """It answered and would not serve a call."""
    return Finding(
        name=name, configured=True, reachable=True, usable=False, detail=detail, remedy=remedy
    )


def unreachable(name: str, url: str, setting: str, error: BaseException) -> Finding:
    """It did not answer; the cause is read off the error."""
    where = host_of(url)
    what, remedy = _why(error)
    return Finding(
        name=name,
        configured=True,
        reachable=False,
        usable=False,
        detail=f"{where} {what}",
        remedy=remedy.format(setting=setting),
    )


def host_of(url: str) -> str:
    """Host and port of a URL, without what may be secret in it."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.hostname or url}{port}"


def _why(error: BaseException) -> tuple[str, str]:
    causes = _chain(error)
    words = " ".join(str(cause).lower() for cause in causes)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "cannot be found", "check the host in {setting}, and this machine's name service"
    if any(isinstance(cause, ssl.SSLError) for cause in causes) or "certificate" in words:
        return (
            "has no valid certificate",
            "check https or wss in {setting}, and the certificate of the server or of a proxy",
        )
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes) or "refused" in words:
        return "refuses connections", "is the server running? Start it, or correct {setting}"
    if any(isinstance(cause, TimeoutError) for cause in causes) or "timeout" in words:
        return "does not answer", "check {setting}, and the firewall on the way"
    return (
        f"cannot be reached ({type(error).__name__})",
        "check {setting}, the network, and a proxy on the way",
    )


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        cause = waiting.pop()
        if cause is None or cause in found:
            continue
        found.append(cause)
        waiting += [cause.__cause__, cause.__context__]
        if isinstance(cause, BaseExceptionGroup):
            waiting += cause.exceptions
    return found
