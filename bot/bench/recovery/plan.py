"""What is killed, and when: the phases of a turn, dealt over the calls of a run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import cycle, islice
from typing import Final


class Target(StrEnum):
    """What is killed: the call's process, or its worker with every process of it."""

    JOB = "job"
    WORKER = "worker"


class Phase(StrEnum):
    """Where in a call."""

    LISTENING = "listening"
    """The bot has asked, and the caller says nothing yet."""
    CALLER = "caller"
    """The caller is in the middle of an answer."""
    THINKING = "thinking"
    """The caller has answered, and the bot says nothing yet."""
    SPEAKING = "speaking"
    READBACK = "readback"
    """The bot reads an address back."""
    ENDING = "ending"
    """The goodbye is over: the call is being written down."""


IN_A_TURN: Final = (Phase.LISTENING, Phase.CALLER, Phase.THINKING, Phase.SPEAKING)
EXCHANGES: Final = (1, 3, 5)
"""With one undisturbed exchange in between. The read-back and the end come later in the call."""


@dataclass
class CallPlan:
    """One call: which kill comes at which exchange."""

    number: int
    seed: int
    kills: dict[int, Phase] = field(default_factory=dict)
    readback: bool = False
    ending: bool = False

    @property
    def count(self) -> int:
        """How many kills it has."""
        return len(self.kills) + self.readback + self.ending

    @property
    def last_exchange(self) -> int | None:
        """After which the caller hangs up; None: the call is held to its end."""
        return None if self.readback or self.ending else max(self.kills, default=0) + 1


def deal(phases: Sequence[Phase], *, kills: int, target: Target, seed: int) -> list[CallPlan]:
    """The calls of a run. A worker is killed once in a call: the next one needs time to start."""
    dice = random.Random(seed)  # noqa: S311 - which kill comes when, not a secret
    waiting = list(islice(cycle(phases), kills))
    dice.shuffle(waiting)
    plans: list[CallPlan] = []
    while waiting:
        plan = CallPlan(number=len(plans) + 1, seed=dice.randrange(2**31))
        plans.append(plan)
        most = 1 if target is Target.WORKER else len(EXCHANGES) + 2
        for phase in list(waiting):
            if plan.count < most and _fits(plan, phase, dice):
                waiting.remove(phase)
    return plans


def _fits(plan: CallPlan, phase: Phase, dice: random.Random) -> bool:
    if phase is Phase.READBACK:
        if plan.readback:
            return False
        plan.readback = True
    elif phase is Phase.ENDING:
        if plan.ending:
            return False
        plan.ending = True
    else:
        free = [exchange for exchange in EXCHANGES if exchange not in plan.kills]
        if not free:
            return False
        plan.kills[dice.choice(free)] = phase
    return True
