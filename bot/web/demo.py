"""The demo's server: one page to talk to the bot from, and a sample call to watch.

``GET /`` is the page; ``POST`` and ``PATCH /api/offer`` are what Pipecat's SmallWebRTC clients
speak; ``/api/sample…`` shows the sample call. It listens on this machine only.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import (
    IceCandidate,
    SmallWebRTCPatchRequest,
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)
from pydantic import BaseModel, ConfigDict, Field
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.staticfiles import StaticFiles

from bot.caller.peer import Recording
from bot.web.calls import AnswerCall, BusyError, Calls
from bot.web.ice import allow_calls_without_network
from bot.web.sample import SampleCall

STATIC = Path(__file__).parent / "static"
MAX_CALLS = 3
"""Local speech on two cores holds about as many; the sample call is one of them."""
MAX_SDP_CHARACTERS = 64_000
KEEP_ALIVE_S = 15.0
_HEADERS = {
    # The page loads nothing from another host, and no other site may frame it.
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    ),
    "Permissions-Policy": "microphone=(self), camera=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


class Offer(BaseModel):
    """``POST /api/offer``, as Pipecat's clients send it."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    sdp: str = Field(max_length=MAX_SDP_CHARACTERS)
    type: str
    pc_id: str | None = None
    restart_pc: bool | None = None
    request_data: dict[str, Any] | None = None
    requestData: dict[str, Any] | None = None  # noqa: N815 - the JavaScript client's spelling.


class Candidate(BaseModel):
    """One ICE candidate."""

    candidate: str = Field(max_length=2000)
    sdp_mid: str | None = None
    sdp_mline_index: int | None = None


class Candidates(BaseModel):
    """``PATCH /api/offer``: ICE candidates that were found after the offer."""

    pc_id: str
    candidates: list[Candidate] = Field(max_length=100)


