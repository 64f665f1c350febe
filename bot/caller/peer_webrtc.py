"""A caller on SmallWebRTC: a real WebRTC peer of the endpoint that a browser uses.

Wire format: an offer is POSTed as ``{"sdp", "type"}`` and answered with ``{"sdp", "type",
"pc_id"}``; RTVI messages and a ``ping`` each second travel on a data channel (Pipecat's
`SmallWebRTCConnection` takes a peer that stops pinging for 3 s as gone).
"""

from __future__ import annotations

import asyncio
import contextlib
import fractions
import json
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import av
import httpx
import numpy as np
from aiortc import (
    MediaStreamError,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)

from bot.caller.peer import FRAME_BYTES, FRAME_MS, SAMPLE_RATE, CallerError, Recording, put_latest

CONNECT_TIMEOUT_S = 15.0
PING_INTERVAL_S = 1.0
RTVI_VERSION = "2.2.0"
MAX_QUEUED_FRAMES = 500
"""10 s of the bot's sound; a caller who is that late loses the oldest."""
MAX_QUEUED_MESSAGES = 2000


class SpeechTrack(MediaStreamTrack):
    """Sends what is queued in real time, and silence in between."""

    kind = "audio"

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._recording = recording
        self._frames: deque[bytes] = deque()
        self._spoken = asyncio.Event()
        self._spoken.set()
        self._started_at: float | None = None
        self._sent = 0

    def queue(self, pcm: bytes) -> None:
        """Queue 16-bit mono PCM behind what is queued already."""
        pcm += bytes(-len(pcm) % FRAME_BYTES)
        self._frames.extend(pcm[i : i + FRAME_BYTES] for i in range(0, len(pcm), FRAME_BYTES))
        if self._frames:
            self._spoken.clear()

    async def spoken(self) -> None:
        """Wait until everything queued has been sent."""
        await self._spoken.wait()

    def stop(self) -> None:
        """End the track; nobody waits for the rest."""
        self._spoken.set()
        super().stop()

    async def recv(self) -> av.AudioFrame:
        """The next 20 ms, when they are due."""
        if self.readyState != "live":
            raise MediaStreamError
        now = time.monotonic()
        if self._started_at is None:
            self._started_at = now
        due = self._started_at + self._sent * FRAME_MS / 1000
        if due > now:
            await asyncio.sleep(due - now)
        pcm = self._frames.popleft() if self._frames else bytes(FRAME_BYTES)
        if not self._frames:
            self._spoken.set()
        self._recording.take_caller(pcm)
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(pcm, dtype=np.int16)[None, :], layout="mono"
        )
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self._sent * len(pcm) // 2
        frame.time_base = fractions.Fraction(1, SAMPLE_RATE)
        self._sent += 1
        return frame


