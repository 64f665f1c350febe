"""A caller who stays in the room, and hears one bot after another."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from livekit import rtc

from bot.bench.faults.audio import AUDIBLE_RMS, FRAME_MS, Audible, audible
from bot.bench.faults.recording import AlignedRecording, places
from bot.caller.peer import FRAME_MS as PEER_FRAME_MS
from bot.caller.peer import SAMPLE_RATE
from bot.caller.peer_livekit import LiveKitPeer


@dataclass
class Voice:
    """One bot's track, as it arrived. Times are seconds of the recording."""

    sid: str
    since_s: float
    arrivals: list[tuple[float, bytes]] = field(default_factory=list)

    def heard(self) -> Audible:
        """For each 10 ms of the recording whether this bot was audible."""
        if not self.arrivals:
            return np.zeros(0, dtype=np.bool_)
        begins = places([at - self.since_s for at, _ in self.arrivals])
        size = SAMPLE_RATE * PEER_FRAME_MS // 1000
        samples = np.zeros(round(begins[-1] * SAMPLE_RATE) + size, dtype=np.int16)
        for begin_s, (_, frame) in zip(begins, self.arrivals, strict=True):
            begin = round(begin_s * SAMPLE_RATE)
            samples[begin : begin + size] = np.frombuffer(frame, dtype=np.int16)
        sound = audible(samples.tobytes(), SAMPLE_RATE)
        return np.concatenate((np.zeros(round(self.since_s * 1000 / FRAME_MS), np.bool_), sound))


class StayingCaller(LiveKitPeer):
    """Keeps each bot's sound apart, and what the bots say of the call."""

    def __init__(self, *, url: str, token: str) -> None:
        """As `LiveKitPeer`."""
        super().__init__(url=url, token=token)
        self.recording = AlignedRecording()
        self.voices: list[Voice] = []
        self.turns: list[dict[str, Any]] = []
        """The bots' finished turns, as `TurnRecord`."""
        self.lead: dict[str, dict[str, Any]] = {}
        self.agents_at_once = 0
        self._over: set[str] = set()
        self._loud_at = time.monotonic()
        self._loud_voice = -1
        self._news = asyncio.Event()

    async def connect(self) -> None:
        """As `LiveKitPeer`."""

        def over(track: rtc.Track, *_: object) -> None:
            # Its stream would go on with the next bot's sound, which comes on the same transceiver.
            self._over.add(track.sid)

        self._room.on("track_unsubscribed", over)
        await super().connect()

    async def until(self, condition: Callable[[], bool], *, within_s: float) -> bool:
        """Whether something came true in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        return condition()

    async def quiet(self, for_s: float) -> None:
        """Wait until no bot has been audible for so long."""
        # Silence is no event: it is the time in which none comes.
        while (rest_s := self._loud_at + for_s - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(rest_s)

    def is_loud(self, *, since: float) -> bool:
        """Whether the newest bot was audible after a moment (time.monotonic)."""
        return self._loud_at > since and self._loud_voice == len(self.voices) - 1

    def hush(self) -> None:
        """Break off what is being said."""
        self._frames.clear()

    @property
    def bots(self) -> list[str]:
        """Who of the room's participants is no person."""
        agent = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        return [p.sid for p in self._room.remote_participants.values() if p.kind == agent]

    def _take_track(
        self, track: rtc.Track, _publication: object, participant: rtc.RemoteParticipant
    ) -> None:
        if track.kind != rtc.TrackKind.KIND_AUDIO:
            return
        self.agents_at_once = max(self.agents_at_once, len(self.bots))
        self.voices.append(Voice(track.sid, self.recording.elapsed_s))
        self._tasks.append(asyncio.ensure_future(self._hear(track, len(self.voices) - 1)))

    async def _hear(self, track: rtc.Track, number: int) -> None:
        voice = self.voices[number]
        stream = rtc.AudioStream(
            track, sample_rate=SAMPLE_RATE, num_channels=1, frame_size_ms=PEER_FRAME_MS
        )
        self._voice_is_there.set()
        try:
            async for event in stream:
                if voice.sid in self._over:
                    continue
                pcm = bytes(event.frame.data)
                voice.arrivals.append((self.recording.elapsed_s, pcm))
                if number == len(self.voices) - 1:
                    self.recording.take_bot(pcm)
                samples = np.frombuffer(pcm, dtype=np.int16).astype(np.float32)
                if float(np.sqrt(np.mean(samples * samples))) > AUDIBLE_RMS:
                    self._loud_at, self._loud_voice = time.monotonic(), number
                    self._news.set()
        finally:
            await stream.aclose()

    def _take_leaver(self, participant: rtc.RemoteParticipant) -> None:
        """Somebody else will come."""
        self._news.set()

    def _take_data(self, packet: rtc.DataPacket) -> None:
        try:
            message = json.loads(packet.data).get("data") or {}
        except (ValueError, AttributeError):
            return
        if not isinstance(message, dict):
            return
        if message.get("type") == "leadline.turn" and message["turn"]["role"] == "bot":
            self.turns.append(message["turn"])
        elif message.get("type") == "leadline.lead":
            self.lead = message["lead"]
        self._news.set()
