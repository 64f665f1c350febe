"""The recognisers in order of preference: when one fails, the next hears the same words at once.

Pipecat's `ServiceSwitcher` leaves a service only when it is permanently unusable, sees no
silence, replays nothing, and waits with the start for the slowest connection. This subclass adds
what a call needs:

- The chain's frames go past the recognisers and never wait for one. A rung gets audio and the
  voice detector's frames only while it serves, and gives back transcripts only while it serves:
  what a rung that was left has to say about the same words is dropped.
- Connections are made and made again in the background, as each rung's breaker allows.
- The audio of the open utterance is kept. If the rung fails, or says nothing in time after the
  caller has stopped, the next one gets it as speech start, audio, speech stop.
- So that this costs no time, the next one is given the utterance already when the answer is
  overdue, and its own is held until it is known who answers (`stt_hedge`).
- A better rung is returned to only between utterances, and not again and again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import Any, Final

from loguru import logger
from pipecat.frames.frames import (
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    InterimTranscriptionFrame,
    MetricsFrame,
    ServiceMetadataFrame,
    StartFrame,
    TranscriptionFrame,
    VADUserStartedSpeakingFrame,
    VADUserStoppedSpeakingFrame,
)

from bot.problems import OnProblem
from bot.services.breaker import BreakerState
from bot.services.forget_speech import ForgetSpeechFrame
from bot.services.hosting import RungFailedError
from bot.services.stt_hedge import Hedge, Held, SecondOpinion, can_hedge
from bot.services.stt_late import LateAnswers
from bot.services.stt_repeats import HeardWords
from bot.services.stt_return import WayBack
from bot.services.stt_rung import Connecting, ConnectionEnd, SttRung
from bot.services.stt_switch import RungSwitch
from bot.services.stt_tape import SpeechTape
from bot.services.stt_utterance import Reading, Utterance, is_garbage
from bot.services.stt_watch import FIRST_COME_S, AnswerWatch, Sleep, wait_for

CONTINUATION_S: Final = 2.0
"""Speech that begins so soon after words belongs to the same sentence."""


class SttLadder(RungSwitch):
    """The recogniser of a call. Needs a `VADProcessor` in front of it."""

    def __init__(
        self,
        rungs: Sequence[SttRung],
        *,
        pre_roll_s: float,
        hedge_ratio: float = 0.4,
        on_rung: Callable[[str], None] = lambda _: None,
        on_problem: OnProblem = lambda _service, _failure: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """The last rung must need no connection: it is the one that always serves.

        Args:
            rungs: the best first.
            pre_roll_s: audio kept from before the voice detector's notice of speech, in seconds.
            hedge_ratio: the part of a rung's time-out after which the next one listens as well.
            on_rung: told the name of the rung that words come from, before they leave; until there
                are any, of the one that serves.
            on_problem: told of each failure.
            clock: monotonic seconds.
            sleep: waits for that clock.
        """
        if not rungs[-1].is_connected:
            raise ValueError(f"the last rung, {rungs[-1].name}, must work without a connection")
        super().__init__(rungs)
        self.on_rung = on_rung
        self._on_problem = on_problem
        self._hedge_ratio = hedge_ratio
        self._clock = clock
        self._tape = SpeechTape(pre_roll_s=pre_roll_s)
        self._late = LateAnswers(own=self._own, sleep=sleep, clock=clock)
        self._second = SecondOpinion(tape=self._tape, late=self._late, own=self._own, clock=clock)
        self._watch = AnswerWatch(own=self._own, sleep=sleep, clock=clock)
        self._way_back = WayBack()
        self._heard = HeardWords()
        self._utterance: Utterance | None = None
        self._utterance_began_at = self._began_at = 0.0  # the latter after each pause
        self._asked_at = 0.0  # when the serving rung was last told that speech is over
        self._words_at = float("-inf")  # when words last came
        self._words_by: SttRung | None = None
        self._doubted: SttRung | None = None
        self._has_heard = False
        self._active = self._best() or self._rungs[-1]
        self.strategy.begin_with(self._active.service)
        self.strategy.on_error = self._on_service_error
        for rung in self._rungs:
            self._listen_to(rung)

    @property
    def rungs(self) -> Sequence[SttRung]:
        """The recognisers, the best first."""
        return self._rungs

    @property
    def serving(self) -> str:
        """The name of the rung that serves."""
        return self._active.name

    def _listen_to(self, rung: SttRung) -> None:
        if isinstance(rung.service, Connecting):
            rung.service.on_nothing_recognised = partial(self._nothing_recognised, rung)
            rung.service.on_sign_of_life = partial(self._is_alive, rung)
        elif rung.tells_of_nothing:
            said_nothing = partial(self._said_nothing, rung)
            rung.service.add_event_handler("on_nothing_recognised", said_nothing)

    def _leaves(self, rung: SttRung, frame: Frame) -> bool:
        serves = rung is self._active
        match frame:
            case StartFrame():
                rung.started.set()
                return True
            case ForgetSpeechFrame():
                rung.has_forgotten(frame.id)
            case TranscriptionFrame():
                return self._is_wanted(rung, frame)
            case InterimTranscriptionFrame():
                return serves and self._utterance is not None and not rung.speaks_of_the_past
            case MetricsFrame() | ServiceMetadataFrame():
                return serves
        return False

    def _start(self) -> None:
        self.on_rung(self._active.name)
        self._keep_connections(self._clock)

    # --- what the caller says -------------------------------------------------------------------

    async def _hears(self, frame: InputAudioRawFrame) -> None:
        self._tape.hears(frame, utterance=self._utterance)
        await self._tape.feed(self._active, frame)

    async def _speech_begins(self, frame: VADUserStartedSpeakingFrame) -> None:
        self._began_at = self._clock()
        self._nobody_waits()
        utterance = self._tape.speech_begins(frame)
        if self._utterance is None and self._began_at - self._words_at >= CONTINUATION_S:
            self._heard.clear()
        if self._utterance is not None:
            self._utterance.speaks_again()
        else:
            self._utterance, self._utterance_began_at = utterance, self._began_at
            if self._active.is_left_alone and self._below(self._active) is not None:
                await self._leave(self._active, f"fails elsewhere ({self._active.breaker.reason})")
                return
        await self._tape.feed(self._active, frame)

    async def _speech_ends(self, frame: VADUserStoppedSpeakingFrame) -> None:
        self._tape.speech_ends(frame)
        if self._utterance is not None:
            self._utterance.stopped(at=self._tape.stopped_at, stop_s=frame.stop_secs)
        await self._tape.feed(self._active, frame)
        self._wait_for_words(since=self._clock())

    # --- what the rungs say ---------------------------------------------------------------------

    def _is_alive(self, rung: SttRung) -> None:
        rung.life.at = self._clock()
        if self._utterance is not None and self._utterance.speech_end is None:
            rung.life.speaks_while_listening = True

    def _is_wanted(self, rung: SttRung, frame: TranscriptionFrame) -> bool:
        is_second = self._second.is_of(rung)
        if rung.speaks_of_the_past:
            return False
        if rung is not self._active and not is_second:
            self._late.came(rung)
            return False
        if is_garbage(frame.text, audio_s=self._tape.seconds + 1.0):
            self._own(partial(self._failed, rung, "wrote what nobody said"), "garbage")
            return False
        if is_second:
            self._second.keep(frame)
            return False
        text = frame.text
        if self._utterance is not None:
            part = self._tape.coverage(rung, frame, self._utterance)
            # A repetition too is a sign that the audio has been read.
            self._conclude(rung, self._utterance.result(text, **asdict(part)))
        news = self._heard.news(text, by=rung.name)
        if not news.strip():
            return not text.strip()
        if news != text:
            frame.text, frame.result = news, None
        self._has_heard = True
        self.on_rung(rung.name)
        return True

    def _nothing_recognised(self, rung: SttRung, is_last: bool) -> None:
        if rung.speaks_of_the_past:
            return
        if self._second.is_of(rung):
            self._second.recognised_nothing()
        elif rung is not self._active:
            self._late.came(rung)
        elif self._utterance is not None:
            reading = self._utterance.result("", read_to=self._tape.ring.end, is_last=is_last)
            self._conclude(rung, reading)

    async def _said_nothing(self, rung: SttRung, *_: Any) -> None:
        self._nothing_recognised(rung, True)

    def _conclude(self, rung: SttRung, reading: Reading) -> None:
        utterance = self._utterance
        match reading:
            case Reading.READ:
                self._words_at, self._words_by = self._clock(), rung
                rung.patience.took(self._clock() - self._asked_at)
                rung.breaker.succeeded()
                rung.life.has_answered = True
                self._utterance_is_over(had_words=True)
            case Reading.EMPTY if self._continues_words_of(rung):
                # The end of a sentence whose words the recogniser has given already; another
                # recogniser would say them a second time.
                self._utterance_is_over(had_words=False)
            case Reading.EMPTY:
                self._own(partial(self._recognised_nothing, rung), "empty")
            case Reading.UNREAD if utterance is not None and utterance.has_words:
                self._words_at, self._words_by = self._clock(), rung
                self._tape.ring.forget_before(utterance.read_to)
                self._own(self._ask_about_the_rest, "rest")

    def _continues_words_of(self, rung: SttRung) -> bool:
        return rung is self._words_by and self._began_at - self._words_at < CONTINUATION_S

    async def _recognised_nothing(self, rung: SttRung) -> None:
        """Voice without words: noise, or a recogniser that does not work. The next one decides."""
        if rung is self._active and self._below(rung) is not None and self._doubted is None:
            self._doubted = rung
            await self._leave(rung, "recognised nothing where there was voice")
        elif rung is self._active:
            self._utterance_is_over(had_words=False)

    def _utterance_is_over(self, *, had_words: bool) -> None:
        self._nobody_waits()
        self._utterance = None
        self._tape.is_read()
        doubted, self._doubted = self._doubted, None
        if doubted is not None:
            if had_words:
                self._blame(doubted, "recognised nothing where there were words")
                doubted.connect_anew()
            else:
                self._way_back.forgiven(doubted.name)
        elif self._active is self._rungs[0] and had_words:
            self._way_back.best_serves_well()
        self._own(self._return_to_a_better_rung, "return")

    # --- waiting for the last word --------------------------------------------------------------

    def _wait_for_words(self, *, since: float) -> None:
        """Wait for the serving rung; the next one is asked for a second opinion on the way."""
        rung, self._asked_at = self._active, since
        self._watch.stop()
        utterance = self._utterance
        if utterance is None or utterance.speech_end is None or self._below(rung) is None:
            return
        began_at = self._utterance_began_at
        wait = wait_for(rung, utterance, began_at=began_at, hedge_ratio=self._hedge_ratio)
        self._watch.start(
            wait,
            since=since,
            doubt=partial(self._ask_a_second, rung),
            give_up=partial(self._give_up, rung, timeout_s=wait.timeout_s),
        )

    async def _ask_a_second(self, rung: SttRung) -> None:
        utterance, second = self._utterance, self._below(rung, among=can_hedge)
        if rung is not self._active or utterance is None or second is None:
            return
        if not utterance.is_covered:
            await self._second.ask(second, utterance)

    async def _ask_about_the_rest(self) -> None:
        """The serving rung has given a part after all: the second opinion is about the rest."""
        if self._second.is_asked:
            when_answered = self._second.drop()
            await self._ask_a_second(self._active)
            if self._second.pending is not None:
                self._second.pending.when_answered = when_answered

    def _nobody_waits(self) -> None:
        self._watch.stop()
        self._second.drop()

    async def _give_up(self, rung: SttRung, *, timeout_s: float, at_last: bool = False) -> None:
        if rung is not self._active or self._utterance is None:
            return
        if self._utterance.is_covered:
            # Only the confirmation that this was all is missing.
            self._utterance_is_over(had_words=True)
            return
        pending = self._second.pending
        if not at_last and pending is not None and self._below(pending.rung) is None:
            # Nobody else could be asked: whoever answers first is heard.
            give_up = partial(self._give_up, rung, timeout_s=timeout_s, at_last=True)
            pending.when_answered = partial(self._own, give_up, "answered")
            self._watch.wait_again(FIRST_COME_S, give_up=give_up)
            return
        self._late.is_due(rung, since=self._asked_at)
        await self._failed(rung, f"said nothing within {timeout_s:.1f} s")

    # --- failures -------------------------------------------------------------------------------

    async def _on_service_error(self, error: ErrorFrame) -> None:
        rung = next((r for r in self._rungs if r.service is error.processor), None)
        if rung is not None:
            # The text of an error may quote what was sent: the class says enough.
            what = error.category.value if error.category else "error"
            await self._failed(rung, what, permanent=not rung.service.is_usable)

    async def _failed(self, rung: SttRung, reason: str, *, permanent: bool = False) -> None:
        self._blame(rung, reason, permanent=permanent)
        if rung.late_since is None:
            rung.connect_anew()
        if self._second.is_of(rung):
            self._second.drop()
        if rung is self._active:
            await self._leave(rung, reason)

    def _blame(self, rung: SttRung, reason: str, *, permanent: bool = False) -> None:
        rung.breaker.failed(permanent=permanent, reason=reason)
        if not self._is_over:
            self._on_problem(f"stt:{rung.name}", RungFailedError(reason, permanent=permanent))

    async def _leave(self, rung: SttRung, reason: str) -> None:
        """The next rung takes over, with the caller's words if there are any."""
        hedge = self._second.take()
        successor = self._below(rung) if hedge is None else hedge.rung
        if successor is None:
            logger.warning("The last recogniser, {}, failed: {}", rung.name, reason)
            if self._utterance is not None and self._utterance.speech_end is not None:
                self._utterance_is_over(had_words=False)
            return
        if not self._is_over:
            logger.warning("{}: {}; {} takes over", rung.name, reason, successor.name)
        self._way_back.left(rung.name)
        await self._let_serve(successor)
        if hedge is not None:
            await self._take(hedge)
            return
        successor.breaker.allow()  # if it is to be tried again, this is the one attempt
        if self._utterance is None:
            await self._tape.catch_up(successor)
            return
        await self._tape.replay(successor, self._utterance)
        self._wait_for_words(since=self._clock())

    async def _take(self, hedge: Hedge) -> None:
        """The rung that was asked as well serves now: what it has said so far is heard."""
        rung = hedge.rung
        await self._tape.go_on(rung, from_=hedge.heard_to)
        self._wait_for_words(since=hedge.began_at)
        for frame in hedge.finals:
            if self._is_wanted(rung, frame):
                await self.push_frame(frame)
        if hedge.held is Held.NOTHING:
            self._nothing_recognised(rung, True)

    def _below(
        self, rung: SttRung, *, among: Callable[[SttRung], bool] = lambda _: True
    ) -> SttRung | None:
        """The best rung under another that could serve; the last one always could."""
        rest = [r for r in self._rungs[self._rungs.index(rung) + 1 :] if among(r)]
        return next((r for r in rest if r.is_ready), rest[-1] if rest else None)

    async def _let_serve(self, rung: SttRung) -> None:
        self._watch.stop()
        self._active = rung
        await self.strategy.use(rung.service)
        if not self._has_heard:
            self.on_rung(rung.name)  # who will hear the first words is what there is to tell

    # --- connections, and the way back ----------------------------------------------------------

    async def _connection_ended(self, rung: SttRung, end: ConnectionEnd) -> None:
        if not self._is_over:
            await self._failed(rung, end.reason, permanent=end.permanent)

    def _connection_is_up(self) -> None:
        self._own(self._return_to_a_better_rung, "connected")

    def _best(self) -> SttRung | None:
        return next((rung for rung in self._rungs if rung.is_ready), None)

    async def _return_to_a_better_rung(self) -> None:
        better = self._best()
        if self._is_over or self._utterance is not None or better is None:
            return
        if self._rungs.index(better) >= self._rungs.index(self._active):
            return
        if not self._way_back.take(better.name, now=self._clock()):
            return
        if not better.breaker.allow() and better.breaker.state is not BreakerState.HALF_OPEN:
            return
        if self._way_back.is_return(better.name):
            logger.info("{} serves again", better.name)
        await self._let_serve(better)
        # The caller may be beginning to speak; the voice detector gives notice a little later.
        await self._tape.catch_up(better)
