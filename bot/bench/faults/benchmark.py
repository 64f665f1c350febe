"""One run: the calls of the matrix with their controls in turn, and the figures."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from loguru import logger

from bot.bench.faults.audio import Silence
from bot.bench.faults.call import HeldCall, hold
from bot.bench.faults.conversation import Due, without_a_fault
from bot.bench.faults.matrix import CallPlan, FaultClass, Injection, Service, deal
from bot.bench.faults.outcome import (
    Heard,
    Outcome,
    control_silences,
    judge,
    lead_differences,
    outcomes,
)
from bot.bench.faults.rig import Rig, rig
from bot.bench.faults.statistics import Spread, at_least, spread
from bot.caller.peer import SAMPLE_RATE

CONTROL_EVERY: Final = 5
"""Calls with faults for each control: as many as show how busy the machine is meanwhile."""

BUSY_S: Final = 0.5
"""An event loop that stood still for so long has chopped the call's sound by itself."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Row:
    """The figures of one class at one service, or of several together. Silences in seconds."""

    kind: str
    service: str
    injections: int
    struck: int
    survived: int
    survival_at_least: float
    added: Spread
    longest: Spread
    bridged: int
    said_twice: int
    words_lost: int
    lead_differs: int
    not_whole: int
    not_answered: int


@dataclass
class Report:
    """A run's figures."""

    seed: int
    calls: int
    control_calls: int
    busy_calls: int
    """Calls whose figures say more about this machine than about Leadline."""
    control_first: Spread
    control_longest: Spread
    control_defects: list[str]
    rows: list[Row]
    total: Row
    outcomes: list[Outcome] = field(default_factory=list)


@dataclass
class _Run:
    due: Due
    controls: list[tuple[HeldCall, list[Heard]]] = field(default_factory=list)
    faulty: list[tuple[HeldCall, list[Heard]]] = field(default_factory=list)


async def run(
    cells: Sequence[Injection],
    *,
    seed: int,
    keep: Path | None = None,
    within_s: float = math.inf,
    progress: Progress = lambda _: None,
) -> Report:
    """Hold the calls one after the other.

    Args:
        cells: what to inject, see `matrix`.
        seed: of the order, and of where in an answer a fault strikes.
        keep: takes the recording and the log of each call that did not go as it should.
        within_s: begin no call after so many seconds; the report is of those that were held.
        progress: told one line for each call.

    Raises:
        LeadlineError: the emulators or livekit-server are not there.
    """
    from bot.services.local import Voice, preload, recognise, synthesise
    from bot.warmup import warm_up

    voice = Voice(pitch=1.12, noise_scale=0.0, noise_width=0.0)
    plans = deal(cells, seed=seed, control_every=CONTROL_EVERY)
    state = _Run(without_a_fault())
    began_at = time.monotonic()
    await asyncio.to_thread(preload)
    async with rig([*state.due.replies, _bridge_text()]) as providers:
        with TemporaryDirectory(prefix="leadline-faults-data-") as data_dir:
            settings = providers.settings(Path(data_dir))
            await asyncio.to_thread(warm_up, settings)

            def speech(text: str) -> bytes:
                return synthesise(text, sample_rate=SAMPLE_RATE, voice=voice)

            for plan in plans:
                if time.monotonic() - began_at > within_s:
                    progress(f"the time is up: {len(plans) - plan.number + 1} calls are not held")
                    break
                log: list[str] = []
                sink = logger.add(log.append, level="DEBUG")
                held = await hold(plan, rig=_checked(providers), settings=settings, speech=speech)
                logger.remove(sink)
                heard = await asyncio.to_thread(judge, held, state.due, recognise)
                (state.faulty if plan.injections else state.controls).append((held, heard))
                defects = _defects(held, heard, state.due)
                progress(_line(plan, len(plans), defects, held.lag_s))
                if keep and defects:
                    _keep(keep, held, log, defects)
    return _report(state, seed)


