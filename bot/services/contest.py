"""Who speaks on in one answer: several providers in their order, and never a wait for all of them.

The best one is asked first. When it has been silent for half of its time-out the next one is
asked too, and what it says is held. At the time-out the held one takes over with what it has said
meanwhile, so that failing over costs the time-out and not the next one's work as well. If the
better one answers before, the held one is called off, and nothing of it was heard.

A time-out takes nobody's right to answer: as long as nobody else has anything to say, a late
answer is still the answer. On a busy machine everybody is late.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import suppress
from typing import Final, Generic, Protocol, TypeVar

from bot.services.hosting import RungFailedError

T = TypeVar("T")
RungT = TypeVar("RungT")
AskedT_contra = TypeVar("AskedT_contra", contravariant=True)

HEDGE_AT: Final = 0.5
"""The part of a time-out after which the next one is asked too."""
HEDGE_LEAD_S: Final = 0.75
"""It is asked no earlier than so long before the time-out, in seconds: a time-out that is long
because there is still sound to play is no reason to have the next sentence made twice."""
RESOLUTION_S: Final = 1e-4
"""Timers ring a little early; what is nearly over is over."""
ITEMS_AT_MOST: Final = 4000
"""Of one answer that are not passed on yet; who is asked stops there until they are."""


class Rules(Protocol[AskedT_contra, T]):
    """What a contest has to know of its rungs. Nothing here may wait."""

    def ask(self, rung: AskedT_contra) -> AsyncGenerator[T, None]:
        """Ask for an answer that goes on behind what was passed on so far."""

    def may_be_held(self, rung: AskedT_contra) -> bool:
        """Whether asking it early gains anything."""

    def patience_s(self, rung: AskedT_contra, *, has_spoken: bool) -> float | None:
        """How long it may be silent from now on; None: for ever."""

    def matters(self, item: T) -> bool:
        """Whether the caller will hear anything of it."""

    def objection(self, rung: AskedT_contra, *, has_spoken: bool) -> RungFailedError | None:
        """What is wrong with an answer that has ended; None: nothing."""

    def is_complete(self) -> bool:
        """Whether what was passed on is the whole answer, although its end was not told."""

    def began(self, rung: AskedT_contra, after_s: float) -> None:
        """It has said the first thing that matters."""

    def answered(self, rung: AskedT_contra) -> None:
        """Its answer was passed on to its end."""

    def failed(self, rung: AskedT_contra, failure: RungFailedError) -> None:
        """It has failed, or was overtaken while it was silent."""

    def called_off(self, rung: AskedT_contra) -> None:
        """It was asked in vain, and nothing is known against it."""


class _Contender(Generic[RungT, T]):
    """One rung's answer, which runs in a task of its own; its items wait until it is chosen."""

    def __init__(self, rung: RungT, rules: Rules[RungT, T], news: asyncio.Event) -> None:
        self.rung = rung
        self.has_spoken = False
        self.items: deque[T] = deque()
        self.has_something = False
        self.has_ended = False
        self.failure: RungFailedError | None = None
        self.error: Exception | None = None
        self.silent_since = 0.0
        self.patient_s: float | None = None
        self._rules = rules
        self._news = news
        self._room = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self, clock: Callable[[], float]) -> None:
        self._task = asyncio.create_task(self._run(clock), name="contender")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def take(self) -> T:
        self._room.set()
        return self.items.popleft()

    async def _run(self, clock: Callable[[], float]) -> None:
        asked_at = clock()
        answer = self._rules.ask(self.rung)
        try:
            async for item in answer:
                if not self.has_something and self._rules.matters(item):
                    self.has_something = True
                    self._rules.began(self.rung, clock() - asked_at)
                self.items.append(item)
                self._news.set()
                while len(self.items) >= ITEMS_AT_MOST:
                    self._room.clear()
                    await self._room.wait()
        except RungFailedError as failure:
            self.failure = failure
        except Exception as error:
            self.error = error
        finally:
            with suppress(RungFailedError):
                await answer.aclose()
            self.has_ended = True
            self._news.set()


