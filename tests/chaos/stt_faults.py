"""What can go wrong with the hosted recogniser in a call, and a call that suffers it.

`FAULTS` is the whole matrix, for a benchmark to run as often as it likes; the tests run a sample.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Literal

from livekit import api, rtc

from bot.records import CallRecord
from bot.services.local import recognise
from bot.warmup import warm_up
from tests.chaos.conversation import SAID as SAID_AT
from tests.chaos.conversation import Moment, statuses, without_a_fault
from tests.e2e.conftest import StartBot
from tests.e2e.participant import participant
from tests.emulators.endpointing import Segment
from tests.emulators.faults import Fault, FaultKind, Point
from tests.emulators.recognition import Recogniser, ScriptedRecogniser
from tests.emulators.rig import ProviderRig
from tests.servers.livekit import LiveKitServer

Speech = Callable[[str, int], bytes]
RATE = 48_000

SAID = {
    "My name is Jane Doe.": ("my", "name", "is"),
    "I work at Acme Robotics.": ("i", "work", "at", "robotics"),
}
"""Each utterance, and those of its words that any recogniser gets right."""

_ADDRESS, _YES = SAID_AT[Moment.READBACK]
SAID_TO_A_READBACK = {_ADDRESS: (), _YES: ("yes", "that", "is", "right")}
"""The first comes from a script: no small recogniser gets a spelt address right each time."""


class ListeningRecogniser:
    """Deepgram's emulator really recognises: a script could not tell words lost from words kept."""

    async def interim(self, segment: Segment) -> str:
        """No interims: they would only cost time."""
        return ""

    async def final(self, segment: Segment) -> str:
        """What was said."""
        return await asyncio.to_thread(recognise, bytes(segment.pcm), segment.sample_rate)


When = Literal["at start", "in an answer", "in a read-back"]

AT_CONNECT = (
    FaultKind.REFUSE,
    FaultKind.UNAUTHORIZED,
    FaultKind.RATE_LIMITED,
    FaultKind.SERVER_ERROR,
)
"""What a provider says to a new connection; in a call, to the one that follows a broken one."""

IN_ANSWER = (
    FaultKind.STALL_BEFORE_FIRST,
    FaultKind.STALL_MIDWAY,
    FaultKind.CLOSE_MIDWAY,
    FaultKind.EMPTY,
    FaultKind.SLOW,
    FaultKind.GARBAGE,
)
NEVER_CONNECTS = (
    FaultKind.STALL_BEFORE_FIRST,
    FaultKind.EMPTY,
    FaultKind.GARBAGE,
    FaultKind.SLOW,
)
"""Of these the connection itself is slow, silent or no WebSocket, if they strike at the start."""


@dataclass(frozen=True)
class SttFault:
    """A misbehaviour of Deepgram, and from when on."""

    name: str
    when: When
    kind: FaultKind
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def said(self) -> dict[str, tuple[str, ...]]:
        """What the caller says in the call, and which words of it must be heard."""
        return SAID_TO_A_READBACK if self.when == "in a read-back" else SAID

    @property
    def strikes_utterance(self) -> int:
        """The first utterance that suffers, from 0."""
        return 1 if self.when == "in a read-back" else 0

    def recogniser(self) -> Recogniser:
        """Deepgram's ears in this call."""
        if self.when == "in a read-back":
            return ScriptedRecogniser(self.said)
        return ListeningRecogniser()

    def inject(self, providers: ProviderRig) -> Fault:
        """Let it happen, from the utterance on that it is to strike."""
        faults = providers.deepgram.faults
        after = self.strikes_utterance
        if self.when != "at start" and self.kind in AT_CONNECT:
            faults.inject(FaultKind.CLOSE_MIDWAY, after=after, abrupt=True)
            return faults.inject(self.kind, times=None)
        return faults.inject(self.kind, after=after, **self.options)


def _at_start(kind: FaultKind) -> SttFault:
    options: dict[str, Any] = {"times": None}
    if kind in NEVER_CONNECTS:
        options["point"] = Point.CONNECT
    return SttFault(f"{kind} at start", "at start", kind, options)


def _in_the_call(when: When) -> list[SttFault]:
    reset = {"abrupt": True}
    return [
        *(SttFault(f"{kind} {when}", when, kind) for kind in (*AT_CONNECT, *IN_ANSWER)),
        SttFault(f"reset {when}", when, FaultKind.CLOSE_MIDWAY, reset),
    ]


FAULTS = [
    *(_at_start(kind) for kind in (*AT_CONNECT, *IN_ANSWER)),
    *_in_the_call("in an answer"),
    *_in_the_call("in a read-back"),
]


async def bot_is_there(server: LiveKitServer, room: str) -> None:
    """Wait until the bot is in the room, as one whom nobody in it sees."""
    grants = api.VideoGrants(room_join=True, room=room, hidden=True, can_publish=False)
    token = api.AccessToken(server.api_key, server.api_secret).with_identity("observer")
    observer, has_arrived = rtc.Room(), asyncio.Event()
    observer.on("participant_connected", lambda _: has_arrived.set())
    await observer.connect(server.url, token.with_grants(grants).to_jwt())
    try:
        if not observer.remote_participants:
            await asyncio.wait_for(has_arrived.wait(), 20)
    finally:
        await observer.disconnect()


@dataclass(frozen=True)
class Survived:
    """How the call went. Times in seconds."""

    record: CallRecord
    held_at_greeting: int
    """How many stalled requests were still being waited for when the greeting was heard."""
    answers_after_s: list[float]
    """From the end of each utterance to the bot's first sound, an answer or a bridge."""
    lead: dict[str, Any]
    """Each field's value and status."""
    lead_due: dict[str, Any]
    """The same without a fault, of what was said."""


async def suffer(
    fault: SttFault,
    *,
    start_bot: StartBot,
    providers: ProviderRig,
    livekit_server: LiveKitServer,
    speech: Speech,
) -> Survived:
    """One call of two utterances with the fault in it."""
    providers.deepgram.recogniser = fault.recogniser()
    audio = [speech(sentence, RATE) for sentence in fault.said]
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
        if fault.when != "at start":
            fault.inject(providers)
        for n, pcm in enumerate(audio, start=1):
            ended_at = await caller.say(pcm)
            answered_at = await caller.bot_speaks(since=ended_at)
            answers_after_s.append(answered_at - ended_at)
            await caller.hears_reply(n + 1)
        await caller.leave()
        record = await bot.record()
        lead = bot.call._conversation.lead_document()
    heard = [turn.text for turn in record.turns if turn.role == "caller"]
    due, _ = without_a_fault(heard)
    return Survived(
        record,
        held_at_greeting,
        answers_after_s,
        lead=statuses(lead),
        lead_due=statuses(due.lead_document()),
    )