class WebRTCPeer:
    """Calls the bot behind an offer URL."""

    def __init__(self, *, offer_url: str, request_data: dict[str, Any] | None = None) -> None:
        """`request_data` reaches the bot as the request's data."""
        self.recording = Recording()
        self._offer_url = offer_url
        self._request_data = request_data
        # No STUN server: both ends are on this machine or in one network.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._speech = SpeechTrack(self.recording)
        self._sound: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_QUEUED_FRAMES)
        self._messages: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(MAX_QUEUED_MESSAGES)
        self._tasks: list[asyncio.Task[None]] = []
        self._open = asyncio.Event()
        self._closed = False

    async def connect(self) -> None:
        """Offer, wait for the data channel, and say that the client is ready.

        Raises:
            CallerError: if the endpoint refuses, cannot be reached, or no connection comes about
                within `CONNECT_TIMEOUT_S`.
        """
        self._connection.addTrack(self._speech)
        channel = self._connection.createDataChannel("chat", ordered=True)
        channel.on("open", self._open.set)
        channel.on("message", self._take_message)
        self._connection.on("track", self._take_track)
        self._connection.on("connectionstatechange", self._watch_state)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._negotiate()
                await self._open.wait()
        except TimeoutError:
            await self.close()
            raise CallerError(
                f"no WebRTC connection to {self._offer_url} within {CONNECT_TIMEOUT_S:.0f} s; "
                "check that no firewall blocks UDP on this machine"
            ) from None
        except BaseException:
            await self.close()
            raise
        self.recording.start()
        self._channel = channel
        self._tasks.append(asyncio.create_task(self._ping(channel)))
        self.send(
            "client-ready",
            {"version": RTVI_VERSION, "about": {"library": "leadline-simulated-caller"}},
        )

    def send(self, kind: str, data: dict[str, Any]) -> None:
        """Send an RTVI message."""
        message = {"label": "rtvi-ai", "type": kind, "id": uuid.uuid4().hex[:8], "data": data}
        self._channel.send(json.dumps(message))

    async def play(self, pcm: bytes) -> None:
        """Say something; returns when its last sample has been sent."""
        self._speech.queue(pcm)
        await self._speech.spoken()

    async def sound(self) -> AsyncIterator[bytes]:
        """The bot's sound in frames of 20 ms."""
        while (frame := await self._sound.get()) is not None:
            yield frame

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """RTVI messages of the bot."""
        while (message := await self._messages.get()) is not None:
            yield message

    async def close(self) -> None:
        """Hang up."""
        if self._closed:
            return
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._speech.stop()
        self.recording.finish()
        put_latest(self._sound, None)
        put_latest(self._messages, None)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._connection.close(), timeout=5)

    async def _negotiate(self) -> None:
        await self._connection.setLocalDescription(await self._connection.createOffer())
        offer = self._connection.localDescription
        body = {"sdp": offer.sdp, "type": offer.type, "request_data": self._request_data}
        try:
            async with httpx.AsyncClient(timeout=CONNECT_TIMEOUT_S, trust_env=False) as client:
                response = await client.post(self._offer_url, json=body)
        except httpx.HTTPError as error:
            raise CallerError(f"{self._offer_url} cannot be reached: {error}") from error
        if response.is_error:
            raise CallerError(f"{self._offer_url} refused the call: {_reason(response)}")
        answer = response.json()
        await self._connection.setRemoteDescription(
            RTCSessionDescription(sdp=answer["sdp"], type=answer["type"])
        )

    def _take_track(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._tasks.append(asyncio.create_task(self._listen(track)))

    async def _listen(self, track: MediaStreamTrack) -> None:
        resampler = av.AudioResampler("s16", "mono", SAMPLE_RATE, frame_size=FRAME_BYTES // 2)
        with contextlib.suppress(MediaStreamError):
            while True:
                received = await track.recv()
                if not isinstance(received, av.AudioFrame):
                    continue
                for frame in resampler.resample(received):
                    pcm = frame.to_ndarray().astype(np.int16).tobytes()
                    self.recording.take_bot(pcm)
                    put_latest(self._sound, pcm)
        put_latest(self._sound, None)

    def _take_message(self, raw: str | bytes) -> None:
        try:
            message = json.loads(raw)
        except ValueError:
            return
        if not isinstance(message, dict):
            return
        if message.get("label") == "rtvi-ai":
            put_latest(self._messages, message)
        elif (message.get("message") or {}).get("type") == "peerLeft":
            self._hung_up()

    def _watch_state(self) -> None:
        if self._connection.connectionState in ("failed", "closed"):
            self._hung_up()

    def _hung_up(self) -> None:
        put_latest(self._sound, None)
        put_latest(self._messages, None)

    async def _ping(self, channel: Any) -> None:
        while True:
            if channel.readyState == "open":
                channel.send(f"ping: {int(time.time() * 1000)}")
            await asyncio.sleep(PING_INTERVAL_S)


def _reason(response: httpx.Response) -> str:
    try:
        detail = response.json()["detail"]
    except (ValueError, KeyError, TypeError):
        detail = response.text
    return str(detail)[:200] or f"HTTP {response.status_code}"