class Contest(Generic[RungT, T]):
    """One answer. Iterate over `items()` once; it ends with the answer."""

    def __init__(
        self,
        rungs: Sequence[RungT],
        rules: Rules[RungT, T],
        *,
        admit: Callable[[RungT], bool] = lambda _: True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Ask `rungs` in this order.

        Args:
            rungs: the best first.
            rules: what there is to know of them.
            admit: whether a rung may be asked at all, at this moment.
            clock: seconds; that of the loop's timers.
        """
        self._waiting = deque(rungs)
        self._rules = rules
        self._admit = admit
        self._clock = clock
        self._contenders: list[_Contender[RungT, T]] = []
        self._speaker: _Contender[RungT, T] | None = None
        self._news = asyncio.Event()
        self._last_failure = RungFailedError("nobody was asked")
        self._held_once: set[int] = set()

    async def items(self) -> AsyncGenerator[tuple[RungT, T], None]:
        """What is to be passed on, and whose it is.

        Raises:
            RungFailedError: the last one has failed, too.
        """
        try:
            while True:
                speaker = await self._who_speaks()
                if speaker is None:
                    return
                while speaker.items:
                    yield speaker.rung, speaker.take()
                self._wait_anew(speaker)
        finally:
            for contender in self._contenders:
                self._rules.called_off(contender.rung)
            await asyncio.gather(*(contender.stop() for contender in self._contenders))

    async def _who_speaks(self) -> _Contender[RungT, T] | None:
        """Wait for whoever has something to say; None when the answer is over."""
        while True:
            self._news.clear()
            await self._drop_the_failed()
            if (speaker := self._who_has_only_not_told_its_end()) is not None:
                await self._end_with(speaker)
                return None
            if (speaker := self._chosen()) is not None:
                await self._choose(speaker)
                if speaker.items:
                    return speaker
                await self._end_with(speaker)
                return None
            if self._may_ask_another():
                self._ask(self._waiting.popleft())
                continue
            if not self._contenders:
                raise self._last_failure
            if not self._waiting and all(map(self._is_overdue, self._contenders)):
                for contender in list(self._contenders):
                    await self._fail(contender, self._silence_of(contender))
                raise self._last_failure
            await self._wait()

    def _who_has_only_not_told_its_end(self) -> _Contender[RungT, T] | None:
        """Whoever was asked meanwhile would find nothing left to say, and take its place."""
        speaker = self._speaker
        if speaker not in self._contenders or speaker is None or speaker.items:
            return None
        return speaker if self._is_overdue(speaker) and self._rules.is_complete() else None

    def _chosen(self) -> _Contender[RungT, T] | None:
        """The best one that has something to say, if all the better ones have had their time."""
        for contender in self._contenders:
            if self._is_ready(contender):
                return contender
            if not self._is_overdue(contender):
                return None
        return None

    def _is_ready(self, contender: _Contender[RungT, T]) -> bool:
        if contender.has_something and contender.items:
            return True
        return contender.has_ended and not contender.failure

    async def _drop_the_failed(self) -> None:
        for contender in list(self._contenders):
            if contender.error:
                raise contender.error
            unread = contender.has_something and contender.items
            if not contender.has_ended or unread:
                continue
            failure = contender.failure or self._rules.objection(
                contender.rung, has_spoken=contender.has_spoken
            )
            if failure:
                await self._fail(contender, failure)

    async def _choose(self, speaker: _Contender[RungT, T]) -> None:
        """Everybody better was silent for too long, everybody below was asked in vain."""
        place = self._contenders.index(speaker)
        for contender in self._contenders[:place]:
            await self._fail(contender, self._silence_of(contender))
        for contender in reversed(self._contenders[1:]):
            await self._call_off(contender)
            self._waiting.appendleft(contender.rung)
        self._speaker = speaker
        speaker.has_spoken = True

    async def _end_with(self, speaker: _Contender[RungT, T]) -> None:
        self._contenders.remove(speaker)
        await speaker.stop()
        self._rules.answered(speaker.rung)

    async def _call_off(self, contender: _Contender[RungT, T]) -> None:
        self._contenders.remove(contender)
        self._rules.called_off(contender.rung)
        await contender.stop()

    async def _fail(self, contender: _Contender[RungT, T], failure: RungFailedError) -> None:
        self._last_failure = failure
        self._contenders.remove(contender)
        self._rules.failed(contender.rung, failure)
        await contender.stop()

    def _silence_of(self, contender: _Contender[RungT, T]) -> RungFailedError:
        if contender.has_spoken:
            return RungFailedError("stopped midway")
        return RungFailedError(f"said nothing for {contender.patient_s or 0.0:.1f} s")

    # --- asking ---------------------------------------------------------------------------------

    def _may_ask_another(self) -> bool:
        while self._waiting and not self._admit(self._waiting[0]):
            self._waiting.popleft()
        if not self._waiting:
            return False
        if all(map(self._is_overdue, self._contenders)):
            return True
        following = self._waiting[0]
        return (
            self._is_doubtful(self._contenders[-1])
            and self._rules.may_be_held(following)
            # Who falters again and again must not have it asked again and again.
            and id(following) not in self._held_once
        )

    def _ask(self, rung: RungT) -> None:
        if self._contenders:
            self._held_once.add(id(rung))
        contender = _Contender(rung, self._rules, self._news)
        self._contenders.append(contender)
        self._wait_anew(contender)
        contender.start(self._clock)

    # --- waiting --------------------------------------------------------------------------------

    def _wait_anew(self, contender: _Contender[RungT, T]) -> None:
        contender.silent_since = self._clock()
        contender.patient_s = self._rules.patience_s(
            contender.rung, has_spoken=contender.has_spoken
        )

    def _is_overdue(self, contender: _Contender[RungT, T]) -> bool:
        return self._is_over(contender, contender.patient_s)

    def _is_doubtful(self, contender: _Contender[RungT, T]) -> bool:
        return self._is_over(contender, _doubt_after_s(contender.patient_s))

    def _is_over(self, contender: _Contender[RungT, T], after_s: float | None) -> bool:
        if after_s is None:
            return False
        return self._clock() + RESOLUTION_S >= contender.silent_since + after_s

    async def _wait(self) -> None:
        """Until there is news, or the next time-out or the doubt before it is due."""
        now = self._clock()
        moments = [
            contender.silent_since + after_s
            for contender in self._contenders
            for after_s in (_doubt_after_s(contender.patient_s), contender.patient_s)
            if after_s is not None
        ]
        wait_s = min((at - now for at in moments if at > now + RESOLUTION_S), default=None)
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._news.wait()


def _doubt_after_s(patient_s: float | None) -> float | None:
    """When the next one is asked too."""
    if patient_s is None:
        return None
    return max(patient_s * HEDGE_AT, patient_s - HEDGE_LEAD_S)
