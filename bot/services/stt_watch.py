"""The wait for the last word of an utterance: first a doubt, then the end of patience."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final

from bot.services.stt_rung import Connecting, SttRung
from bot.services.stt_utterance import Utterance

Sleep = Callable[[float], Awaitable[None]]
Own = Callable[[Callable[[], Coroutine[Any, Any, None]], str], "asyncio.Task[None]"]

LAG_S: Final = 0.05
"""A timer that fires so much too late fires in a loop that was held up."""

MAX_LAG_S: Final = 0.25


DOUBTFUL_SILENCE_S: Final = 1.0
"""Nothing from the provider while the caller spoke for so long: it is not waited for alone."""

FIRST_COME_S: Final = 3.0
"""After the time-out, while the last rung is not ready either, so long may any rung answer."""

CERTAIN_SILENCE_S: Final = 2.0
"""The same of one that is known to speak while it listens (Deepgram's interim results come about
once a second, empty ones too): it is not waited for at all."""


@dataclass(frozen=True)
class Wait:
    """How long a rung is waited for, in seconds from the end of speech."""

    doubt_after_s: float
    """Then another one is asked as well."""
    timeout_s: float


def wait_for(rung: SttRung, utterance: Utterance, *, began_at: float, hedge_ratio: float) -> Wait:
    """How long to wait for a rung, by what it usually takes and by what it has said so far.

    Args:
        rung: the rung that serves.
        utterance: what the caller has said.
        began_at: when that began, in monotonic seconds.
        hedge_ratio: the part of the time-out after which there is a doubt.
    """
    timeout_s = rung.patience.timeout_s
    has_connection = isinstance(rung.service, Connecting)
    if not has_connection or not rung.life.is_missing(since=began_at):
        return Wait(timeout_s * hedge_ratio, timeout_s)
    if rung.life.speaks_while_listening and utterance.spoken_s >= CERTAIN_SILENCE_S:
        return Wait(0.0, 0.0)
    is_doubtful = utterance.spoken_s >= DOUBTFUL_SILENCE_S
    return Wait(0.0 if is_doubtful else timeout_s * hedge_ratio, timeout_s)


class AnswerWatch:
    """At most one wait at a time."""

    def __init__(self, *, own: Own, sleep: Sleep, clock: Callable[[], float]) -> None:
        """`own` runs a coroutine as a task and keeps it; `clock` in monotonic seconds."""
        self._own = own
        self._sleep = sleep
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def start(
        self,
        wait: Wait,
        *,
        since: float,
        doubt: Callable[[], Awaitable[None]],
        give_up: Callable[[], Awaitable[None]],
    ) -> None:
        """Wait from `since` on; call `doubt` on the way and `give_up` at the end."""
        self.stop()

        async def watch() -> None:
            await self._until(since + wait.doubt_after_s)
            await doubt()
            await self._until(since + wait.timeout_s)
            self._task = None  # what follows may begin another wait, and must not end itself
            await give_up()

        self._task = self._own(watch, "no-words")

    def wait_again(self, seconds: float, *, give_up: Callable[[], Awaitable[None]]) -> None:
        """Wait once more, without a doubt on the way."""
        since = self._clock()

        async def watch() -> None:
            await self._until(since + seconds)
            self._task = None
            await give_up()

        self.stop()
        self._task = self._own(watch, "first-come")

    def stop(self) -> None:
        """The answer has come, or nobody waits for it any more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()

    async def _until(self, due: float) -> None:
        await self._sleep(max(0.0, due - self._clock()))
        late_s = self._clock() - due
        if late_s > LAG_S:
            # A loop that was held up has not read its sockets either: the answer may be in them.
            await self._sleep(min(late_s, MAX_LAG_S))
