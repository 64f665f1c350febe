"""A turn of which nothing is heard is answered anew."""

from __future__ import annotations

import asyncio

from bot.answer_watch import ANSWER_WITHIN_S, AT_WORK_WITHIN_S, TIMES, AnswerWatch
from tests.virtual_time import now


class Watched:
    """A call that is told to answer again."""

    def __init__(self) -> None:
        self.is_at_work = False
        self.began_at = now()
        self.answered_at: list[float] = []
        self.watch = AnswerWatch(
            answer_again=self._answer_again, is_at_work=lambda: self.is_at_work
        )

    async def _answer_again(self) -> None:
        self.answered_at.append(now() - self.began_at)


async def test_an_answer_in_time_is_left_alone() -> None:
    call = Watched()
    call.watch.caller_has_spoken()
    await asyncio.sleep(ANSWER_WITHIN_S - 0.1)
    assert call.watch.is_due
    call.watch.bot_is_heard()
    await asyncio.sleep(60)
    assert (call.watch.is_due, call.answered_at) == (False, [])


async def test_a_turn_of_which_nothing_is_heard_is_answered_again_but_not_for_ever() -> None:
    call = Watched()
    call.watch.caller_has_spoken()
    await asyncio.sleep(60)
    assert call.answered_at == [ANSWER_WITHIN_S * n for n in range(1, TIMES + 1)]
    assert not call.watch.is_due


async def test_a_voice_that_is_at_work_is_waited_for_and_then_interrupted() -> None:
    call = Watched()
    call.is_at_work = True
    call.watch.caller_has_spoken()
    await asyncio.sleep(AT_WORK_WITHIN_S + 1)
    assert call.answered_at == [AT_WORK_WITHIN_S]
    call.watch.close()


async def test_a_caller_who_goes_on_is_not_answered() -> None:
    call = Watched()
    call.watch.caller_has_spoken()
    await asyncio.sleep(1)
    call.watch.caller_speaks()
    await asyncio.sleep(60)
    assert call.answered_at == []
