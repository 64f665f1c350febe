"""Where a webhook may go: no address that is not public, unless the settings say so.

What is checked is the address that is then connected to, so that a name which resolves to
something else the second time (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from concurrent.futures import Executor
from ipaddress import IPv4Address, IPv6Address

from bot.delivery.addresses import ALLOW_SETTING, AllowedPrivate

Address = IPv4Address | IPv6Address

# Credentials of the machine are to be had there: only by name, never by `true`.
# AWS and most others, Azure's WireServer, Alibaba, Oracle, AWS over IPv6.
METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "168.63.129.16",
        "100.100.100.200",
        "192.0.0.192",
        "fd00:ec2::254",
    )
)
# https://www.rfc-editor.org/rfc/rfc6052#section-2.1: an IPv4 address in the last 32 bits.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class ForbiddenAddressError(Exception):
    """The webhook's host has only addresses that it must not have; the message says which."""


class UnresolvedHostError(Exception):
    """The webhook's host has no address now."""


def why_forbidden(host: str, address: Address, allowed: AllowedPrivate) -> str | None:
    """What is wrong with connecting to `address` for `host`, or None."""
    real = _embedded(address)
    if allowed.names(host, real) or allowed.names(host, address):
        return None
    if real in METADATA:
        return "a metadata service"
    if real.is_link_local:
        return "a link-local address"
    # In IPv6 "reserved" takes in loopback.
    reserved = isinstance(real, IPv4Address) and real.is_reserved
    if real.is_multicast or real.is_unspecified or reserved:
        return "no address of a single host"
    if real.is_global and not (isinstance(real, IPv6Address) and real.is_site_local):
        return None
    return None if allowed.everything else "a private address"


def _embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address stands for, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo is not None:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or _compatible(address)


def _compatible(address: IPv6Address) -> Address:
    # ::a.b.c.d, long deprecated, but some stacks still route it.
    number = int(address)
    return IPv4Address(number) if 1 < number <= 0xFFFFFFFF else address


async def resolve(
    host: str, port: int, allowed: AllowedPrivate, *, executor: Executor | None = None
) -> list[str]:
    """The addresses of `host` that may be connected to, in the resolver's order.

    Args:
        host: a name, or an address in any form that the resolver takes (`0x7f.1` is one).
        port: where to.
        allowed: what the settings allow besides public addresses.
        executor: where the blocking resolver runs; one that hangs keeps its thread.

    Raises:
        UnresolvedHostError: it has none now.
        ForbiddenAddressError: none of them is allowed.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.run_in_executor(
            executor, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
    except (OSError, UnicodeError):
        raise UnresolvedHostError("its host's name could not be resolved") from None
    reasons: list[str] = []
    good: list[str] = []
    for text in dict.fromkeys(str(entry[4][0]) for entry in found):
        # A link-local address may carry a zone: fe80::1%eth0.
        address = ipaddress.ip_address(text.partition("%")[0])
        reason = why_forbidden(host, address, allowed)
        if reason is None:
            good.append(text)
        else:
            reasons.append(reason)
    if not good:
        raise ForbiddenAddressError(
            f"its host resolves to {reasons[0] if reasons else 'nothing'}, which is refused; "
            f"{ALLOW_SETTING} names exceptions"
        )
    return good
