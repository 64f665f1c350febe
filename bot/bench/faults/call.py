"""One call of the benchmark: a bot, a caller who keeps to the script, faults at its exchanges."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import numpy as np

from bot.bench.faults.audio import AUDIBLE_RMS
from bot.bench.faults.conversation import PLAYBOOK
from bot.bench.faults.matrix import FIRST_ANSWER_AT, SCRIPT, CallPlan, Injection
from bot.bench.faults.recording import AlignedRecording
from bot.bench.faults.rig import Rig
from bot.call import Call
from bot.caller.peer import SAMPLE_RATE, CallerError, Recording
from bot.caller.peer_livekit import LiveKitPeer
from bot.config import Settings
from bot.playbooks import load_playbook
from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord
from bot.transports import BOT_IDENTITY_PREFIX, livekit_line, livekit_token

if TYPE_CHECKING:
    from tests.emulators.faults import Fault

ANSWER_WITHIN_S: Final = 25.0
"""An utterance that has no reply by then counts as not answered, and the caller hangs up."""
QUIET_S: Final = 1.0
"""After a reply is in the transcript: when the caller goes on."""
END_WITHIN_S: Final = 20.0
BYTES_PER_SAMPLE: Final = 2
LAG_INTERVAL_S: Final = 0.05


class Watcher:
    """A `CallListener` that lets the caller wait for the bot's turns."""

    def __init__(self) -> None:
        """Nothing has been said yet."""
        self.turns: list[TurnRecord] = []
        self.lead: LeadRecord | None = None
        self._news = asyncio.Event()

    @property
    def replies(self) -> list[TurnRecord]:
        """The bot's turns so far."""
        return [turn for turn in self.turns if turn.role == "bot"]

    async def until(self, condition: Callable[[], bool], *, within_s: float) -> bool:
        """Whether something came true in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while not condition():
                    self._news.clear()
                    await self._news.wait()
        return condition()

    def call_started(self, call_id: str) -> None:
        """The caller is there."""

    def call_ended(self, call: CallRecord) -> None:
        """The call is over."""

    def lead_changed(self, lead: LeadRecord) -> None:
        """Keep the newest."""
        self.lead = lead
        self._news.set()

    def turn_ended(self, turn: TurnRecord) -> None:
        """Keep the turn, in its newest form."""
        self.turns = [each for each in self.turns if each.n != turn.n] + [turn]
        self._news.set()

    def latency_measured(self, latency: TurnLatency) -> None:
        """The recording tells better."""


@dataclass
class Exchange:
    """What happened between the caller's beginning to speak and their next utterance."""

    number: int
    from_s: float
    to_s: float
    answered: bool
    bot_turns: list[TurnRecord]
    caller_turns: list[TurnRecord]
    struck: int = 0
    """How many requests the fault has hit."""


@dataclass
class HeldCall:
    """A call that is over. Times are seconds of the recording."""

    plan: CallPlan
    recording: Recording
    exchanges: list[Exchange] = field(default_factory=list)
    lead: dict[str, dict[str, Any]] = field(default_factory=dict)
    lag_s: float = 0.0
    """The longest time for which the event loop did not get round to anything."""
    broke: str = ""
    """Why the call did not come to its end, if it did not."""


async def hold(
    plan: CallPlan, *, rig: Rig, settings: Settings, speech: Callable[[str], bytes]
) -> HeldCall:
    """Hold one call. `speech`: text to 16-bit mono PCM at the peer's rate."""
    room, watcher = f"faults-{uuid4().hex[:8]}", Watcher()
    dice = random.Random(plan.seed)  # noqa: S311 - where a fault strikes, not a secret
    faults = _strike(plan.injections.get(0), rig, dice)
    call = _call(settings, rig, room, watcher)
    running = asyncio.create_task(call.run(), name=room)
    peer = LiveKitPeer(
        url=rig.livekit_url,
        token=livekit_token(settings, room=room, identity="caller", name="Caller"),
    )
    peer.recording = AlignedRecording()
    held = HeldCall(plan, peer.recording)
    watching = asyncio.create_task(_watch_the_lag(held), name="lag")
    try:
        await peer.connect()
        ears = _Ears(peer)
        try:
            await _talk(held, peer, ears, watcher, rig=rig, dice=dice, speech=speech, faults=faults)
        finally:
            await ears.close()
    except CallerError as error:
        held.broke = str(error)
    finally:
        rig.clear()
        watching.cancel()
        await peer.close()
        held.broke = held.broke or await _end(call, running)
    if watcher.lead:
        held.lead = watcher.lead.fields
    return held


