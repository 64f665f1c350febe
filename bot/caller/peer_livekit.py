"""A caller in a LiveKit room: publishes a microphone, hears the first voice that is there."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from livekit import rtc

from bot.caller.peer import FRAME_BYTES, FRAME_MS, SAMPLE_RATE, CallerError, Recording, put_latest

CONNECT_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 5.0
MIC_QUEUE_MS = 100
MAX_QUEUED_FRAMES = 500
MAX_QUEUED_MESSAGES = 2000


class LiveKitPeer:
    """Joins a room with a token and waits there for the bot."""

    def __init__(self, *, url: str, token: str, bot_timeout_s: float = 30.0) -> None:
        """`bot_timeout_s`: how long to wait in the room for somebody with a voice."""
        self.recording = Recording()
        self._url = url
        self._token = token
        self._bot_timeout_s = bot_timeout_s
        self._room = rtc.Room()
        self._microphone = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=MIC_QUEUE_MS)
        self._frames: deque[bytes] = deque()
        self._spoken = asyncio.Event()
        self._voice_is_there = asyncio.Event()
        self._bot_identity: str | None = None
        self._sound: asyncio.Queue[bytes | None] = asyncio.Queue(MAX_QUEUED_FRAMES)
        self._messages: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(MAX_QUEUED_MESSAGES)
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    async def connect(self) -> None:
        """Join, publish the microphone, and wait for the bot's voice.

        Raises:
            CallerError: the server cannot be reached or refuses, or no bot came.
        """
        self._room.on("track_subscribed", self._take_track)
        self._room.on("participant_disconnected", self._take_leaver)
        self._room.on("disconnected", lambda *_: self._hung_up())
        self._room.on("data_received", self._take_data)
        try:
            await self._join()
            async with asyncio.timeout(self._bot_timeout_s):
                await self._voice_is_there.wait()
        except TimeoutError:
            await self.close()
            raise CallerError(
                f"no bot came into the room within {self._bot_timeout_s:.0f} s; "
                "start one with `leadline run ROOM`"
            ) from None
        except BaseException:
            await self.close()
            raise

    async def play(self, pcm: bytes) -> None:
        """Say something; returns when its last sample has been sent."""
        pcm += bytes(-len(pcm) % FRAME_BYTES)
        if not pcm or self._closed:
            return
        self._spoken.clear()
        self._frames.extend(pcm[i : i + FRAME_BYTES] for i in range(0, len(pcm), FRAME_BYTES))
        await self._spoken.wait()

    async def sound(self) -> AsyncIterator[bytes]:
        """The bot's sound in frames of 20 ms."""
        while (frame := await self._sound.get()) is not None:
            yield frame

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """RTVI messages of the bot."""
        while (message := await self._messages.get()) is not None:
            yield message

    async def close(self) -> None:
        """Leave the room."""
        if self._closed:
            return
        self._closed = True
        self._spoken.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.recording.finish()
        self._hung_up()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._room.disconnect(), CLOSE_TIMEOUT_S)
        await self._microphone.aclose()

    async def _join(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await self._room.connect(self._url, self._token)
                track = rtc.LocalAudioTrack.create_audio_track("microphone", self._microphone)
                options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
                await self._room.local_participant.publish_track(track, options)
        except TimeoutError:
            raise CallerError(
                f"LIVEKIT_URL: {self._url} did not answer within {CONNECT_TIMEOUT_S:.0f} s; "
                "is the server running?"
            ) from None
        except rtc.ConnectError as error:
            raise CallerError(
                f"the LiveKit server at {self._url} cannot be joined ({error}); check LIVEKIT_URL, "
                "LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
            ) from None
        self.recording.start()
        self._tasks.append(asyncio.create_task(self._send()))

    async def _send(self) -> None:
        """The microphone never stops; its queue paces this loop in real time."""
        samples = SAMPLE_RATE * FRAME_MS // 1000
        while True:
            pcm = self._frames.popleft() if self._frames else bytes(FRAME_BYTES)
            await self._microphone.capture_frame(rtc.AudioFrame(pcm, SAMPLE_RATE, 1, samples))
            self.recording.take_caller(pcm)
            if not self._frames:
                self._spoken.set()

    def _take_track(
        self, track: rtc.Track, _publication: object, participant: rtc.RemoteParticipant
    ) -> None:
        is_first = self._bot_identity in (None, participant.identity)
        if track.kind == rtc.TrackKind.KIND_AUDIO and is_first:
            self._bot_identity = participant.identity
            self._tasks.append(asyncio.ensure_future(self._listen(track)))

    async def _listen(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(
            track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=FRAME_MS
        )
        self._voice_is_there.set()
        try:
            async for event in stream:
                pcm = bytes(event.frame.data)
                self.recording.take_bot(pcm)
                put_latest(self._sound, pcm)
        finally:
            await stream.aclose()

    def _take_leaver(self, participant: rtc.RemoteParticipant) -> None:
        if participant.identity == self._bot_identity:
            self._hung_up()

    def _take_data(self, packet: rtc.DataPacket) -> None:
        try:
            message = json.loads(packet.data)
        except ValueError:
            return
        if isinstance(message, dict) and message.get("label") == "rtvi-ai":
            put_latest(self._messages, message)

    def _hung_up(self) -> None:
        put_latest(self._sound, None)
        put_latest(self._messages, None)
