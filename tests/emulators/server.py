"""What all emulators share: a server on a loopback port, faults, a record of requests, control.

Every emulator is an async context manager for use inside a test's loop. Beside the provider's own
paths it serves `/_control/*`, so that a test can steer an emulator that runs in another process:

    POST   /_control/faults    one fault or a list of them (see `faults.Fault`)
    DELETE /_control/faults    no more faults; stalled answers go on
    POST   /_control/script    what the provider answers next (each emulator says what it takes)
    POST   /_control/down      {"seconds": 2}: connections are refused for a while
    GET    /_control/requests  what was asked so far, credentials removed
"""

import asyncio
import socket
import time
import weakref
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Self

from aiohttp import web

from tests.emulators.faults import HTTP_STATUS, Fault, FaultKind, FaultPlan, Point

CONTROL_PREFIX = "/_control"
MAX_RECORDED_REQUESTS = 10_000
WAIT_TIMEOUT_S = 10.0
_SECRET_HEADERS = frozenset({"authorization", "xi-api-key", "cookie", "sec-websocket-key"})


@dataclass(frozen=True, kw_only=True)
class RecordedRequest:
    """One request as it arrived. `body` is the JSON of an HTTP request or of a text message."""

    n: int
    kind: str
    path: str
    query: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    at_s: float = 0.0


