"""One call, from the caller's arrival to the saved record. Owns its clock and its budgets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, cast

from loguru import logger
from pipecat.frames.frames import EndFrame, ErrorFrame, InterruptionFrame, TTSSpeakFrame
from pipecat.observers.service_metrics_observer import (
    ServiceMetricsObserver,
    ServiceUsageKind,
    ServiceUsageRecord,
)
from pipecat.observers.user_bot_latency_observer import (
    LatencyBreakdown,
    MeasuredFrom,
    UserBotLatencyObserver,
)
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.workers.runner import WorkerRunner

from bot import heap
from bot.answer_watch import AnswerWatch
from bot.call_limits import Refusal, busy_line
from bot.clock import call_clock
from bot.config import Settings
from bot.cost import CostMeter
from bot.errors import LeadlineError
from bot.interview import CallListener, Interview
from bot.latency import parts_ms, summarise
from bot.pipeline import Chain, build_pipeline
from bot.problems import Problems
from bot.records import CallRecord, EndReason, Rungs
from bot.resumed_call import (
    history,
    new_record,
    opening_line,
    resumed_record,
    transcript_so_far,
)
from bot.rtvi_feed import RTVIFeed
from bot.second_reader import SecondReader
from bot.services.continuation import ReplyPlan
from bot.services.experience import Experience, new_experience
from bot.services.llm import build_llm
from bot.services.stt import build_stt
from bot.services.tts import build_tts
from bot.services.turn_budget import TurnBudget
from bot.storage.leases import Lease
from bot.storage.recorder import Recorder
from bot.storage.session import Session
from bot.storage.sessions import SessionStore
from bot.storage.store import Store
from bot.summariser import Summariser
from bot.tenure import Tenure
from bot.transports import Line, room_taken_error
from flows.conversation import Conversation
from flows.playbook import Playbook
from flows.prompt import system_prompt
from processors.attempt import Attempt, tagged
from processors.bridge import SilenceBridge
from processors.directive import DirectiveProcessor
from processors.lead_qualification import LeadQualificationProcessor

SAMPLE_RATE_IN_HZ = 16_000
SAMPLE_RATE_OUT_HZ = 24_000
GOODBYE_GRACE_S = 15.0
"""How long a goodbye may take to be spoken before the call is cut all the same."""


Refuses = Callable[[str | None], Awaitable[Refusal | None]]
"""By the caller's telephone number, if it is known: why the call is not taken."""


