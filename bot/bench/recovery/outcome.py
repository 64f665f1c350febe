"""What became of each kill, by the recording, the bots' words and the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from bot.bench.faults.audio import FRAME_MS, Audible
from bot.bench.faults.conversation import settled
from bot.bench.recovery.call import HeldCall, Kill
from bot.bench.recovery.plan import Phase
from bot.caller.understanding import Wish

TWO_AT_ONCE_S: Final = 0.25
"""What a killed bot had sent plays on for so long in the caller's jitter buffer."""
SILENT_WISHES: Final = frozenset({Wish.NOTHING, Wish.UNKNOWN})


@dataclass
class Outcome:
    """One kill. `audible_s`: from the kill to the next bot's first sound; None: never."""

    call: int
    phase: Phase
    exchange: int
    audible_s: float | None
    first_words: str
    not_gone_on: str = ""
    asked_again: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    two_at_once_s: float = 0.0
    broke: str = ""
    left_behind: list[str] = field(default_factory=list)

    @property
    def survived(self) -> bool:
        """Heard again (where there was something left to say), whole, once, and cleaned up."""
        defects: tuple[Any, ...] = (
            self.not_gone_on,
            self.asked_again,
            self.lost,
            self.broke,
            self.left_behind,
            self.two_at_once_s > TWO_AT_ONCE_S,
        )
        return not any(defects) and (self.audible_s is not None or self.phase is Phase.ENDING)


def outcomes(held: HeldCall) -> list[Outcome]:
    """Each of the call's kills."""
    voices = [voice.heard() for voice in held.caller.voices]
    since = [voice.since_s for voice in held.caller.voices]
    found = []
    for number, kill in enumerate(held.kills):
        ends = [later.at_s for later in held.kills[number + 1 :]]
        until_s = ends[0] if ends else float("inf")
        audible_s = first_sound(voices, since, after_s=kill.at_s, until_s=until_s)
        found.append(
            Outcome(
                call=held.plan.number,
                phase=kill.phase,
                exchange=kill.exchange,
                audible_s=None if audible_s is None else round(audible_s - kill.at_s, 3),
                first_words=kill.first_words,
                not_gone_on=_not_gone_on(kill),
                asked_again=_asked_again(kill),
                lost=_lost(kill, held),
                two_at_once_s=at_once_s(voices, after_s=kill.at_s, until_s=until_s),
                broke=held.broke if number == len(held.kills) - 1 else "",
                left_behind=held.left_behind if number == len(held.kills) - 1 else [],
            )
        )
    return found


def first_sound(
    voices: Sequence[Audible], since: Sequence[float], *, after_s: float, until_s: float
) -> float | None:
    """When a bot that came after a moment is first heard, in seconds of the recording."""
    first: float | None = None
    for voice, since_s in zip(voices, since, strict=True):
        heard = np.flatnonzero(voice)
        if after_s < since_s < until_s and len(heard):
            at_s = float(heard[0]) * FRAME_MS / 1000
            first = at_s if first is None else min(first, at_s)
    return first


def at_once_s(voices: Sequence[Audible], *, after_s: float, until_s: float) -> float:
    """For how long two bots are heard at the same time, in seconds."""
    if len(voices) < 2:
        return 0.0
    length = max(len(voice) for voice in voices)
    count = np.zeros(length, dtype=np.int64)
    for voice in voices:
        count[: len(voice)] += voice
    begin = round(after_s * 1000 / FRAME_MS)
    end = length if until_s == float("inf") else round(until_s * 1000 / FRAME_MS)
    return float((count[begin:end] > 1).sum()) * FRAME_MS / 1000


def _not_gone_on(kill: Kill) -> str:
    if kill.phase is Phase.ENDING:
        return ""
    if kill.request is None:
        return "no bot said anything more"
    if kill.request.wish in SILENT_WISHES:
        return f"no question that the caller knows: {kill.first_words!r}"
    return ""


def _asked_again(kill: Kill) -> list[str]:
    topics = [each.topic for each in kill.later if each.topic in kill.settled]
    return sorted({topic for topic in topics if topic is not None})


def _lost(kill: Kill, held: HeldCall) -> list[str]:
    if held.lead is None:
        return ["the whole lead"] if kill.settled else []
    before, after = settled(kill.settled), settled(held.lead.fields)
    return [
        f"{key}: {after.get(key)} instead of {value}"
        for key, value in before.items()
        if after.get(key, ("", ""))[0] != value[0]
        or (value[1] == "confirmed" and after[key][1] != "confirmed")
    ]
