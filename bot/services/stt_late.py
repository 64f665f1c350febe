"""Answers that come when nobody waits for them: never heard, but they tell how slow a rung is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from bot.services.stt_rung import SttRung
from bot.services.stt_watch import Own, Sleep

LATE_GRACE_S: Final = 3.0
"""How long a rung that was left for being slow is listened to."""


class LateAnswers:
    """Rungs from which an answer is still due. They do not serve until it has come, or long since
    should have: it could be taken for the answer to something else."""

    def __init__(self, *, own: Own, sleep: Sleep, clock: Callable[[], float]) -> None:
        """`own` runs a coroutine as a task and keeps it; `clock` in monotonic seconds."""
        self._own = own
        self._sleep = sleep
        self._clock = clock

    def is_due(self, rung: SttRung, *, since: float) -> None:
        """A rung was asked at a moment, and nobody waits for it any more."""
        rung.late_since = since
        self._own(partial(self._give_up, rung, since), "late")

    def came(self, rung: SttRung) -> None:
        """A rung that does not serve has said something."""
        if rung.late_since is not None:
            rung.patience.took(self._clock() - rung.late_since)
            rung.late_since = None
            rung.connect_anew()

    async def _give_up(self, rung: SttRung, since: float) -> None:
        await self._sleep(LATE_GRACE_S)
        if rung.late_since == since:
            rung.late_since = None
            rung.connect_anew()
