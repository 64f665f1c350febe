"""One answer to one turn, as the LLMs' ladder passes it on: what was said, and who may go on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Final

from loguru import logger
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

from bot.problems import OnProblem
from bot.services.breaker import Breaker
from bot.services.continuation import ReplyPlan, is_garbage
from bot.services.experience import Experience
from bot.services.hosting import RungFailedError
from bot.services.llm_rungs import LLMRung
from bot.services.patience import PatiencePolicy
from bot.services.turn_budget import LEAST_PATIENCE_S, TurnBudget
from processors.attempt import Attempt

STALL_S: Final = 0.8
"""Silence between two tokens after which an answer counts as broken off."""
SENTENCE_S: Final = 1.2
"""A first sentence that is not whole so long after its first token only drips: nobody hears it
before its end."""
NEXT_SENTENCE_S: Final = 3.0
"""The same of the next ones, which come while the ones in front are being played."""
RETRY_WITHIN_S: Final = 0.25
"""A request that has failed so soon after the question is made once more."""
_ENDS: Final = frozenset(".?!")
RETRY_AFTER_S: Final = (0.02, 0.1)
"""The pause before, at random, so that calls that fail together do not come back together."""


def service_of(rung: LLMRung) -> str:
    """The name of its breaker, its patience and its bulkhead."""
    return f"llm:{rung.name}"


class Answer:
    """What was passed on to the voice in this turn."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.sentences: list[str] = []
        self.unfinished = ""
        self.attempt = Attempt()
        """Whose the next frame is: with another attempt the voice forgets what was unfinished."""
        self.speaker: LLMRung | None = None
        """Who spoke last."""
        self._aggregator = _sentences()

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(part for part in (*self.sentences, self.unfinished.strip()) if part)

    async def passed_on(self, text: str) -> None:
        """The voice cuts sentences with the same aggregator: these will be heard whole."""
        async for sentence in self._aggregator.aggregate(text):
            self.sentences.append(sentence.text.strip())
        self.unfinished = self._aggregator.text.text

    def break_off(self) -> None:
        """The speaker is gone; whoever goes on begins a new sentence."""
        self.attempt = Attempt()
        self.unfinished = ""
        self._aggregator = _sentences()


@dataclass
class LLMTerms:
    """What holds for every answer of a call's LLMs. Times in seconds."""

    experience: Experience
    patience: PatiencePolicy
    budget: TurnBudget = field(default_factory=TurnBudget)
    on_problem: OnProblem = lambda _service, _failure: None
    stall_s: float = STALL_S
    retries_once: bool = False
    """Whether a request that fails at once is made again: where nobody hosted is below."""


