"""A participant of a LiveKit room for tests: speaks in real time and hears what the bot says."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import numpy as np
from livekit import api, rtc

from tests.servers.livekit import LiveKitServer

Kind = Literal["standard", "agent"]
HEARING_RATE = 16_000
FRAME_MS = 10
LOUD_RMS = 200.0


class Participant:
    """One person in a room. `sample_rate` is the microphone's, in Hz."""

    def __init__(
        self, server: LiveKitServer, *, room: str, identity: str, sample_rate: int, kind: Kind
    ) -> None:
        self._kind = kind
        self._server = server
        self._room_name = room
        self._identity = identity
        self._sample_rate = sample_rate
        self._source = rtc.AudioSource(sample_rate, 1, queue_size_ms=200)
        self._streams: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self._loud = asyncio.Event()
        self.room = rtc.Room()
        self.joined_at = 0.0
        self.heard = bytearray()
        """All of the bot's sound, 16-bit mono at HEARING_RATE."""
        self.loud_at: list[float] = []
        """Moments (time.monotonic) at which a frame of the bot's sound was loud."""
        self.bot_turns: list[dict[str, Any]] = []
        """The transcript's turns of the bot (`TurnRecord`), each sent once it has been heard."""

    async def join(self) -> None:
        self.room.on("track_subscribed", self._on_track)
        self.room.on("data_received", self._on_data)
        grants = api.VideoGrants(room_join=True, room=self._room_name)
        token = (
            api.AccessToken(self._server.api_key, self._server.api_secret)
            .with_identity(self._identity)
            .with_kind(self._kind)
            .with_grants(grants)
            .to_jwt()
        )
        await self.room.connect(self._server.url, token)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await self.room.local_participant.publish_track(track, options)
        self.joined_at = time.monotonic()

    async def leave(self) -> None:
        for task in self._streams:
            task.cancel()
        await asyncio.gather(*self._streams, return_exceptions=True)
        await self.room.disconnect()
        await self._source.aclose()

    async def say(self, pcm: bytes, *, silence_s: float = 1.0) -> float:
        """Speak; returns the moment (time.monotonic) at which the last loud sample was sent."""
        step = self._sample_rate * FRAME_MS // 1000 * 2
        tail = bytes(int(self._sample_rate * silence_s) * 2)
        for start in range(0, len(pcm), step):
            await self._send(pcm[start : start + step].ljust(step, b"\0"))
        await self._source.wait_for_playout()
        ended_at = time.monotonic()
        for start in range(0, len(tail), step):
            await self._send(tail[start : start + step].ljust(step, b"\0"))
        return ended_at

    async def until(self, condition: Callable[[], bool], *, timeout_s: float = 20.0) -> None:
        """Wait until something is true of what was heard."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                self._news.clear()
                await self._news.wait()

    async def hears_reply(self, n: int, *, timeout_s: float = 60.0, pause_s: float = 0.8) -> None:
        """Wait until the bot's `n`-th turn, the greeting being the first, has been heard out.

        Sound alone does not tell: a bridge ("One moment.") is no answer, and a pause between
        sentences, or between one rung and the next, is not its end. The transcript does.

        Raises:
            TimeoutError: there is no such turn; the message has those that are there.
        """
        try:
            await self.until(lambda: len(self.bot_turns) >= n, timeout_s=timeout_s)
        except TimeoutError:
            said = [turn["heard_text"] for turn in self.bot_turns]
            raise TimeoutError(f"no reply {n} within {timeout_s} s; the bot said {said}") from None
        # The transcript is written as the sound leaves the bot; the network is still to come.
        await self.bot_is_silent(for_s=pause_s)

    async def bot_speaks(self, *, since: float, timeout_s: float = 20.0) -> float:
        """Wait for the bot's first sound after a moment; returns when that was."""
        await self.until(lambda: any(at > since for at in self.loud_at), timeout_s=timeout_s)
        return next(at for at in self.loud_at if at > since)

    async def bot_is_silent(self, *, for_s: float = 0.8, timeout_s: float = 40.0) -> None:
        """Wait until the bot has said something and then nothing for a while."""
        await self.until(lambda: bool(self.loud_at), timeout_s=timeout_s)
        async with asyncio.timeout(timeout_s):
            while (quiet_s := time.monotonic() - self.loud_at[-1]) < for_s:
                self._loud.clear()
                # A track without sound sends no frames: silence is the time-out itself.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._loud.wait(), for_s - quiet_s)

    async def _send(self, audio: bytes) -> None:
        await self._source.capture_frame(
            rtc.AudioFrame(audio, self._sample_rate, 1, len(audio) // 2)
        )

    def _on_track(self, track: rtc.Track, _publication: object, _participant: object) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self._streams.append(asyncio.ensure_future(self._hear(track)))

    def _on_data(self, packet: rtc.DataPacket) -> None:
        message = json.loads(packet.data)
        data = message.get("data") or {}
        if message.get("type") != "server-message" or data.get("type") != "leadline.turn":
            return
        if data["turn"]["role"] == "bot":
            self.bot_turns.append(data["turn"])
            self._news.set()

    async def _hear(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=HEARING_RATE, num_channels=1)
        try:
            async for event in stream:
                pcm = bytes(event.frame.data)
                samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32)
                if samples.size and float(np.sqrt(np.mean(samples * samples))) > LOUD_RMS:
                    self.loud_at.append(time.monotonic())
                    self._loud.set()
                self.heard.extend(pcm)
                self._news.set()
        finally:
            with contextlib.suppress(Exception):
                await stream.aclose()


@asynccontextmanager
async def participant(
    server: LiveKitServer,
    *,
    room: str,
    identity: str = "caller",
    sample_rate: int = 48_000,
    kind: Kind = "standard",
) -> AsyncIterator[Participant]:
    """A participant who has joined, and leaves in the end."""
    person = Participant(server, room=room, identity=identity, sample_rate=sample_rate, kind=kind)
    await person.join()
    try:
        yield person
    finally:
        await person.leave()