def create_app(
    *,
    answer: AnswerCall,
    hang_up: Callable[[], Awaitable[None]] | None = None,
    sample: Callable[[], SampleCall] | None = None,
    max_calls: int = MAX_CALLS,
) -> FastAPI:
    """The demo as an ASGI application.

    Args:
        answer: holds one call on a connection; its second argument is the offer's request data.
        hang_up: tells every call to end; those that have not within a few seconds are cut.
        sample: makes the sample call, on the server's own event loop. It is kept in
            ``app.state.sample`` and placed by who started the server.
        max_calls: calls at a time; one more gets 429 and is told why.
    """
    allow_calls_without_network()
    calls = Calls(answer=answer, max_calls=max_calls)
    handler = SmallWebRTCRequestHandler()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.sample = sample() if sample else None
        yield
        if app.state.sample:
            await app.state.sample.close()
        if hang_up:
            await hang_up()
        await calls.close()
        await handler.close()  # type: ignore[no-untyped-call]

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.calls = calls
    app.add_middleware(
        TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]", "testserver"]
    )

    @app.middleware("http")
    async def _guard(
        request: Request, call_next: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        origin = request.headers.get("origin")
        own = origin is None or urlsplit(origin).netloc == request.headers.get("host")
        if request.method not in ("GET", "HEAD") and not own:
            # Another site open in the same browser must not place calls here.
            return JSONResponse({"detail": "requests from other sites are refused"}, 403)
        response = await call_next(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    _add_offer(app, calls, handler)
    _add_sample(app)

    @app.get("/healthz")
    async def healthz() -> dict[str, Any]:
        return {"status": "ok", "calls": calls.running, "max_calls": max_calls}

    app.mount("/", StaticFiles(directory=STATIC, html=True))
    return app


def _add_offer(app: FastAPI, calls: Calls, handler: SmallWebRTCRequestHandler) -> None:
    @app.post("/api/offer")
    async def offer(body: Offer) -> dict[str, str]:
        data = body.request_data or body.requestData or {}
        if body.type != "offer" or "m=audio" not in body.sdp:
            raise HTTPException(422, "sdp: this is not a WebRTC offer of audio")
        try:
            if not calls.has(body.pc_id):
                calls.check_room()

            async def begin(connection: SmallWebRTCConnection) -> None:
                calls.start(connection, data)

            answer = await handler.handle_web_request(
                SmallWebRTCRequest(
                    sdp=body.sdp,
                    type=body.type,
                    pc_id=body.pc_id,
                    restart_pc=body.restart_pc,
                    request_data=data,
                ),
                begin,
            )
        except BusyError as error:
            # Pipecat's client takes a 4xx for final; with a 5xx it would try again three times.
            raise HTTPException(429, str(error)) from None
        except (ValueError, AttributeError, KeyError, IndexError):
            raise HTTPException(422, "sdp: this is not a WebRTC offer of audio") from None
        if answer is None:
            raise HTTPException(500, "no answer could be made to this offer")
        return answer

    @app.patch("/api/offer")
    async def candidates(body: Candidates) -> dict[str, str]:
        patch = SmallWebRTCPatchRequest(
            pc_id=body.pc_id,
            candidates=[
                IceCandidate(
                    candidate=each.candidate,
                    sdp_mid=each.sdp_mid or "0",
                    sdp_mline_index=each.sdp_mline_index or 0,
                )
                for each in body.candidates
            ],
        )
        try:
            await handler.handle_patch_request(patch)
        except (ValueError, AssertionError, IndexError):
            raise HTTPException(422, "candidates: one of them is no ICE candidate") from None
        return {"status": "success"}


def _add_sample(app: FastAPI) -> None:
    def current() -> SampleCall:
        sample: SampleCall | None = app.state.sample
        if sample is None:
            raise HTTPException(404, "this server places no sample call")
        return sample

    @app.get("/api/sample")
    async def state() -> dict[str, Any]:
        return current().as_json()

    @app.post("/api/sample")
    async def again() -> dict[str, bool]:
        try:
            app.state.calls.check_room()
        except BusyError as error:
            raise HTTPException(429, str(error)) from None
        return {"placed": current().place()}

    @app.get("/api/sample/events")
    async def events(request: Request) -> StreamingResponse:
        last = request.headers.get("last-event-id", "")
        after = int(last) if last.isascii() and last.isdigit() else -1
        return StreamingResponse(_sse(current(), after), media_type="text/event-stream")

    @app.get("/api/sample/audio.wav")
    async def audio() -> Response:
        sample = current()
        if sample.wav is not None:
            return FileResponse(sample.wav, media_type="audio/wav")
        if sample.state == "running" and sample.recording is not None:
            return StreamingResponse(_live_wav(sample.recording), media_type="audio/wav")
        raise HTTPException(404, "there is no recording yet: the sample call has not begun")


async def _sse(sample: SampleCall, after: int) -> AsyncIterator[str]:
    """Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    yield "retry: 1000\n\n"
    events = sample.events(after)
    upcoming: asyncio.Task[tuple[int, dict[str, Any]]] | None = None
    try:
        while True:
            upcoming = upcoming or asyncio.ensure_future(anext(events))
            done, _ = await asyncio.wait({upcoming}, timeout=KEEP_ALIVE_S)
            if not done:
                yield ": still here\n\n"  # Notices a page that has gone.
                continue
            try:
                number, message = upcoming.result()
            except StopAsyncIteration:
                return
            upcoming = None
            yield f"id: {number}\ndata: {json.dumps(message)}\n\n"
    finally:
        if upcoming is not None:
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
        await events.aclose()  # type: ignore[attr-defined]


async def _live_wav(recording: Recording) -> AsyncIterator[bytes]:
    yield wav_header(recording.sample_rate)
    async for pcm in recording.follow():
        yield pcm


def wav_header(sample_rate: int) -> bytes:
    """The head of a mono 16-bit WAV file whose length is not known yet."""
    unknown = 0xFFFFFFFF
    return (
        struct.pack("<4sI4s", b"RIFF", unknown, b"WAVE")
        + struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, sample_rate, sample_rate * 2, 2, 16)
        + struct.pack("<4sI", b"data", unknown)
    )
