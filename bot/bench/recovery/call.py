"""One call of the benchmark: a caller who answers what is asked, and bots that are killed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from loguru import logger

from bot.bench.faults.rig import Rig
from bot.bench.recovery.caller import StayingCaller
from bot.bench.recovery.fleet import Fleet
from bot.bench.recovery.plan import CallPlan, Phase, Target
from bot.caller.peer import SAMPLE_RATE, CallerError
from bot.caller.persona import Persona
from bot.caller.simulated import SimulatedCaller
from bot.caller.understanding import Request, Wish, understand
from bot.config import Settings
from bot.errors import LeadlineError
from bot.fleet.dispatch import Dispatcher
from bot.fleet.rooms import LiveKitRooms
from bot.records import CallRecord, LeadRecord
from bot.storage.errors import StorageError
from bot.storage.leases import Leases
from bot.storage.store import Store
from bot.transports import livekit_token

ANSWER_WITHIN_S: Final = 25.0
QUIET_S: Final = 0.7
"""After a reply of the bot is in the transcript: when the caller goes on."""
HUSH_AFTER_S: Final = 0.4
"""A caller whom the bot talks over breaks off."""
WRITTEN_WITHIN_S: Final = 20.0
MOST_EXCHANGES: Final = 25
BYTES_PER_SAMPLE: Final = 2

Fields = dict[str, dict[str, Any]]
SETTLED: Final = frozenset({"validated", "confirmed", "refused"})


@dataclass
class Kill:
    """One kill, at a second of the recording, and what the next bot said first."""

    phase: Phase
    exchange: int
    at_s: float
    settled: Fields
    """Of the lead, as the caller's side was told before: what must not be lost or asked again."""
    first_words: str = ""
    request: Request | None = None
    later: list[Request] = field(default_factory=list)
    """What all bots asked from then on."""


@dataclass
class HeldCall:
    """A call that is over."""

    plan: CallPlan
    call_id: str
    caller: StayingCaller
    kills: list[Kill] = field(default_factory=list)
    story: list[str] = field(default_factory=list)
    record: CallRecord | None = None
    lead: LeadRecord | None = None
    left_behind: list[str] = field(default_factory=list)
    broke: str = ""


@dataclass(frozen=True)
class Scene:
    """What all calls of a run share."""

    target: Target
    rig: Rig
    fleet: Fleet
    settings: Settings
    store: Store
    leases: Leases
    rooms: LiveKitRooms
    dispatcher: Dispatcher
    persona: Persona
    speech: Callable[[str], bytes]


