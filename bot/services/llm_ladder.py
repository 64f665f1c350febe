"""The LLM of the chain: several of them, one below the other, and one answer to each turn.

Whoever fails in a turn is followed at once by the next, from the same snapshot of the context.
The last rung is the scripted dialogue, which cannot fail. Why this is no `ServiceSwitcher`: see
`bot.services.hosting`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any, Final

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
from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

from bot.services.continuation import ReplyPlan, is_garbage
from bot.services.experience import Experience
from bot.services.hosting import RungFailedError
from bot.services.llm_rungs import HostedLLMRung, LLMRung
from bot.services.patience import PatiencePolicy
from bot.services.scripted import no_settings
from processors.attempt import Attempt, tagged

STALL_S: Final = 1.0
"""Silence between two tokens after which an answer counts as broken off."""


def _sentences() -> SimpleTextAggregator:
    return SimpleTextAggregator()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped


class _Answer:
    """What was passed on to the voice in this turn."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.unfinished = ""
        self._aggregator = _sentences()

    @property
    def text(self) -> str:
        return " ".join(part for part in (*self.sentences, self.unfinished.strip()) if part)

    async def passed_on(self, text: str) -> None:
        """The voice cuts sentences with the same aggregator: these will be heard whole."""
        async for sentence in self._aggregator.aggregate(text):
            self.sentences.append(sentence.text.strip())
        self.unfinished = self._aggregator.text.text

    def drop_unfinished(self) -> None:
        self.unfinished = ""
        self._aggregator = _sentences()


class LLMLadder(LLMService[Any]):
    """Answers every context, whoever of its rungs fails."""

    def __init__(
        self,
        *,
        rungs: Sequence[LLMRung],
        plan: Callable[[], ReplyPlan],
        experience: Experience,
        patience: PatiencePolicy,
        must_be_scripted: Callable[[], bool] = lambda: False,
        stall_s: float = STALL_S,
        clock: Callable[[], float] = time.monotonic,
        **kwargs: Any,
    ) -> None:
        """Stand on `rungs`, the best first, the scripted one last.

        Args:
            rungs: who is asked, in this order.
            plan: the scripted reply to the caller's newest words; quick and pure.
            experience: what the process knows of its providers.
            patience: bounds of the wait for the first token, in seconds.
            must_be_scripted: whether this reply may not be an LLM's, because it has failed to
                read a value back in the words that count.
            stall_s: the longest silence between two tokens, in seconds.
            clock: seconds, for the time to the first token.
            kwargs: passed to Pipecat's LLMService.
        """
        super().__init__(settings=no_settings(), **kwargs)
        if not rungs or not rungs[-1].is_scripted:
            raise ValueError("the last rung must be the scripted dialogue")
        self._rungs = list(rungs)
        self._plan = plan
        self._experience = experience
        self._patience_policy = patience
        self._must_be_scripted = must_be_scripted
        self._stall_s = stall_s
        self._clock = clock
        self._answer = _Answer()
        self._usage: set[asyncio.Task[None]] = set()
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
            for task in self._usage:
                task.cancel()
        await self.push_frame(frame, direction)

    async def cleanup(self) -> None:
        """Release the rungs too."""
        await super().cleanup()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
        await asyncio.gather(*(rung.host.close() for rung in self._hosted))

    @property
    def _hosted(self) -> list[HostedLLMRung]:
        return [rung for rung in self._rungs if isinstance(rung, HostedLLMRung)]

    async def _answer_turn(self, context: LLMContext) -> None:
        plan = self._plan()  # Now: what is due changes as soon as the bot is audible.
        answer = self._answer = _Answer()
        attempt = Attempt()
        await self.push_frame(tagged(LLMFullResponseStartFrame(), attempt))
        await self.start_ttfb_metrics()
        for rung in self._usable_rungs():
            try:
                await self._try(rung, context, plan, answer, attempt)
            except RungFailedError as failure:
                logger.warning("{} {}; the next rung answers", rung.name, failure.reason)
                answer.drop_unfinished()
                # Another attempt: the voice forgets the sentence that the last one began.
                attempt = Attempt()
            else:
                self.rung_name = rung.name
                break
        await self.push_frame(tagged(LLMFullResponseEndFrame(), attempt))

    def _usable_rungs(self) -> list[LLMRung]:
        if self._must_be_scripted():
            return self._rungs[-1:]
        return self._rungs

    async def _try(
        self,
        rung: LLMRung,
        context: LLMContext,
        plan: ReplyPlan,
        answer: _Answer,
        attempt: Attempt,
    ) -> None:
        breaker = self._experience.breakers.of(f"llm:{rung.name}")
        if not rung.is_scripted and not breaker.allow():
            raise RungFailedError(f"is left alone ({breaker.reason})")
        try:
            text = rung.answer(context, plan, list(answer.sentences))
            await self._pass_on(self._in_time(text, rung), answer, attempt)
            _require_an_answer(answer, rung)
        except RungFailedError as failure:
            breaker.failed(permanent=failure.permanent, reason=failure.reason)
            raise
        except BaseException:
            breaker.withdrawn()
            raise
        breaker.succeeded()

    async def _pass_on(
        self, text: AsyncGenerator[str, None], answer: _Answer, attempt: Attempt
    ) -> None:
        began = ""
        try:
            async for token in text:
                began = began if began.strip() else began + token
                if is_garbage(token) or is_garbage(began):
                    raise RungFailedError("answered with something that is no text")
                await self.stop_ttfb_metrics()
                await answer.passed_on(token)
                await self.push_frame(tagged(LLMTextFrame(token), attempt))
        finally:
            await text.aclose()

    async def _in_time(
        self, text: AsyncGenerator[str, None], rung: LLMRung
    ) -> AsyncGenerator[str, None]:
        """The same text, or a failure when it does not come in time."""
        patience = self._experience.patiences.of(f"llm:{rung.name}", self._patience_policy)
        asked_at = self._clock()
        patient_s = patience.timeout_s
        first = True
        try:
            while True:
                limit_s = asked_at + patient_s - self._clock() if first else self._stall_s
                try:
                    async with asyncio.timeout(None if rung.is_scripted else max(limit_s, 0.0)):
                        token = await anext(text)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    what = f"said nothing for {patient_s:.1f} s" if first else "stopped midway"
                    raise RungFailedError(what) from None
                if first and token.strip():
                    patience.took(self._clock() - asked_at)
                    first = False
                yield token
        finally:
            await text.aclose()

    def _pass_on_usage(self, frame: MetricsFrame) -> None:
        """Tokens are paid for, whatever became of them; the time is the ladder's own."""
        used = [data for data in frame.data if isinstance(data, LLMUsageMetricsData)]
        if used:
            task = asyncio.create_task(
                self.push_frame(MetricsFrame(data=[*used])), name="llm-usage"
            )
            self._usage.add(task)
            task.add_done_callback(self._usage.discard)


def _require_an_answer(answer: _Answer, rung: LLMRung) -> None:
    if not answer.text and not rung.is_scripted:
        raise RungFailedError("gave no answer")
