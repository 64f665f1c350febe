"""One run: the calls with their kills, one after the other, and the figures."""

from __future__ import annotations

import asyncio
import math
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bot.bench.faults.rig import rig
from bot.bench.faults.statistics import Spread, spread
from bot.bench.recovery.call import Scene, hold, save
from bot.bench.recovery.fleet import Fleet, fleet
from bot.bench.recovery.outcome import Outcome, outcomes
from bot.bench.recovery.plan import CallPlan, Phase, Target, deal
from bot.bench.recovery.voices import kept
from bot.caller.peer import SAMPLE_RATE
from bot.caller.persona import DEFAULT_PERSONA, Persona, load_persona
from bot.caller.understanding import Wish, understand
from bot.config import load_settings
from bot.fleet.front_desk import FrontDesk
from bot.fleet.rooms import LiveKitRooms
from bot.playbooks import load_playbook
from bot.storage.live import LiveState
from bot.storage.store import Store
from flows.conversation import Conversation

WORKERS: Final = {Target.JOB: 1, Target.WORKER: 2}
PLAYBOOK: Final = "b2b-software"
MOST_TURNS: Final = 30

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """The kills of one phase, or all. Seconds from the kill to the next bot's first sound."""

    phase: str
    kills: int
    survived: int
    audible: Spread


@dataclass
class Report:
    """A run's figures."""

    target: Target
    seed: int
    calls: int
    rows: list[Row]
    total: Row
    left_behind: list[str]
    """Processes that outlived the workers."""
    outcomes: list[Outcome] = field(default_factory=list)


async def run(
    *,
    kills: int,
    target: Target,
    phases: Sequence[Phase],
    seed: int,
    keep: Path | None = None,
    within_s: float = math.inf,
    progress: Progress = lambda _: None,
) -> Report:
    """Hold the calls.

    Args:
        kills: how many bots are killed.
        target: the call's process, or the worker with all its processes.
        phases: where in a turn; they take turns.
        seed: of the order, and of when exactly.
        keep: takes the recording and the story of each call.
        within_s: begin no call after so many seconds.
        progress: told one line for each kill.

    Raises:
        LeadlineError: a server or the emulators are not there, or a worker does not start.
    """
    # Told to go, it takes its servers and workers along.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _canceller())
    plans = deal(phases, kills=kills, target=target, seed=seed)
    found: list[Outcome] = []
    held_calls = 0
    began_at = time.monotonic()
    with TemporaryDirectory(prefix="leadline-recovery-") as folder:
        async with _scene(target, Path(folder)) as (scene, workers):
            for plan in plans:
                await workers.grow_to(WORKERS[target])
                progress(f"{time.monotonic() - began_at:.0f} s: call {plan.number} begins")
                if time.monotonic() - began_at > within_s:
                    progress(f"the time is up: {len(plans) - plan.number + 1} calls are not held")
                    break
                held = await hold(plan, scene)
                held_calls += 1
                judged = await asyncio.to_thread(outcomes, held)
                found += judged
                for outcome in judged:
                    progress(_line(plan, len(plans), outcome))
                if not judged:
                    progress(f"call {plan.number}/{len(plans)}: nobody was killed: {held.broke}")
                if keep:
                    await asyncio.to_thread(save, held, keep, workers.logs)
            left = [f"process {pid}" for pid in await workers.stop()]
    return Report(
        target=target,
        seed=seed,
        calls=held_calls,
        rows=[
            row(phase, [each for each in found if each.phase is phase])
            for phase in phases
            if any(each.phase is phase for each in found)
        ],
        total=row("all", found),
        left_behind=left,
        outcomes=found,
    )


def _canceller() -> Callable[[], object]:
    task = asyncio.current_task()
    return task.cancel if task is not None else lambda: None


def row(phase: str, found: Sequence[Outcome]) -> Row:
    """The figures of some kills."""
    audible = [
        each.audible_s
        for each in found
        if each.audible_s is not None and each.phase is not Phase.ENDING
    ]
    return Row(str(phase), len(found), sum(each.survived for each in found), spread(audible))


@asynccontextmanager
async def _scene(target: Target, folder: Path) -> AsyncIterator[tuple[Scene, Fleet]]:
    from bot.services.local import Voice, preload

    persona = load_persona(DEFAULT_PERSONA)
    voices = cache_folder() / "voices"
    hosted = kept(Voice(pitch=1.06, noise_scale=0.0, noise_width=0.0), voices)
    caller = kept(Voice(pitch=persona.speaker.pitch, noise_scale=0.0, noise_width=0.0), voices)
    await asyncio.to_thread(preload)
    said, asked = lines(persona)
    async with AsyncExitStack() as stack:
        providers = await stack.enter_async_context(rig(asked, voice=hosted))
        providers.settings(folder)
        os.environ["LEADLINE_PLAYBOOK"] = PLAYBOOK
        workers = await stack.enter_async_context(fleet(folder))
        settings = load_settings()
        store = await stack.enter_async_context(Store.opened(settings))
        live = await stack.enter_async_context(LiveState.opened(settings, store))
        for text in said:
            await asyncio.to_thread(caller, text, SAMPLE_RATE)
        scene = Scene(
            target=target,
            rig=providers,
            fleet=workers,
            settings=settings,
            store=store,
            leases=live.leases,
            rooms=await stack.enter_async_context(LiveKitRooms(settings)),
            dispatcher=await stack.enter_async_context(FrontDesk(settings)),
            persona=persona,
            speech=lambda text: caller(text, SAMPLE_RATE),
        )
        yield scene, workers


def cache_folder() -> Path:
    """Where what takes long to make is kept between runs."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "leadline"


def lines(persona: Persona) -> tuple[set[str], set[str]]:
    """What the caller and the bots will say, made beforehand: a voice elsewhere takes no time."""
    said = {form for forms in persona.answers.values() for form in forms} | {persona.agrees}
    asked = {line for nth in range(2) for line in _asked(persona, nth)}
    return said, asked


def _asked(persona: Persona, nth: int) -> set[str]:
    """What the bot says if each question is answered with the nth form."""
    conversation = Conversation(playbook=load_playbook(PLAYBOOK), clock=lambda: datetime.now(UTC))
    reply, asked = conversation.greeting(), set[str]()
    for _ in range(MOST_TURNS):
        conversation.bot_began()
        conversation.bot_heard(reply, complete=True)
        asked |= {reply, conversation.resume_line()}
        request = understand(reply)
        if request.wish is Wish.GOODBYE:
            break
        agreed = request.wish is Wish.CONFIRM
        conversation.caller_said(
            persona.agrees if agreed else persona.answer(request.topic or "", nth)
        )
        reply = conversation.reply()
        asked |= {conversation.resume_line()}
    return asked


def _line(plan: CallPlan, total: int, outcome: Outcome) -> str:
    where = f"call {plan.number}/{total}"
    heard = "never" if outcome.audible_s is None else f"{outcome.audible_s:.2f} s"
    defects = [
        outcome.not_gone_on,
        *(f"asked again: {key}" for key in outcome.asked_again),
        *(f"lost: {each}" for each in outcome.lost),
        f"two at once for {outcome.two_at_once_s:.2f} s" if outcome.two_at_once_s else "",
        outcome.broke,
        *(f"left behind: {each}" for each in outcome.left_behind),
    ]
    verdict = "; ".join(filter(None, defects)) or "well"
    return f"{where}, exchange {outcome.exchange}, {outcome.phase}: audible {heard}: {verdict}"