class _OneCall:
    def __init__(self, plan: CallPlan, scene: Scene) -> None:
        self._plan, self._scene = plan, scene
        self._dice = random.Random(plan.seed)  # noqa: S311 - when a kill strikes, not a secret
        self._room = f"recovery-{uuid4().hex[:8]}"
        token = livekit_token(scene.settings, room=self._room, identity="caller", name="Caller")
        self._caller = StayingCaller(url=scene.rig.livekit_url, token=token)
        self._person = SimulatedCaller(persona=scene.persona, peer=self._caller)
        self.held = HeldCall(plan, uuid4().hex, self._caller)
        self._pids: list[int] = []
        self._taken = 0

    async def hold(self) -> HeldCall:
        held = self.held
        try:
            await asyncio.gather(
                self._caller.connect(),
                self._scene.dispatcher.dispatch(self._room, call_id=held.call_id),
            )
            await self._talk()
            if self._plan.last_exchange is not None:
                await self._caller.close()
            await self._wait_for_the_record()
        except (CallerError, LeadlineError) as error:
            held.broke = held.broke or str(error)
        finally:
            await self._caller.close()
        await self._look_what_is_left()
        return held

    async def _talk(self) -> None:
        heard_before = ""
        for exchange in range(1, MOST_EXCHANGES):
            text = await self._next_words()
            if text is None:
                self.held.broke = f"no word within {ANSWER_WITHIN_S:.0f} s at exchange {exchange}"
                return
            request = understand(f"{heard_before} {text}".strip())
            self._note_the_request(text, request)
            if request.wish is Wish.GOODBYE:
                if self._plan.ending:
                    await asyncio.sleep(self._dice.uniform(0.0, 0.4))
                    self._kill(Phase.ENDING, exchange)
                return
            reply = self._person.reply_to(text, request)
            if reply is None:
                heard_before = text
                continue
            heard_before = ""
            if exchange == self._plan.last_exchange:
                return
            await self._exchange(exchange, request, reply)
        self.held.broke = f"the call had no end after {MOST_EXCHANGES} exchanges"

    async def _exchange(self, exchange: int, request: Request, reply: str) -> None:
        phase = self._plan.kills.get(exchange)
        reads_back = request.topic == "email" and request.wish is Wish.ANSWER
        if phase is None and self._plan.readback and reads_back and not self._was(Phase.READBACK):
            phase = Phase.READBACK
        if phase is Phase.LISTENING:
            await asyncio.sleep(self._dice.uniform(0.1, 1.2))
            self._kill(phase, exchange)
            return
        self.held.story.append(f"{self._caller.recording.elapsed_s:7.2f} caller: {reply}")
        pcm = self._scene.speech(reply)
        spoken_s = len(pcm) / BYTES_PER_SAMPLE / SAMPLE_RATE
        self._scene.rig.will_hear(reply, spoken_s=spoken_s)
        if phase is Phase.CALLER:
            await self._speak_on(pcm, exchange, after_s=spoken_s * self._dice.uniform(0.2, 0.9))
            return
        await self._caller.play(pcm)
        ended_at = time.monotonic()
        if phase is Phase.THINKING:
            await asyncio.sleep(self._dice.uniform(0.05, 0.6))
            self._kill(phase, exchange)
        elif phase in (Phase.SPEAKING, Phase.READBACK):
            await self._caller.until(
                lambda: self._caller.is_loud(since=ended_at), within_s=ANSWER_WITHIN_S
            )
            await asyncio.sleep(self._dice.uniform(0.2, 2.0))
            self._kill(phase, exchange)

    async def _speak_on(self, pcm: bytes, exchange: int, *, after_s: float) -> None:
        """Killed in the middle of an answer: the caller goes on until somebody else talks."""
        speaking = asyncio.create_task(self._caller.play(pcm), name="answer")
        await asyncio.sleep(after_s)
        self._kill(Phase.CALLER, exchange)
        killed_at = time.monotonic()
        await self._caller.until(
            lambda: speaking.done() or self._caller.is_loud(since=killed_at + 0.3),
            within_s=after_s + ANSWER_WITHIN_S,
        )
        if not speaking.done():
            await asyncio.sleep(HUSH_AFTER_S)
            self._caller.hush()
        await speaking

    def _was(self, phase: Phase) -> bool:
        return any(kill.phase is phase for kill in self.held.kills)

    def _kill(self, phase: Phase, exchange: int) -> None:
        at_s = self._caller.recording.elapsed_s
        self._pids.append(self._scene.fleet.kill(self.held.call_id, self._scene.target))
        settled = {
            key: dict(value)
            for key, value in self._caller.lead.items()
            if value["status"] in SETTLED
        }
        self.held.kills.append(Kill(phase, exchange, at_s, settled))
        self.held.story.append(f"{at_s:7.2f} KILLED ({phase})")

    async def _next_words(self) -> str | None:
        """What the bots have said since the caller last spoke; None: nothing."""
        caller = self._caller
        if not await caller.until(
            lambda: len(caller.turns) > self._taken, within_s=ANSWER_WITHIN_S
        ):
            return None
        await caller.quiet(QUIET_S)
        turns, self._taken = caller.turns[self._taken :], len(caller.turns)
        # A turn may come again with more of its words.
        return " ".join({turn["n"]: turn["heard_text"] for turn in turns}.values())

    def _note_the_request(self, text: str, request: Request) -> None:
        self.held.story.append(f"{self._caller.recording.elapsed_s:7.2f} bot: {text}")
        for kill in self.held.kills:
            if kill.request is None:
                kill.first_words, kill.request = text, request
            kill.later.append(request)

    # --- afterwards -----------------------------------------------------------------------------

    async def _wait_for_the_record(self) -> None:
        """Whoever listens to a goodbye stays until the call is written down."""
        for _ in range(round(WRITTEN_WITHIN_S / 0.1)):
            await self._load()
            if self.held.record is not None and self.held.record.ended_at is not None:
                return
            await asyncio.sleep(0.1)
        self.held.broke = f"the call was not written down within {WRITTEN_WITHIN_S:.0f} s"

    async def _load(self) -> None:
        try:
            self.held.record = await self._scene.store.call(self.held.call_id)
            self.held.lead = await self._scene.store.lead(self.held.record.lead_id)
        except StorageError as error:
            logger.debug("The call's record is not there yet: {}", error)

    async def _look_what_is_left(self) -> None:
        """No process, no participant, no lease."""
        scene, held = self._scene, self.held
        pids = {*self._pids, *scene.fleet.holders(held.call_id)}
        if not await scene.fleet.is_rid_of(list(pids)):
            held.left_behind.append("a process")
        if await scene.leases.holder(held.call_id) is not None:
            held.left_behind.append("a lease")
        if await scene.rooms.callers(self._room):
            held.left_behind.append("a caller in the room")


async def hold(plan: CallPlan, scene: Scene) -> HeldCall:
    """Hold one call to its end, or to where it breaks."""
    return await _OneCall(plan, scene).hold()


def save(held: HeldCall, folder: Path, log: str) -> None:
    """Keep a call for whoever wants to hear it."""
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"call-{held.plan.number:03}"
    held.caller.recording.save(stem.with_suffix(".wav"))
    voices = [f"voice {voice.sid} since {voice.since_s:.2f} s" for voice in held.caller.voices]
    stem.with_suffix(".log").write_text("\n".join([*held.story, *voices, "", log]), "utf-8")
