"""A webhook: the lead as JSON, signed by the Standard Webhooks convention.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from importlib.metadata import version
from typing import Any

import anyio
import httpx
from standardwebhooks.webhooks import Webhook

from bot.delivery.addresses import AllowedPrivate, WebhookAddress
from bot.delivery.backoff import parse_retry_after
from bot.delivery.guard import ForbiddenAddressError, UnresolvedHostError, resolve
from bot.delivery.target import Outcome, Parcel, Verdict

AT_ONCE = 4
CONNECT_TIMEOUT_S = 5.0
"""For one address, when a host has several."""
POLITE_BYTES = 65_536
POLITE_S = 1.0
"""How much of an answer is read, and for how long: nothing in it matters, but a receiver that is
cut off in the middle of writing may take its own work back."""

# The receiver asks for another attempt, or another may find it otherwise.
RETRIED_4XX = frozenset({408, 409, 425, 429})
_DNS_THREADS = 2


class WebhookTarget:
    """Posts to one URL. One connection for each attempt; proxies of the environment are not used,
    since a proxy would connect to an address that nobody has checked."""

    def __init__(
        self,
        *,
        address: WebhookAddress,
        allowed: AllowedPrivate,
        timeout_s: float,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Prepare; nothing is connected.

        Args:
            address: name, URL and secrets.
            allowed: which addresses besides public ones may be connected to.
            timeout_s: for the whole of an attempt, from the name's resolution to the answer.
            now: signs with this time.
        """
        self._address = address
        self._url = httpx.URL(address.url).copy_with(fragment=None)
        self._signers = [Webhook(secret) for secret in address.secrets]
        self._allowed = allowed
        self._timeout_s = timeout_s
        self._now = now
        self._client: httpx.AsyncClient | None = None
        self._making = asyncio.Lock()
        self._resolver: Executor | None = None

    @property
    def name(self) -> str:
        """Its name in the outbox."""
        return self._address.name

    @property
    def at_once(self) -> int:
        """How many requests run at the same time."""
        return AT_ONCE

    @property
    def timeout_s(self) -> float:
        """For the whole of an attempt."""
        return self._timeout_s

    async def deliver(self, parcel: Parcel) -> Outcome:
        """One request. Any 2xx is a success, whatever is in it; see `verdict_on` for the rest."""
        body = encode(parcel)
        headers = self._headers(parcel, body)
        try:
            async with asyncio.timeout(self._timeout_s):
                addresses = await resolve(
                    self._url.host,
                    self._url.port or {"https": 443}.get(self._url.scheme, 80),
                    self._allowed,
                    executor=self._resolving(),
                )
                response = await self._post(addresses, body, headers)
        except TimeoutError:
            return _retry(f"no answer within {self._timeout_s:g} s")
        except (ForbiddenAddressError, UnresolvedHostError) as error:
            return _retry(str(error))
        except httpx.HTTPError as error:
            return _retry(_plain_reason(error))
        # It has answered: what it does from now on changes nothing.
        try:
            await _read_politely(response)
        finally:
            await response.aclose()
        return verdict_on(response.status_code, response.headers.get("Retry-After"), self._now())

    async def aclose(self) -> None:
        """Close what is open. A resolver that hangs is left to itself."""
        if self._client is not None:
            await self._client.aclose()
        if isinstance(self._resolver, ThreadPoolExecutor):
            self._resolver.shutdown(wait=False, cancel_futures=True)
        self._client = self._resolver = None

    async def _post(
        self, addresses: list[str], body: bytes, headers: dict[str, str]
    ) -> httpx.Response:
        for address in addresses[:-1]:
            try:
                return await self._post_to(address, body, headers)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # Nothing was sent; the host has another address.
        return await self._post_to(addresses[-1], body, headers)

    async def _post_to(self, address: str, body: bytes, headers: dict[str, str]) -> httpx.Response:
        client = await self._connected()
        request = client.build_request(
            "POST",
            # The checked address itself; the certificate is still compared with the name.
            self._url.copy_with(host=address),
            content=body,
            headers={**headers, "Host": self._url.netloc.decode("ascii")},
            extensions={"sni_hostname": self._url.host},
        )
        return await client.send(request, stream=True)

    def _headers(self, parcel: Parcel, body: bytes) -> dict[str, str]:
        now = self._now()
        text = body.decode()
        signatures = [s.sign(parcel.delivery_id, now, text) for s in self._signers]
        return {
            "Content-Type": "application/json",
            "User-Agent": f"Leadline/{_version()}",
            "webhook-id": parcel.delivery_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
            "Idempotency-Key": parcel.delivery_id,
            "Leadline-Revision": str(parcel.revision),
            "Leadline-Attempt": str(parcel.attempt),
        }

    def _resolving(self) -> Executor:
        if self._resolver is None:
            # Apart from the loop's own threads, which a resolver that hangs would use up.
            self._resolver = ThreadPoolExecutor(_DNS_THREADS, "delivery-dns")
        return self._resolver

    async def _connected(self) -> httpx.AsyncClient:
        async with self._making:  # Several attempts begin at the same time.
            if self._client is None:
                self._client = await asyncio.to_thread(_make_client, self._timeout_s)
        return self._client