class Emulator(ABC):
    """A provider's stand-in on loopback."""

    name: ClassVar[str]

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self.faults = FaultPlan()
        self._requests: deque[RecordedRequest] = deque(maxlen=MAX_RECORDED_REQUESTS)
        self._arrived = asyncio.Condition()
        self._count = 0
        self._runner: web.AppRunner | None = None
        self._site: web.SockSite | None = None
        self._transports: weakref.WeakSet[asyncio.BaseTransport] = weakref.WeakSet()
        self._background: set[asyncio.Task[None]] = set()

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """The provider's own paths."""

    @abstractmethod
    def error_response(self, kind: FaultKind) -> web.Response:
        """401, 429 or 500 as this provider words it."""

    @abstractmethod
    def script(self, body: Mapping[str, Any]) -> None:
        """Takes the body of `POST /_control/script`.

        Raises:
            ValueError: the body is not what this emulator takes.
        """

    @property
    def http_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def ws_url(self) -> str:
        return f"ws://{self.host}:{self.port}"

    @property
    def requests(self) -> list[RecordedRequest]:
        """What was asked so far, oldest first."""
        return list(self._requests)

    def requests_of(self, kind: str) -> list[RecordedRequest]:
        return [r for r in self._requests if r.kind == kind]

    async def wait_for_request(
        self,
        kind: str,
        *,
        count: int = 1,
        where: Callable[[RecordedRequest], bool] | None = None,
        timeout_s: float = WAIT_TIMEOUT_S,
    ) -> RecordedRequest:
        """The `count`-th request of that kind, waiting for it if it has not come yet.

        Raises:
            TimeoutError: it did not come; the message says what did.
        """

        def matching() -> list[RecordedRequest]:
            return [r for r in self.requests_of(kind) if where is None or where(r)]

        try:
            async with asyncio.timeout(timeout_s), self._arrived:
                await self._arrived.wait_for(lambda: len(matching()) >= count)
        except TimeoutError:
            came = [r.kind for r in self._requests]
            raise TimeoutError(f"{self.name}: no {kind!r} number {count}; came: {came}") from None
        return matching()[count - 1]

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._middleware], client_max_size=16 * 1024 * 1024)
        app.add_routes(self.routes())
        app.add_routes(self._control_routes())
        # A stalled answer must neither outlive its client nor hold up the end of a test.
        self._runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True
        )
        await self._runner.setup()
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.faults.clear()
        for task in self._background:
            task.cancel()
        self.abort_connections()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = self._site = None

    async def down(self) -> None:
        """Connections are refused, and those that are open are cut."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        self.abort_connections()

    async def up(self) -> None:
        """Listens again, on the same port as before."""
        if self._runner is None or self._site is not None:
            return
        listener = socket.create_server((self.host, self.port))
        self.port = listener.getsockname()[1]
        self._site = web.SockSite(self._runner, listener)
        await self._site.start()

    async def record(
        self, kind: str, request: web.BaseRequest, body: Any = None
    ) -> RecordedRequest:
        """Keeps what was asked, without its credentials, and wakes who waits for it."""
        recorded = RecordedRequest(
            n=self._count,
            kind=kind,
            path=request.path,
            query=dict(request.query),
            headers={k: v for k, v in request.headers.items() if k.lower() not in _SECRET_HEADERS},
            body=body,
            at_s=time.monotonic(),
        )
        self._count += 1
        async with self._arrived:
            self._requests.append(recorded)
            self._arrived.notify_all()
        return recorded

    async def suffer_connect_fault(
        self, fault: Fault, request: web.Request
    ) -> web.StreamResponse | None:
        """Renders a fault at the connection; None means that the request then goes on."""
        if status := HTTP_STATUS.get(fault.kind):
            response = self.error_response(fault.kind)
            if status == HTTP_STATUS[FaultKind.RATE_LIMITED]:
                response.headers["Retry-After"] = f"{fault.retry_after_s:g}"
            return response
        match fault.kind:
            case FaultKind.REFUSE | FaultKind.CLOSE_MIDWAY:
                cut(request)
                return web.Response()
            case FaultKind.STALL_BEFORE_FIRST | FaultKind.STALL_MIDWAY:
                await fault.hold()
            case FaultKind.SLOW:
                await asyncio.sleep(fault.delay_s)
            case FaultKind.EMPTY:
                return web.Response()
            case FaultKind.GARBAGE:
                return web.Response(body=b"\x00\xff<garbage>", content_type="text/html")
        return None

    @web.middleware
    async def _middleware(
        self,
        request: web.Request,
        handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        if request.path.startswith(CONTROL_PREFIX):
            return await handler(request)
        if request.transport is not None:
            self._transports.add(request.transport)
        fault = self.faults.take(Point.CONNECT, request.path)
        if fault is not None:
            await self.record(f"fault:{fault.kind}", request)
            response = await self.suffer_connect_fault(fault, request)
            if response is not None:
                return response
        return await handler(request)

    def abort_connections(self) -> None:
        """Every open connection is cut; new ones are served."""
        for transport in list(self._transports):
            if isinstance(transport, asyncio.Transport):
                transport.abort()

    def _control_routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{CONTROL_PREFIX}/faults", self._post_faults),
            web.delete(f"{CONTROL_PREFIX}/faults", self._delete_faults),
            web.post(f"{CONTROL_PREFIX}/script", self._post_script),
            web.post(f"{CONTROL_PREFIX}/down", self._post_down),
            web.get(f"{CONTROL_PREFIX}/requests", self._get_requests),
        ]

    async def _post_faults(self, request: web.Request) -> web.Response:
        try:
            raw = await request.json()
            faults = [Fault.from_json(r) for r in (raw if isinstance(raw, list) else [raw])]
        except (ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        self.faults.add(*faults)
        return web.json_response({"pending": [f.to_json() for f in self.faults.pending]})

    async def _delete_faults(self, _: web.Request) -> web.Response:
        self.faults.clear()
        return web.json_response({"pending": []})

    async def _post_script(self, request: web.Request) -> web.Response:
        try:
            self.script(await request.json())
        except (ValueError, TypeError) as error:
            return web.json_response({"error": str(error)}, status=400)
        return web.json_response({"ok": True})

    async def _post_down(self, request: web.Request) -> web.Response:
        try:
            seconds = float((await request.json())["seconds"])
        except (ValueError, TypeError, KeyError):
            return web.json_response({"error": "seconds must be a number"}, status=400)
        task = asyncio.create_task(self._down_for(seconds))
        self._background.add(task)
        task.add_done_callback(self._background.discard)
        response = web.json_response({"down_s": seconds})
        # A connection kept alive would still be served while the others are refused.
        response.force_close()
        return response

    async def _down_for(self, seconds: float) -> None:
        await self.down()
        await asyncio.sleep(seconds)
        await self.up()

    async def _get_requests(self, request: web.Request) -> web.Response:
        kind = request.query.get("kind")
        chosen = [asdict(r) for r in self._requests if kind in (None, r.kind)]
        return web.json_response({"requests": chosen})


def cut(request: web.BaseRequest) -> None:
    """Resets the TCP connection, as a dead server or a middlebox does."""
    if request.transport is None:
        return
    sock = request.transport.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            # Linger 0 makes the close a reset instead of an orderly end.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00" + b"\x00" * 4)
    request.transport.abort()