class LLMAnswering:
    """The rules of the contest for one answer."""

    def __init__(
        self,
        terms: LLMTerms,
        *,
        context: LLMContext,
        plan: ReplyPlan,
        answer: Answer,
    ) -> None:
        """Answer `context`; `plan` is the scripted reply to it."""
        self._terms = terms
        self._context = context
        self._plan = plan
        self._answer = answer
        self._has_retried = False

    def admits(self, rung: LLMRung) -> bool:
        """Only who is in order; who is not is probed beside the call."""
        return rung.is_scripted or self._breaker(rung).is_closed

    async def ask(self, rung: LLMRung) -> AsyncGenerator[str, None]:
        """The text behind the sentences that were passed on. What cannot be spoken fails."""
        said = list(self._answer.sentences)
        if rung.is_scripted:
            async for token in rung.answer(self._context, self._plan, said):
                yield token
            return
        async with self._terms.experience.bulkheads.of(service_of(rung)).place():
            has_begun = False
            while True:
                text = self._in_time(_speakable(rung.answer(self._context, self._plan, said)))
                try:
                    async for token in text:
                        has_begun = True
                        yield token
                except RungFailedError as failure:
                    if has_begun or not self._may_retry(failure):
                        raise
                    logger.info("{} {}; asked once more", rung.name, failure.reason)
                else:
                    return
                finally:
                    await text.aclose()
                await asyncio.sleep(random.uniform(*RETRY_AFTER_S))  # noqa: S311  # no secret

    async def _in_time(self, text: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
        """The same text, or a failure when its sentences take too long."""
        budget, limit_s = self._terms.budget, SENTENCE_S
        began_s: float | None = None
        try:
            async for token in text:
                if began_s is None and token.strip():
                    began_s = budget.elapsed_s
                if began_s is not None and budget.elapsed_s - began_s > limit_s:
                    raise RungFailedError("answers too slowly")
                if not _ENDS.isdisjoint(token):
                    began_s, limit_s = None, NEXT_SENTENCE_S
                yield token
        finally:
            await text.aclose()

    def may_be_held(self, rung: LLMRung) -> bool:
        """The scripted dialogue is there at once: it need not be asked early."""
        return not rung.is_scripted

    def patience_s(self, rung: LLMRung, *, has_spoken: bool) -> float | None:
        """Its own time-out; whoever is asked late in a turn has only what is left of it."""
        if rung.is_scripted:
            return None
        if has_spoken:
            return self._terms.stall_s
        terms = self._terms
        usual_s = terms.experience.patiences.of(service_of(rung), terms.patience).timeout_s
        if self._answer.sentences:
            return usual_s  # They are being played meanwhile.
        left_s = max(LEAST_PATIENCE_S, terms.patience.ceiling_s - terms.budget.elapsed_s)
        return min(usual_s, left_s)

    def matters(self, item: str) -> bool:
        """Nobody hears white space."""
        return bool(item.strip())

    def objection(self, rung: LLMRung, *, has_spoken: bool) -> RungFailedError | None:
        """An answer must have words; what goes on behind others may be empty."""
        if self._answer.text or rung.is_scripted:
            return None
        return RungFailedError("gave no answer")

    def is_complete(self) -> bool:
        """An LLM tells its end."""
        return False

    def began(self, rung: LLMRung, after_s: float) -> None:
        """Learn how long it takes."""
        if not rung.is_scripted:
            terms = self._terms
            terms.experience.patiences.of(service_of(rung), terms.patience).took(after_s)

    def answered(self, rung: LLMRung) -> None:
        """It answers."""
        self._breaker(rung).succeeded()

    def failed(self, rung: LLMRung, failure: RungFailedError) -> None:
        """The next one goes on."""
        logger.warning("{} {}; the next rung answers", rung.name, failure.reason)
        if not self._answer.text:
            self._terms.budget.fell_over()
        if rung is self._answer.speaker:
            self._answer.break_off()
        if failure.is_to_blame:
            self._breaker(rung).failed(permanent=failure.permanent, reason=failure.what)
        else:
            self._breaker(rung).withdrawn()
        self._terms.on_problem(service_of(rung), failure)

    def called_off(self, rung: LLMRung) -> None:
        """Nothing is known."""
        self._breaker(rung).withdrawn()

    def _may_retry(self, failure: RungFailedError) -> bool:
        """Once in an answer, and only so early that the second try is still in time."""
        terms = self._terms
        early = terms.budget.elapsed_s < RETRY_WITHIN_S
        if not (terms.retries_once and failure.may_pass and early and not self._has_retried):
            return False
        self._has_retried = True
        return True

    def _breaker(self, rung: LLMRung) -> Breaker:
        return self._terms.experience.breakers.of(service_of(rung))


async def _speakable(text: AsyncGenerator[str, None]) -> AsyncGenerator[str, None]:
    """The same text, or a failure when it is none."""
    began = ""
    try:
        async for token in text:
            began = began if began.strip() else began + token
            if is_garbage(token) or is_garbage(began):
                raise RungFailedError("answered with something that is no text")
            yield token
    finally:
        await text.aclose()


async def probe(rung: LLMRung, rules: LLMAnswering, breaker: Breaker, within_s: float) -> None:
    """Ask one that was left alone, beside the answer that the caller hears: do words come?

    Nobody waits for it, so an outage costs no caller another silence.
    """
    text = rules.ask(rung)
    try:
        async with asyncio.timeout(within_s):
            async for token in text:
                if rules.matters(token):
                    breaker.succeeded()
                    return
        breaker.failed(reason="gave no answer")
    except TimeoutError:
        breaker.failed(reason=f"said nothing for {within_s:.1f} s")
    except RungFailedError as failure:
        breaker.failed(permanent=failure.permanent, reason=failure.what)
    except BaseException:
        breaker.withdrawn()
        raise
    finally:
        await text.aclose()


def _sentences() -> SimpleTextAggregator:
    return SimpleTextAggregator()  # type: ignore[no-untyped-call]  # Pipecat leaves it untyped
