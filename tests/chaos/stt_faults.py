"""What can go wrong with the hosted recogniser in a call, and a call that suffers it.

`FAULTS` is the whole matrix, for a benchmark to run as often as it likes; the tests run a sample.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from livekit import api

from bot.records import CallRecord
from bot.services.local import recognise
from bot.warmup import warm_up
from tests.e2e.conftest import StartBot
from tests.e2e.participant import participant
from tests.emulators.endpointing import Segment
from tests.emulators.faults import Fault, FaultKind, Point
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

Speech = Callable[[str, int], bytes]
RATE = 48_000

SAID = {
    "My name is Jane Doe.": ("my", "name", "is"),
    "I work at Acme Robotics.": ("i", "work", "at", "robotics"),
}
"""Each utterance, and those of its words that any recogniser gets right."""


class ListeningRecogniser:
    """Deepgram's emulator really recognises: a script could not tell words lost from words kept."""

    async def interim(self, segment: Segment) -> str:
        """No interims: they would only cost time."""
        return ""

    async def final(self, segment: Segment) -> str:
        """What was said."""
        return await asyncio.to_thread(recognise, bytes(segment.pcm), segment.sample_rate)


@dataclass(frozen=True)
class SttFault:
    """A misbehaviour of Deepgram, and from when on."""

    name: str
    when: Literal["at start", "in an answer"]
    kind: FaultKind
    options: dict[str, Any] = field(default_factory=dict)

    def inject(self, providers: ProviderRig) -> Fault:
        """Let it happen from now on."""
        return providers.deepgram.faults.inject(self.kind, **self.options)


_ALWAYS: dict[str, Any] = {"times": None}
_AT_CONNECT: dict[str, Any] = {"times": None, "point": Point.CONNECT}

FAULTS = [
    *(
        SttFault(f"{kind} at start", "at start", kind, _ALWAYS)
        for kind in (
            FaultKind.REFUSE,
            FaultKind.UNAUTHORIZED,
            FaultKind.RATE_LIMITED,
            FaultKind.SERVER_ERROR,
        )
    ),
    *(
        SttFault(f"{kind} at start", "at start", kind, _AT_CONNECT)
        for kind in (FaultKind.STALL_BEFORE_FIRST, FaultKind.EMPTY, FaultKind.GARBAGE)
    ),
    SttFault("slow at start", "at start", FaultKind.SLOW, _AT_CONNECT),
    *(
        SttFault(f"{kind} in an answer", "in an answer", kind, {"times": 1})
        for kind in (
            FaultKind.STALL_BEFORE_FIRST,
            FaultKind.STALL_MIDWAY,
            FaultKind.CLOSE_MIDWAY,
            FaultKind.EMPTY,
            FaultKind.SLOW,
            FaultKind.GARBAGE,
        )
    ),
    SttFault(
        "reset in an answer", "in an answer", FaultKind.CLOSE_MIDWAY, {"times": 1, "abrupt": True}
    ),
]


async def bot_is_there(server: LiveKitServer, room: str) -> None:
    """Wait until the bot is in the room."""
    async with api.LiveKitAPI(server.url, server.api_key, server.api_secret) as livekit:
        async with asyncio.timeout(20):
            while True:
                with suppress(api.TwirpError):  # the room is made with its first participant
                    listed = await livekit.room.list_participants(
                        api.ListParticipantsRequest(room=room)
                    )
                    if listed.participants:
                        return
                await asyncio.sleep(0.05)


@dataclass(frozen=True)
class Survived:
    """How the call went. Times in seconds."""

    record: CallRecord
    held_at_greeting: int
    """How many stalled requests were still being waited for when the greeting was heard."""
    answers_after_s: list[float]
    """From the end of each utterance to the bot's first sound, an answer or a bridge."""


async def suffer(
    fault: SttFault,
    *,
    start_bot: StartBot,
    providers: ProviderRig,
    livekit_server: LiveKitServer,
    speech: Speech,
) -> Survived:
    """One call of two utterances with the fault in it."""
    providers.deepgram.recogniser = ListeningRecogniser()
    audio = [speech(sentence, RATE) for sentence in SAID]
    injected = fault.inject(providers) if fault.when == "at start" else None
    answers_after_s = []
    async with start_bot(**providers.env()) as bot, AsyncExitStack() as stack:
        # As a worker does before it takes a call.
        await asyncio.to_thread(warm_up, bot.settings)
        await bot_is_there(livekit_server, bot.room)
        caller = await stack.enter_async_context(participant(livekit_server, room=bot.room))
        await caller.bot_speaks(since=caller.joined_at)
        held_at_greeting = injected.holding if injected else 0
        await caller.hears_reply(1)
        if fault.when == "in an answer":
            fault.inject(providers)
        for n, pcm in enumerate(audio, start=1):
            ended_at = await caller.say(pcm)
            answered_at = await caller.bot_speaks(since=ended_at)
            answers_after_s.append(answered_at - ended_at)
            await caller.hears_reply(n + 1)
        await caller.leave()
        record = await bot.record()
    return Survived(record, held_at_greeting, answers_after_s)
