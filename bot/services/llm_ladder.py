"""The LLM of the chain: several of them, one below the other, and one answer to each turn.

Whoever fails in a turn is followed by the next, from the same snapshot of the context, and the
next one is asked before the failure is certain (`bot.services.contest`). The last rung is the
scripted dialogue, which cannot fail. Why this is no `ServiceSwitcher`: see `bot.services.hosting`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import aclosing
from typing import Any

from loguru import logger
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    MetricsFrame,
    StartFrame,
)
from pipecat.metrics.metrics import LLMUsageMetricsData
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection
from pipecat.services.llm_service import LLMService

from bot.services.contest import Contest
from bot.services.continuation import ReplyPlan
from bot.services.llm_answer import Answer, LLMAnswering, LLMTerms, probe, service_of
from bot.services.llm_rungs import HostedLLMRung, LLMRung
from bot.services.scripted import no_settings
from processors.attempt import tagged


class LLMLadder(LLMService[Any]):
    """Answers every context, whoever of its rungs fails."""

    def __init__(
        self,
        *,
        rungs: Sequence[LLMRung],
        plan: Callable[[], ReplyPlan],
        terms: LLMTerms,
        must_be_scripted: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
        **kwargs: Any,
    ) -> None:
        """Stand on `rungs`, the best first, the scripted one last.

        Args:
            rungs: who is asked, in this order.
            plan: the scripted reply to the caller's newest words; quick and pure.
            terms: how long each one is waited for, and what the process knows of them.
            must_be_scripted: whether this reply may not be an LLM's, because it has failed to
                read a value back in the words that count.
            clock: seconds, that of the loop's timers.
            kwargs: passed to Pipecat's LLMService.
        """
        super().__init__(settings=no_settings(), **kwargs)
        if not rungs or not rungs[-1].is_scripted:
            raise ValueError("the last rung must be the scripted dialogue")
        self._rungs = list(rungs)
        self._plan = plan
        self._terms = terms
        self._must_be_scripted = must_be_scripted
        self._clock = clock
        self._answer = Answer()
        self._tasks: set[asyncio.Task[None]] = set()
        self._probed: set[str] = set()
        self.rung_name = self._rungs[0].name
        """Who answered last."""
        for rung in self._hosted:
            rung.on_usage = self._pass_on_usage

    @property
    def generated_text(self) -> str:
        """All text of the newest answer that was passed on, heard or not."""
        return self._answer.text

    def can_generate_metrics(self) -> bool:
        """Time to first token is that of the turn, whoever answered in the end."""
        return True

    def name_of(self, processor: str) -> str:
        """The rung's name behind a service that reports usage."""
        hosted = (rung for rung in self._hosted if rung.host.service.name == processor)
        return next((rung.name for rung in hosted), self.rung_name)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer a context; pass everything else on."""
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame) and direction is FrameDirection.DOWNSTREAM:
            await self._answer_turn(frame.context)
            return
        if isinstance(frame, StartFrame):
            for rung in self._hosted:
                rung.host.open(self.processor_setup, frame)
        elif isinstance(frame, EndFrame | CancelFrame):
            for task in self._tasks:
                task.cancel()
        await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        """Release the rungs too."""
        await super().cleanup()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*(rung.host.close() for rung in self._hosted))

    @property
    def _hosted(self) -> list[HostedLLMRung]:
        return [rung for rung in self._rungs if isinstance(rung, HostedLLMRung)]

    async def _answer_turn(self, context: LLMContext) -> None:
        plan = self._plan()  # Now: what is due changes as soon as the bot is audible.
        answer = self._answer = Answer()
        self._terms.budget.begin()
        await self.push_frame(tagged(LLMFullResponseStartFrame(), answer.attempt))
        await self.start_ttfb_metrics()
        rules = LLMAnswering(self._terms, context=context, plan=plan, answer=answer)
        rungs = self._usable_rungs()
        self._probe_the_others(rungs, rules)
        contest = Contest(
            rungs,
            rules,
            # One thing at a time: a probe and an answer would hear each other's words.
            admit=lambda rung: rung.name not in self._probed and rules.admits(rung),
            clock=self._clock,
        )
        async with aclosing(contest.items()) as items:
            async for rung, token in items:
                answer.speaker, self.rung_name = rung, rung.name
                await self.stop_ttfb_metrics()
                await answer.passed_on(token)
                await self.push_frame(tagged(LLMTextFrame(token), answer.attempt))
        await self.push_frame(tagged(LLMFullResponseEndFrame(), answer.attempt))

    def _usable_rungs(self) -> list[LLMRung]:
        if self._must_be_scripted():
            return self._rungs[-1:]
        return self._rungs

    def _probe_the_others(self, rungs: Sequence[LLMRung], rules: LLMAnswering) -> None:
        for rung in rungs:
            breaker = self._terms.experience.breakers.of(service_of(rung))
            if not rung.is_scripted and not breaker.is_closed and breaker.allow():
                logger.info("{} is probed beside this answer", rung.name)
                self._own(probe(rung, rules, breaker, self._terms.patience.ceiling_s), "llm-probe")

    def _own(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _pass_on_usage(self, frame: MetricsFrame) -> None:
        """Tokens are paid for, whatever became of them; the time is the ladder's own."""
        used = [data for data in frame.data if isinstance(data, LLMUsageMetricsData)]
        if used:
            self._own(self.push_frame(MetricsFrame(data=[*used])), "llm-usage")
