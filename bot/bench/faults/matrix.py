"""What can go wrong, at whom, and where in a call: the matrix, and its cells dealt out to calls.

A call takes several injections, as far apart as they need: each service fails at most once in a
call (a breaker that is open would shield it), a clean exchange follows each, and the voice is the
last, because a voice that has failed is not heard again in its call.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import cycle, product
from typing import Final


class FaultClass(StrEnum):
    """The classes of misbehaviour; the emulators know them by the same names."""

    REFUSE = "refuse"
    UNAUTHORIZED = "unauthorized"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    STALL_BEFORE_FIRST = "stall_before_first"
    STALL_MIDWAY = "stall_midway"
    CLOSE_MIDWAY = "close_midway"
    EMPTY = "empty"
    SLOW = "slow"
    GARBAGE = "garbage"


class Service(StrEnum):
    """Who fails."""

    STT = "stt"
    LLM = "llm"
    TTS = "tts"
    ALL = "all"


class Moment(StrEnum):
    """Where in the call: before the caller joins, in an answer, in a read-back."""

    START = "start"
    ANSWER = "answer"
    READBACK = "readback"


@dataclass(frozen=True)
class Utterance:
    """What the caller says, and how a hosted recogniser would write it."""

    spoken: str
    written: str


SCRIPT: Final = (
    Utterance("My name is Daniel Carter.", "My name is Daniel Carter."),
    Utterance(
        "My email is daniel at green river foods dot com.",
        "My email is daniel@greenriverfoods.com.",
    ),
    Utterance("Yes, that is right.", "Yes, that is right."),
    Utterance("I work for Green River Foods.", "I work for Green River Foods."),
    Utterance("We want to answer our customers faster.", "We want to answer our customers faster."),
    Utterance("We are about twenty five people.", "We are about 25 people."),
    Utterance(
        "Our budget is fifty thousand dollars a year.",
        "Our budget is fifty thousand dollars a year.",
    ),
)
"""The call. The local recogniser understands each of these as well as a hosted one does: otherwise
a lead that differs would say nothing about the fault. Exchange 0 is the greeting, exchange n the
n-th utterance with its reply; the reply to the second reads the address back."""

READBACK_AT: Final = 2
FIRST_ANSWER_AT: Final = 1
LATER_ANSWERS_AT: Final = (4, 6)


@dataclass(frozen=True, order=True)
class Injection:
    """One cell of the matrix."""

    kind: FaultClass
    service: Service
    moment: Moment

    @property
    def touches_the_voice(self) -> bool:
        """Whether the call's voice is another one from here on."""
        return self.service in (Service.TTS, Service.ALL)


@dataclass
class CallPlan:
    """One call: which injection strikes at which exchange. Without any it is a control."""

    number: int
    seed: int
    injections: dict[int, Injection] = field(default_factory=dict)

    @property
    def exchanges(self) -> int:
        """How many utterances it has: a control all of them, others one after the last fault."""
        if not self.injections:
            return len(SCRIPT)
        return min(len(SCRIPT), max(*self.injections, FIRST_ANSWER_AT) + 1)


def matrix(
    *,
    kinds: Iterable[FaultClass] = tuple(FaultClass),
    services: Iterable[Service] = tuple(Service),
    moments: Iterable[Moment] = tuple(Moment),
    injections: int,
) -> list[Injection]:
    """`injections` of each kind at each service, the moments in turn through all of them."""
    turn = cycle(moments)
    return [
        Injection(kind, service, next(turn))
        for kind, service in product(kinds, services)
        for _ in range(injections)
    ]


def deal(
    cells: Sequence[Injection], *, seed: int, control_every: int, per_call: int = 3
) -> list[CallPlan]:
    """The calls of a run, controls in turn with the others, the first call a control."""
    dice = random.Random(seed)  # noqa: S311 - which fault comes when, not a secret
    waiting = list(cells)
    dice.shuffle(waiting)
    plans: list[CallPlan] = []

    def new_plan() -> CallPlan:
        plan = CallPlan(number=len(plans) + 1, seed=dice.randrange(2**31))
        plans.append(plan)
        return plan

    faulty = 0
    while waiting:
        if faulty % control_every == 0:
            new_plan()
        faulty += 1
        plan = new_plan()
        first = waiting.pop(0)
        plan.injections[_FIRST_SLOT[first.moment]] = first
        for slot in LATER_ANSWERS_AT:
            taken = list(plan.injections.values())
            if len(taken) >= per_call or any(each.touches_the_voice for each in taken):
                break
            services = {each.service for each in taken}
            later = next(
                (
                    each
                    for each in waiting
                    if each.moment is Moment.ANSWER
                    and each.service not in services
                    and each.service is not Service.ALL
                ),
                None,
            )
            if later is None:
                break
            waiting.remove(later)
            plan.injections[slot] = later
    return plans


_FIRST_SLOT: Final = {
    Moment.START: 0,
    Moment.ANSWER: FIRST_ANSWER_AT,
    Moment.READBACK: READBACK_AT,
}
