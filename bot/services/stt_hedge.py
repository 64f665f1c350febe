"""The second opinion: another recogniser's answer, held back while the serving one is waited for.

A recogniser that answers has usually done so long before the time-out. When it has not after a
part of that time, the next one is given the utterance as well. If the first answers after all, the
held answer is thrown away; if it does not, the held one is there at the time-out, and failing over
costs the caller no more than the wait. If neither is there at the time-out, the first to come is
heard: on a machine that is late, the provider may still be the quicker one.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from functools import partial

from pipecat.frames.frames import TranscriptionFrame

from bot.services.stt_late import LateAnswers
from bot.services.stt_rung import Connecting, SttRung
from bot.services.stt_tape import SpeechTape
from bot.services.stt_utterance import Utterance
from bot.services.stt_watch import Own


class Held(Enum):
    """What a hedge has to say."""

    PENDING = auto()
    """Nothing yet, or not all."""
    WORDS = auto()
    NOTHING = auto()
    """It has listened and understood no word."""


class Hedge:
    """One rung's answer to the open utterance. Nobody has seen it yet."""

    def __init__(self, rung: SttRung, *, began_at: float) -> None:
        """`began_at`: when it was asked, in monotonic seconds."""
        self.rung = rung
        self.began_at = began_at
        self.heard_to = 0
        """The position up to which it was given what the caller said."""
        self.finals: list[TranscriptionFrame] = []
        self.held = Held.PENDING
        self.when_answered: Callable[[], object] | None = None
        """Called at the answer, if it is due by now."""

    def answered(self, held: Held) -> None:
        """All has been said."""
        self.held = held
        if self.when_answered is not None:
            self.when_answered()


def can_hedge(rung: SttRung) -> bool:
    """Whether a rung's answers can be told apart by utterance.

    One with a stream of its own goes on about what nobody has wanted from it any more.
    """
    return not isinstance(rung.service, Connecting)


class SecondOpinion:
    """At most one hedge at a time."""

    def __init__(
        self, *, tape: SpeechTape, late: LateAnswers, own: Own, clock: Callable[[], float]
    ) -> None:
        """Nobody is asked yet.

        Args:
            tape: what the caller said.
            late: waits for the answers that nobody wants any more.
            own: runs a coroutine as a task and keeps it.
            clock: monotonic seconds.
        """
        self._tape = tape
        self._late = late
        self._own = own
        self._clock = clock
        self._hedge: Hedge | None = None

    @property
    def is_asked(self) -> bool:
        """Whether somebody listens besides the rung that serves."""
        return self._hedge is not None

    @property
    def pending(self) -> Hedge | None:
        """The hedge, if it has not answered yet."""
        hedge = self._hedge
        return hedge if hedge is not None and hedge.held is Held.PENDING else None

    def is_of(self, rung: SttRung) -> bool:
        """Whether it is this rung's."""
        return self._hedge is not None and self._hedge.rung is rung

    async def ask(self, rung: SttRung, utterance: Utterance) -> None:
        """Give a rung the utterance, unless one has it already."""
        if self._hedge is None and rung.breaker.allow():
            self._hedge = Hedge(rung, began_at=self._clock())
            self._hedge.heard_to = self._tape.ring.end
            await self._tape.replay(rung, utterance)

    def keep(self, final: TranscriptionFrame) -> None:
        """Hold a final transcript back."""
        if self._hedge is not None:
            self._hedge.finals.append(final)
            if final.finalized:
                self._hedge.answered(Held.WORDS)

    def recognised_nothing(self) -> None:
        """There was no word in it; with words before, the rest was a breath."""
        if self._hedge is not None:
            self._hedge.answered(Held.WORDS if self._hedge.finals else Held.NOTHING)

    def take(self) -> Hedge | None:
        """It is wanted: from now on it is the caller's concern."""
        hedge, self._hedge = self._hedge, None
        return hedge

    def drop(self) -> Callable[[], object] | None:
        """It is not wanted, or not any more; who waited for it, if somebody did."""
        hedge = self.take()
        if hedge is None:
            return None
        hedge.rung.breaker.withdrawn()
        if hedge.rung.can_forget:
            self._own(partial(self._forget, hedge.rung, hedge.rung.times_told), "forget")
        elif hedge.held is Held.PENDING:
            self._late.is_due(hedge.rung, since=hedge.began_at)
        return hedge.when_answered

    async def _forget(self, rung: SttRung, times_told: int) -> None:
        # Unless it has been given something else meanwhile.
        if rung.times_told == times_told:
            await self._tape.begin_anew(rung)