class Call:
    """One call on one line. Create it, then `await run()` once."""

    def __init__(
        self,
        *,
        settings: Settings,
        playbook: Playbook,
        line: Line,
        room: str,
        store: Store | None,
        listeners: Sequence[CallListener] = (),
        call_id: str | None = None,
        experience: Experience | None = None,
        sessions: SessionStore | None = None,
        lease: Lease | None = None,
        resume: Session | None = None,
        refuses: Refuses | None = None,
    ) -> None:
        """Prepare the chain; nothing is connected before `run`.

        Args:
            settings: read once, at the process's start.
            playbook: what to say and to learn.
            line: the transport, with whom we talk.
            room: the room's name, for the record.
            store: where the call is kept; None keeps nothing.
            listeners: who watches the call live.
            call_id: the call's id; a new one by default.
            experience: what the process has learnt about its providers; by default the call has
                an experience of its own, shared through Redis where there is one.
            sessions: where a checkpoint is kept after every turn; None keeps none.
            lease: this bot's right to the call, given back at its end; when it is lost, the bot
                neither writes nor speaks and leaves the room.
            resume: the session of the call's last bot, to go on from.
            refuses: asked before the greeting; a caller who is refused hears the playbook's `busy`
                line, and the call is over.

        Raises:
            SnapshotError: the session belongs to another playbook, or another version.
        """
        self._settings = settings
        self._playbook = playbook
        self._line = line
        self._listeners = list(listeners)
        self._store = store
        if store is not None:
            store.route(playbook.name, playbook.deliver_to)
        self._clock = call_clock(settings.now)
        self._resume = resume
        self._refuses = refuses
        self._conversation = (
            Conversation(playbook=playbook, clock=self._clock, recorded=settings.recorded)
            if resume is None
            else Conversation.restore(resume.conversation, playbook=playbook, clock=self._clock)
        )
        self._record = (
            new_record(room=room, transport=line.name, playbook=playbook.name, call_id=call_id)
            if resume is None
            else resumed_record(resume, room=room, transport=line.name)
        )
        self._caller_id = resume.caller_id if resume else None
        self._tenure = Tenure(
            call=self._record, conversation=self._conversation, lease=lease, sessions=sessions
        )
        self._cost = CostMeter(before=self._record.cost)
        self._experience = experience or new_experience(settings)
        self._problems = Problems()
        self._tasks: set[asyncio.Task[None]] = set()
        self._caller_present = asyncio.Event()
        self._end_reason: EndReason | None = None
        self._error: LeadlineError | None = None
        self._greeted = False
        self._silences = 0
        self._idle_question: Attempt | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._second_reader: SecondReader | None = None
        self._summariser: Summariser | None = None

    @property
    def call_id(self) -> str:
        """The call's id."""
        return self._record.call_id

    async def run(self) -> CallRecord:
        """Talk until the conversation is over, the caller is gone, or a budget is used up.

        Returns:
            The call's record, saved if there is a store.

        Raises:
            LeadlineError: the line could not be used at all.
        """
        heap.settle()
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._tenure.running())
            recorder = None
            if self._store is not None:
                recorder = await stack.enter_async_context(
                    self._tenure.recorder(self._store, data_dir=self._settings.data_dir)
                )
            await stack.enter_async_context(self._experience.breakers.running())
            worker = self._build(recorder)
            feed = RTVIFeed(worker=worker, snapshot=self._interview.lead_record)
            self._listeners.append(feed)
            stack.push_async_callback(self._cancel_tasks)
            stack.push_async_callback(self._stop_reading)
            self._own(feed.run(), "rtvi-feed")
            self._interview.begin()
            self._checkpoint()
            self._own(self._tenure.watch(lambda: self.hang_up("failed")), "lease")
            if not self._conversation.done:  # Its last bot may have died after the goodbye.
                await self._talk(worker)
            return await self._finish(recorder)

    def rehearse(self) -> None:
        """Build the chain of a call that never takes place, for all that is imported meanwhile."""
        self._build(None)

    async def hang_up(self, reason: EndReason) -> None:
        """End the call now, without another word."""
        self._end_reason = self._end_reason or reason
        await self._runner.cancel()

    def ask_to_end(self) -> None:
        """Hang up from a signal handler: we are told to go."""
        self._own(self.hang_up("drained"), "hang-up")

    # --- the line (LineListener) ----------------------------------------------------------------

    async def caller_joined(self, caller_id: str) -> None:
        """Greet the caller once; a caller who comes back finds the call as they left it."""
        if self._leaving:
            self._leaving.cancel()
            self._leaving = None
        self._caller_present.set()
        self._caller_id = caller_id
        if self._greeted or await self._is_refused(caller_id):
            return
        opening = self._opening_line()
        self._greeted = True
        self._checkpoint()
        for listener in self._listeners:
            listener.call_started(self.call_id)
        await self._say(opening)

    async def _is_refused(self, caller_id: str) -> bool:
        """A caller who is one too many hears one polite sentence."""
        if self._refuses is None or self._resume is not None:
            return False
        refusal = await self._refuses(self._line.phone_of(caller_id))
        if refusal is None:
            return False
        logger.warning("The caller of call {} is refused: {}", self.call_id, refusal)
        self._greeted, self._end_reason = True, "busy"
        await self._say(busy_line(self._playbook), then_end=True)
        return True

    async def caller_left(self, caller_id: str, *, on_purpose: bool) -> None:
        """End the call, at once or, if the connection broke, after a grace."""
        if on_purpose:
            await self.hang_up(self._reason_of_the_end())
        elif self._leaving is None:
            self._leaving = self._own(self._hang_up_unless_back(), "rejoin-grace")

    async def line_lost(self) -> None:
        """Our own connection is gone for good; the transport has given up reconnecting."""
        await self.hang_up(self._conversation_outcome() or "failed")

    async def room_taken(self, identity: str) -> None:
        """Another bot was here first: leave the room to it."""
        self._error = room_taken_error(self._record.room)
        await self.hang_up("failed")

    def _opening_line(self) -> str:
        return opening_line(self._resume, self._conversation)

    def _checkpoint(self) -> None:
        self._tenure.checkpoint(
            transcript=self._interview.transcript,
            cost=self._cost.cost(),
            caller_id=self._caller_id,
        )

    # --- the chain ------------------------------------------------------------------------------

    def _build(self, recorder: Recorder | None) -> PipelineWorker:
        settings, conversation = self._settings, self._conversation
        stt = build_stt(settings, self._experience, on_problem=self._problems.add)
        budget = TurnBudget()
        llm = build_llm(
            settings,
            system_prompt=system_prompt(self._playbook),
            plan=lambda: ReplyPlan(conversation.reply(), conversation.essential_line()),
            must_be_scripted=lambda: conversation.must_be_scripted,
            experience=self._experience,
            budget=budget,
            on_problem=self._problems.add,
        )
        tts = build_tts(
            settings,
            experience=self._experience,
            opening_line=self._opening_line(),
            beginnings=(self._playbook.resume, self._playbook.welcome_back),
            budget=budget,
            on_problem=self._problems.add,
        )
        stt_names = {rung.service.name: rung.name for rung in stt.rungs}
        self._service_names: dict[ServiceUsageKind, Callable[[str], str]] = {
            ServiceUsageKind.STT: lambda processor: stt_names.get(processor, stt.serving),
            ServiceUsageKind.LLM: llm.name_of,
            ServiceUsageKind.TTS: tts.name_of,
        }
        self._interview = Interview(
            conversation=conversation,
            call=self._record,
            rungs=lambda: Rungs(stt=stt.serving, llm=llm.rung_name, tts=tts.rung_name),
            recorder=recorder,
            listeners=self._listeners,
            generated_text=lambda: llm.generated_text,
            transcript=transcript_so_far(self._record, conversation),
        )
        self._answers = AnswerWatch(
            answer_again=self._answer_again, is_at_work=lambda: tts.is_at_work
        )
        self._interview.on_bot_audible = self._answers.bot_is_heard
        self._interview.on_reply_heard = self._after_reply
        self._interview.on_turn_over = self._checkpoint
        self._interview.on_words = self._tenure.keep_the_words
        self._read_twice()
        stt.on_rung = self._interview.heard_by
        chain = build_pipeline(
            settings=settings,
            transport=self._line.transport,
            stt=stt,
            lead_qualification=LeadQualificationProcessor(hearing=self._interview),
            directive=DirectiveProcessor(directive=lambda: conversation.directive().as_prompt()),
            llm=llm,
            tts=tts,
            bridge=SilenceBridge(phrase=tts.bridge, sample_rate=SAMPLE_RATE_OUT_HZ),
            may_interrupt=lambda: self._resume is None or self._interview.has_bot_been_heard,
        )
        chain.context.add_messages(history(self._record, self._conversation))
        self._line.output.listen(self._interview)
        self._line.output.hold_while(lambda: not self._tenure.may_be_heard)
        self._line.attach(self)
        self._follow_turns(chain)
        return PipelineWorker(
            chain.pipeline,
            params=PipelineParams(
                audio_in_sample_rate=SAMPLE_RATE_IN_HZ,
                audio_out_sample_rate=SAMPLE_RATE_OUT_HZ,
                enable_metrics=True,
                enable_usage_metrics=True,
            ),
            observers=[self._latency_observer(), self._usage_observer()],
            idle_timeout_secs=None,
        )

    def _read_twice(self) -> None:
        """With a key for an LLM a second reader reads what the rules cannot."""
        if self._settings.openai_api_key is None:
            return
        self._second_reader = SecondReader(
            settings=self._settings,
            conversation=self._conversation,
            on_accepted=self._interview.second_reading_accepted,
        )
        self._summariser = Summariser(settings=self._settings, conversation=self._conversation)
        self._interview.on_caller_turn_ended = self._second_reader.caller_turn_ended

    async def _stop_reading(self) -> None:
        if self._second_reader is not None:
            await self._second_reader.aclose()
        if self._summariser is not None:
            await self._summariser.aclose()

    def _follow_turns(self, chain: Chain) -> None:
        async def started(*_: Any) -> None:
            self._silences = 0
            self._answers.caller_speaks()
            if self._idle_question is not None:
                self._idle_question.kill()
            self._interview.caller_started_speaking()

        async def stopped(*_: Any) -> None:
            self._interview.caller_stopped_speaking()
            self._answers.caller_has_spoken()

        async def idle(*_: Any) -> None:
            await self._break_the_silence()

        chain.user.add_event_handler("on_user_turn_started", started)
        chain.user.add_event_handler("on_user_turn_stopped", stopped)
        chain.user.add_event_handler("on_user_turn_idle", idle)

    def _latency_observer(self) -> UserBotLatencyObserver:
        async def measured(_: Any, breakdown: LatencyBreakdown) -> None:
            if breakdown.measured_from is not MeasuredFrom.CLIENT_CONNECTED:
                parts = parts_ms(breakdown.contributions)
                if parts:
                    self._interview.answered_in(parts)

        observer = UserBotLatencyObserver()
        observer.add_event_handler("on_latency_breakdown", measured)
        return observer

    def _usage_observer(self) -> ServiceMetricsObserver:
        async def used(_: Any, usage: ServiceUsageRecord) -> None:
            self._cost.used(self._service_names[usage.kind](usage.processor), usage)

        observer = ServiceMetricsObserver()
        observer.add_event_handler("on_service_usage", used)
        return observer

    # --- the conversation -----------------------------------------------------------------------

    async def _talk(self, worker: PipelineWorker) -> None:
        self._worker = worker
        self._runner = WorkerRunner(handle_sigint=False, handle_sigterm=False)

        async def failed(_: Any, frame: ErrorFrame) -> None:
            logger.warning("A service failed, the call goes on: {}", frame.error)

        worker.add_event_handler("on_pipeline_error", failed)
        await self._runner.add_workers(worker)
        self._own(self._wait_for_the_caller(), "no-caller")
        self._own(self._watch_the_duration(), "max-duration")
        try:
            await self._runner.run()
        except asyncio.CancelledError:
            self._end_reason = self._end_reason or "drained"
            raise

    async def _answer_again(self) -> None:
        line = self._conversation.reply()
        if line and self._end_reason is None and not self._conversation.done:
            await self._worker.queue_frame(InterruptionFrame())
            await self._say(line)

    async def _say(
        self, text: str, *, then_end: bool = False, attempt: Attempt | None = None
    ) -> None:
        self._interview.will_say(text)
        frame = TTSSpeakFrame(text, append_to_context=True)
        await self._worker.queue_frame(tagged(frame, attempt) if attempt else frame)
        if then_end:
            await self._worker.queue_frame(EndFrame())

    def _after_reply(self) -> None:
        if self._conversation.done and self._end_reason is None:
            self._end_reason = self._conversation_outcome() or "completed"
            if self._summariser is not None:
                self._summariser.begin()
            self._own(self._end_gracefully(), "end")
        elif self._end_reason is None and (spent := self._spent_budget()):
            logger.warning("The call ends: {}", spent)
            self._own(self._end_at_the_limit(), "budget")

    def _spent_budget(self) -> str | None:
        """Which of the call's budgets is used up."""
        settings, cost = self._settings, self._cost
        turns = sum(turn.role == "bot" for turn in self._interview.transcript.turns)
        if turns >= settings.max_turns:
            return f"{turns} turns of LEADLINE_MAX_TURNS"
        if cost.tokens >= settings.max_tokens:
            return f"{cost.tokens} tokens of LEADLINE_MAX_TOKENS"
        if (usd := cost.cost().total_usd) >= settings.max_usd:
            return f"{usd:.2f} dollars of LEADLINE_MAX_USD"
        return None

    async def _end_gracefully(self) -> None:
        await self._worker.queue_frame(EndFrame())
        await asyncio.sleep(GOODBYE_GRACE_S)
        logger.warning("The chain did not end by itself; it is cut")
        await self._runner.cancel()

    async def _break_the_silence(self) -> None:
        if self._answers.is_due:
            return  # It is the caller who waits.
        self._silences += 1
        line = self._conversation.silence(self._silences)
        if line is None:
            return
        last = self._conversation.silence(self._silences + 1) is None
        if last:
            self._end_reason = self._end_reason or self._reason_of_the_end()
        # The caller may begin to speak before it is heard.
        self._idle_question = None if last else Attempt()
        await self._say(line, then_end=last, attempt=self._idle_question)

    async def _wait_for_the_caller(self) -> None:
        try:
            await asyncio.wait_for(self._caller_present.wait(), self._settings.no_caller_timeout_s)
        except TimeoutError:
            logger.info("Nobody came within {} s", self._settings.no_caller_timeout_s)
            await self.hang_up("no_caller")

    async def _watch_the_duration(self) -> None:
        before_s = 0.0
        if self._resume is not None and self._resume.ended is None:
            before_s = (datetime.now(UTC) - self._record.started_at).total_seconds()
        await asyncio.sleep(max(0.0, self._settings.max_call_s - before_s))
        await self._end_at_the_limit()

    async def _end_at_the_limit(self) -> None:
        """A goodbye and not a cut; what it leaves open is a matter of the lead."""
        self._end_reason = self._end_reason or "max_duration"
        await self._say(self._playbook.closings.incomplete, then_end=True)
        await asyncio.sleep(GOODBYE_GRACE_S)
        await self._runner.cancel()

    async def _hang_up_unless_back(self) -> None:
        await asyncio.sleep(self._settings.rejoin_grace_s)
        await self.hang_up(self._reason_of_the_end())

    def _conversation_outcome(self) -> EndReason | None:
        return cast("EndReason | None", self._conversation.outcome)

    def _reason_of_the_end(self) -> EndReason:
        return self._conversation_outcome() or "caller_left"

    # --- the end --------------------------------------------------------------------------------

    async def _finish(self, recorder: Recorder | None) -> CallRecord:
        self._interview.close()
        transcript = self._interview.transcript
        record = self._record.model_copy(
            update={
                "ended_at": datetime.now(UTC),
                "end_reason": self._end_reason or self._reason_of_the_end(),
                "turns": transcript.turns,
                "latency": summarise(transcript.turns, transcript.latencies),
                "cost": self._cost.cost(),
                "problems": self._problems.records,
            }
        )
        await self._keep_the_end(record, recorder)
        for listener in self._listeners:
            listener.call_ended(record)
        if self._error:
            raise self._error
        return record

    async def _keep_the_end(self, record: CallRecord, recorder: Recorder | None) -> None:
        if recorder and not self._tenure.is_lost:
            await self._save(recorder, record)
        if self._tenure.is_lost:  # The database may have been the first to tell.
            if recorder:
                recorder.abandon()
            return
        await self._tenure.end(
            record.end_reason or "failed",
            transcript=self._interview.transcript,
            cost=record.cost,
            caller_id=self._caller_id,
            is_vain=self._error is not None,  # Another bot has the room.
        )

    async def _save(self, recorder: Recorder, record: CallRecord) -> None:
        """The lead is safe before an LLM is waited for; a better summary is its next revision."""
        # Who is told to go has no time for a better summary.
        summariser = self._summariser if record.end_reason != "drained" else None
        if summariser is not None:
            summariser.begin()
            self._interview.written = await summariser.result(wait_s=0)
        await recorder.finish(record, self._interview.lead_record())
        if summariser is not None and summariser.pending:
            self._interview.written = await summariser.result()
            if self._interview.written is not None:
                await recorder.finish(record, self._interview.lead_record())

    def _own(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"{name}-{self.call_id[:8]}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _cancel_tasks(self) -> None:
        self._answers.close()
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
