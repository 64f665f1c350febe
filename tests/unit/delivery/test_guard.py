"""A webhook goes to public addresses, however its host is written."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest

from bot.delivery.addresses import AllowedPrivate, parse_allowed_private
from bot.delivery.guard import ForbiddenAddressError, UnresolvedHostError, resolve, why_forbidden

NOTHING = AllowedPrivate()
EVERYTHING = AllowedPrivate(everything=True)

PRIVATE = (
    "127.0.0.1",
    "127.8.9.1",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",  # carrier-grade NAT
    "100.127.255.254",
    "192.0.2.1",
    "198.18.0.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:0a00:0001::1",  # 6to4 of 10.0.0.1
)
NEVER = (
    "0.0.0.0",
    "169.254.169.254",
    "169.254.1.1",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "fd00:ec2::254",
    "fe80::1",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "::",
    "ff02::1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
)


@pytest.mark.parametrize("text", PRIVATE)
def test_a_private_address_needs_the_settings_leave(text: str) -> None:
    address = ip_address(text)
    assert why_forbidden("x.example", address, NOTHING)
    assert why_forbidden("x.example", address, EVERYTHING) is None


@pytest.mark.parametrize("text", NEVER)
def test_metadata_and_addresses_of_no_host_are_not_allowed_by_true(text: str) -> None:
    address = ip_address(text)
    assert why_forbidden("x.example", address, NOTHING)
    assert why_forbidden("x.example", address, EVERYTHING)


@pytest.mark.parametrize("text", ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "100.128.0.1"])
def test_a_public_address_is_allowed(text: str) -> None:
    assert why_forbidden("x.example", ip_address(text), NOTHING) is None


def test_what_is_named_is_allowed_and_its_neighbour_is_not() -> None:
    allowed = parse_allowed_private("crm.internal,169.254.10.0/24")
    assert why_forbidden("crm.internal", ip_address("10.0.0.5"), allowed) is None
    assert why_forbidden("other.internal", ip_address("10.0.0.5"), allowed)
    assert why_forbidden("x", ip_address("169.254.10.7"), allowed) is None
    assert why_forbidden("x", ip_address("169.254.11.7"), allowed)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1"])
async def test_loopback_is_refused_however_it_is_written(host: str) -> None:
    with pytest.raises((ForbiddenAddressError, UnresolvedHostError)):
        await resolve(host, 80, NOTHING)


def resolves_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def getaddrinfo(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


async def test_only_the_public_ones_of_a_hosts_addresses_are_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolves_to(monkeypatch, "10.0.0.1", "93.184.216.34", "127.0.0.1", "93.184.216.34")
    assert await resolve("x.example", 443, NOTHING) == ["93.184.216.34"]


async def test_the_refusal_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves_to(monkeypatch, "169.254.169.254")
    with pytest.raises(ForbiddenAddressError, match=r"metadata.*LEADLINE_WEBHOOK_ALLOW_PRIVATE"):
        await resolve("x.example", 443, EVERYTHING)


async def test_a_name_without_an_address_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "x.example is unknown")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(UnresolvedHostError):
        await resolve("x.example", 443, NOTHING)
