"""Over TLS the certificate is compared with the URL's name, though the checked address is used."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bot.delivery import webhook
from bot.delivery.addresses import parse_allowed_private, parse_webhooks
from bot.delivery.target import Outcome, Parcel, Verdict
from bot.delivery.webhook import WebhookTarget
from tests.integration.delivery.conftest import SECRET
from tests.unit.storage.samples import lead_of

pytestmark = pytest.mark.integration

NAME = "crm.example"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for `NAME` that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.mark.parametrize(
    ("host", "verdict"), [(NAME, Verdict.DELIVERED), ("other.example", Verdict.RETRY)]
)
async def test_the_certificate_must_be_for_the_urls_name(
    host: str, verdict: Verdict, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(webhook, "_tls", lambda: trusting)
    outcome, asked_for = await delivery_to(host, certificate, monkeypatch)
    assert asked_for == [host]
    assert outcome.verdict is verdict
    if verdict is Verdict.RETRY:
        assert outcome.detail == "its certificate is not valid for its name, or not trusted"


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, _ = await delivery_to(NAME, certificate, monkeypatch)
    assert outcome.detail == "its certificate is not valid for its name, or not trusted"


async def delivery_to(
    host: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Outcome, list[str | None]]:
    """One delivery to `https://host`, served on loopback; also the names that TLS asked for."""
    asked_for: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert f"host: {host}:".encode() in head.lower()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]

    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    [address] = parse_webhooks(f"https://{host}:{port}/leads", SECRET)
    target = WebhookTarget(address=address, allowed=parse_allowed_private(host), timeout_s=30)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(socket, "getaddrinfo", getaddrinfo)
            outcome = await target.deliver(Parcel(delivery_id="1", lead=lead_of(), attempt=1))
    finally:
        await target.aclose()
        server.close()
        await server.wait_closed()
    return outcome, asked_for