def encode(parcel: Parcel) -> bytes:
    """The body: the lead as `leadline leads show --json` prints it, in UTF-8."""
    document: dict[str, Any] = parcel.lead.model_dump(mode="json")
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def verdict_on(status: int, retry_after: str | None, now: datetime) -> Outcome:
    """What an answer means: docs/delivery.md has the same as a table."""
    if 200 <= status < 300:
        return Outcome(verdict=Verdict.DELIVERED, detail=f"answered {status}")
    if 300 <= status < 400:
        return _retry(f"answered {status}, a redirect, which is not followed; correct the URL")
    if 400 <= status < 500 and status not in RETRIED_4XX:
        return Outcome(verdict=Verdict.REFUSED, detail=f"answered {status}")
    return Outcome(
        verdict=Verdict.RETRY,
        detail=f"answered {status}",
        retry_after_s=parse_retry_after(retry_after, now),
    )


def _retry(detail: str) -> Outcome:
    return Outcome(verdict=Verdict.RETRY, detail=detail)


def _plain_reason(error: httpx.HTTPError) -> str:
    """Without the library's words, which may quote the URL or the answer."""
    if isinstance(error, httpx.TimeoutException):
        return "no connection in time" if isinstance(error, httpx.ConnectTimeout) else "no answer"
    if isinstance(error, httpx.ConnectError):
        if "CERTIFICATE" in str(error).upper():
            return "its certificate is not valid for its name, or not trusted"
        return "refuses connections, or cannot be reached"
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError | httpx.WriteError):
        return "closed the connection without a whole answer"
    return f"could not be asked ({type(error).__name__})"


async def _read_politely(response: httpx.Response) -> None:
    read = 0
    try:
        async with asyncio.timeout(POLITE_S):
            async for chunk in response.aiter_raw():
                read += len(chunk)
                if read >= POLITE_BYTES:
                    return
    except (TimeoutError, httpx.HTTPError, httpx.StreamError):
        return  # It has answered: the rest is its own affair.


def _make_client(timeout_s: float) -> httpx.AsyncClient:
    """In a thread: what is imported and read for the first one takes a third of a second."""
    anyio.run(anyio.sleep, 0)  # Loads the part of anyio that the first connection needs.
    return httpx.AsyncClient(
        # No connection is kept: it is known by its address, and its name may have moved.
        transport=httpx.AsyncHTTPTransport(
            verify=_tls(), limits=httpx.Limits(max_keepalive_connections=0), retries=0
        ),
        follow_redirects=False,
        trust_env=False,
        timeout=httpx.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
    )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """`SSL_CERT_FILE` names authorities of one's own."""
    return httpx.create_ssl_context()


@lru_cache(maxsize=1)
def _version() -> str:
    return version("leadline")