async def _talk(
    held: HeldCall,
    peer: LiveKitPeer,
    ears: _Ears,
    watcher: Watcher,
    *,
    rig: Rig,
    dice: random.Random,
    speech: Callable[[str], bytes],
    faults: list[Fault],
) -> None:
    for number in range(held.plan.exchanges + 1):
        if number > FIRST_ANSWER_AT:
            rig.clear()
            faults = []
        from_s, before = peer.recording.elapsed_s, list(watcher.turns)
        if number == 0:
            from_s = 0.0
        else:
            utterance = SCRIPT[number - 1]
            pcm = speech(utterance.spoken)
            rig.will_hear(utterance.written, spoken_s=len(pcm) / BYTES_PER_SAMPLE / SAMPLE_RATE)
            injection = held.plan.injections.get(number)
            faults = _strike(injection, rig, dice) or faults
            await peer.play(pcm)
        known = {turn.n for turn in before}
        answered = await watcher.until(
            partial(is_answered, watcher, known, spoken=number > 0), within_s=ANSWER_WITHIN_S
        )
        await ears.quiet(QUIET_S)
        new = [turn for turn in watcher.turns if turn.n not in known]
        held.exchanges.append(
            Exchange(
                number=number,
                from_s=from_s,
                to_s=peer.recording.elapsed_s,
                answered=answered,
                bot_turns=[turn for turn in new if turn.role == "bot"],
                caller_turns=[turn for turn in new if turn.role == "caller"],
                struck=sum(fault.struck for fault in faults),
            )
        )
        if not answered:
            held.broke = f"no reply within {ANSWER_WITHIN_S:.0f} s at exchange {number}"
            return


def is_answered(watcher: Watcher, known: Collection[int], *, spoken: bool) -> bool:
    """Whether the bot has said something new, and after what the caller said: a question whether
    they are still there is no answer."""
    new = [turn for turn in watcher.turns if turn.n not in known]
    replies = [turn.n for turn in new if turn.role == "bot"]
    if not spoken:
        return bool(replies)
    return any(max(replies, default=0) > turn.n for turn in new if turn.role == "caller")


async def _watch_the_lag(held: HeldCall) -> None:
    while True:
        due_at = time.monotonic() + LAG_INTERVAL_S
        await asyncio.sleep(LAG_INTERVAL_S)
        held.lag_s = max(held.lag_s, time.monotonic() - due_at)


def _strike(injection: Injection | None, rig: Rig, dice: random.Random) -> list[Fault]:
    return rig.strike(injection, dice) if injection else []


def _call(settings: Settings, rig: Rig, room: str, watcher: Watcher) -> Call:
    token = livekit_token(
        settings,
        room=room,
        identity=f"{BOT_IDENTITY_PREFIX}{uuid4().hex[:8]}",
        name="Leadline",
        agent=True,
    )
    return Call(
        settings=settings,
        playbook=load_playbook(PLAYBOOK),
        line=livekit_line(url=rig.livekit_url, token=token, room=room),
        room=room,
        store=None,
        listeners=[watcher],
    )


async def _end(call: Call, running: asyncio.Task[CallRecord]) -> str:
    """Why the bot did not end by itself with the caller; empty if it did."""
    done, _ = await asyncio.wait({running}, timeout=END_WITHIN_S)
    if not done:
        await call.hang_up("drained")
        await asyncio.wait({running}, timeout=END_WITHIN_S)
        return "the bot did not leave after the caller"
    if running.cancelled():
        return "the call was cancelled"
    error = running.exception()
    return f"{type(error).__name__}: {error}" if error else ""


class _Ears:
    """Knows when the bot was last audible."""

    def __init__(self, peer: LiveKitPeer) -> None:
        self._loud_at = time.monotonic()
        self._task = asyncio.create_task(self._listen(peer), name="ears")

    async def quiet(self, for_s: float) -> None:
        """Wait until nothing has been audible for so long."""
        # Silence is no event: it is the time in which none comes.
        while (rest_s := self._loud_at + for_s - time.monotonic()) > 0:  # noqa: ASYNC110
            await asyncio.sleep(rest_s)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self, peer: LiveKitPeer) -> None:
        async for frame in peer.sound():
            samples = np.frombuffer(frame, dtype=np.int16).astype(np.float32)
            if float(np.sqrt(np.mean(samples * samples))) > AUDIBLE_RMS:
                self._loud_at = time.monotonic()