def _checked(providers: Rig) -> Rig:
    """No fault of the last call may reach the next."""
    providers.clear()
    return providers


def _bridge_text() -> str:
    from bot.services.tts import BRIDGE

    return BRIDGE


def _defects(held: HeldCall, heard: list[Heard], due: Due) -> list[str]:
    found = [held.broke] if held.broke else []
    for each in heard:
        found += [f"exchange {each.number}: {each.not_whole}"] * bool(each.not_whole)
        found += [f"exchange {each.number}: said twice: {each.twice}"] * bool(each.twice)
        found += [f"exchange {each.number}: lost: {each.lost}"] * bool(each.lost)
    return found + [f"lead: {each}" for each in lead_differences(held, due)]


def _line(plan: CallPlan, total: int, defects: list[str], lag_s: float) -> str:
    what = ", ".join(
        f"{each.kind} of {each.service} at exchange {at} ({each.moment})"
        for at, each in sorted(plan.injections.items())
    )
    verdict = "; ".join(defects) or "well"
    busy = f" (the machine was too busy: {lag_s:.1f} s)" if lag_s > BUSY_S else ""
    return f"call {plan.number}/{total}: {what or 'control'}: {verdict}{busy}"


def _keep(folder: Path, held: HeldCall, log: list[str], defects: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem = folder / f"call-{held.plan.number:04}"
    held.recording.save(stem.with_suffix(".wav"))
    marks = [f"{each.number}: {each.from_s:.2f}-{each.to_s:.2f} s" for each in held.exchanges]
    text = "\n".join([_line(held.plan, 0, defects, held.lag_s), *marks, "", "".join(log)])
    stem.with_suffix(".log").write_text(text, "utf-8")


def _report(state: _Run, seed: int) -> Report:
    control = control_silences(heard for _, heard in state.controls)
    found = [
        outcome
        for held, heard in state.faulty
        for outcome in outcomes(held, heard, state.due, control)
    ]
    order = {kind: n for n, kind in enumerate(FaultClass)}
    services = {service: n for n, service in enumerate(Service)}

    def cell(outcome: Outcome) -> tuple[FaultClass, Service]:
        return outcome.injection.kind, outcome.injection.service

    found.sort(key=lambda each: (order[cell(each)[0]], services[cell(each)[1]]))
    rows = [row(kind, service, list(group)) for (kind, service), group in groupby(found, key=cell)]
    silences: list[Silence] = [
        each.silence for _, heard in state.controls for each in heard if each.number
    ]
    return Report(
        seed=seed,
        calls=len(state.faulty),
        control_calls=len(state.controls),
        busy_calls=sum(held.lag_s > BUSY_S for held, _ in (*state.controls, *state.faulty)),
        control_first=spread([each.first_s for each in silences if each.first_s is not None]),
        control_longest=spread([each.longest_s for each in silences if each.longest_s is not None]),
        control_defects=[
            f"control {held.plan.number}: {defect}"
            for held, heard in state.controls
            for defect in _defects(held, heard, state.due)
        ],
        rows=rows,
        total=row("all", "all", found),
        outcomes=found,
    )


def row(kind: str, service: str, found: Sequence[Outcome]) -> Row:
    """The figures of some injections."""
    survived = sum(each.survived for each in found)
    return Row(
        kind=str(kind),
        service=str(service),
        injections=len(found),
        struck=sum(each.struck > 0 for each in found),
        survived=survived,
        survival_at_least=round(at_least(survived, len(found)), 4),
        added=spread([each.added_s for each in found if each.added_s is not None]),
        longest=spread([each.longest_s for each in found if each.longest_s is not None]),
        bridged=sum(each.bridged for each in found),
        said_twice=sum(bool(each.twice) for each in found),
        words_lost=sum(bool(each.lost) for each in found),
        lead_differs=sum(bool(each.lead_differs) for each in found),
        not_whole=sum(bool(each.not_whole) for each in found),
        not_answered=sum(not each.answered for each in found),
    )
