"""Every turn of the caller is answered: if nothing is heard for long, the scripted line is spoken.

Each ladder answers for its own stage. This watches what comes of them together, at the only place
that counts: whether the caller hears a reply. What is lost between two stages, or in the output,
is found here, by whatever way it was lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from loguru import logger

ANSWER_WITHIN_S: Final = 6.0
"""After the end of the caller's turn: more than any ladder takes while it is at work."""
AT_WORK_WITHIN_S: Final = 15.0
"""As long as the voice is at work it is waited for: a machine that is late is not helped by more
of the same. After so long it is interrupted."""
LOOKS_EVERY_S: Final = 0.5
TIMES: Final = 2
"""How often a turn is answered anew. Who has heard nothing then will not hear it the third time."""


class AnswerWatch:
    """One call's: at most one turn is due at a time."""

    def __init__(
        self,
        *,
        answer_again: Callable[[], Awaitable[None]],
        is_at_work: Callable[[], bool],
        within_s: float = ANSWER_WITHIN_S,
        at_work_within_s: float = AT_WORK_WITHIN_S,
    ) -> None:
        """Nothing is due yet.

        Args:
            answer_again: interrupts what there is, and has the scripted line spoken.
            is_at_work: whether a voice is at work on something.
            within_s: the longest wait for the first word of a reply, in seconds.
            at_work_within_s: the same while a voice is at work.
        """
        self._answer_again = answer_again
        self._is_at_work = is_at_work
        self._within_s = within_s
        self._at_work_within_s = at_work_within_s
        self._watching: asyncio.Task[None] | None = None

    @property
    def is_due(self) -> bool:
        """Whether the caller waits for an answer of which nothing has been heard yet."""
        return self._watching is not None and not self._watching.done()

    def caller_speaks(self) -> None:
        """Their turn is not over."""
        self.close()

    def caller_has_spoken(self) -> None:
        """Their turn is over: an answer is due."""
        self.close()
        self._watching = asyncio.create_task(self._watch(), name="answer-watch")

    def bot_is_heard(self) -> None:
        """There it is."""
        self.close()

    def close(self) -> None:
        """Nothing is due."""
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()

    async def _watch(self) -> None:
        for _ in range(TIMES):
            await self._until_late()
            logger.error("Nothing was heard of the answer to the caller's turn: it is said again")
            await self._answer_again()

    async def _until_late(self) -> None:
        waited_s = self._within_s
        await asyncio.sleep(waited_s)
        while self._is_at_work() and waited_s < self._at_work_within_s:
            await asyncio.sleep(LOOKS_EVERY_S)
            waited_s += LOOKS_EVERY_S
