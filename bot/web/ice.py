"""WebRTC on a machine without a network.

aioice offers every address of the machine except loopback. On an aeroplane, or in a container
without a network, that leaves none, and a caller on the same machine could not connect.
"""

from __future__ import annotations

import aioice.ice

LOOPBACK = "127.0.0.1"
_get_host_addresses = aioice.ice.get_host_addresses


def _host_addresses_or_loopback(use_ipv4: bool, use_ipv6: bool) -> list[str]:
    addresses: list[str] = _get_host_addresses(use_ipv4, use_ipv6)
    return addresses or [LOOPBACK]


def allow_calls_without_network() -> None:
    """Offer the loopback address where there is no other. May be called twice."""
    aioice.ice.get_host_addresses = _host_addresses_or_loopback
