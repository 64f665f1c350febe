"""The sample call: a simulated caller calls this server as a browser would, and everyone watches.

What happened is kept as a list of messages, so that who comes late sees all of it, and recorded.
"""

from __future__ import annotations

import asyncio
import contextlib
import wave
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Literal

from loguru import logger

from bot.caller.peer import Recording
from bot.caller.persona import Persona
from bot.caller.simulated import CallReport, SimulatedCaller
from bot.errors import LeadlineError
from bot.records import CallRecord, LeadRecord, TurnLatency, TurnRecord

SampleState = Literal["waiting", "running", "done", "failed"]
MAX_MESSAGES = 20_000
"""Many times what a call of a few minutes sends."""
MAX_WATCHERS = 32
SHOWN_MESSAGES = frozenset(
    {
        "user-transcription",
        "bot-output",
        "user-started-speaking",
        "user-stopped-speaking",
        "bot-started-speaking",
        "bot-stopped-speaking",
        "server-message",
    }
)
"""RTVI messages that the page draws; metrics and raw LLM tokens stay out of the list."""

MakeCaller = Callable[[Persona, Callable[[dict[str, Any]], None]], SimulatedCaller]
"""A caller on a fresh peer, who passes on every message of the bot."""


class TooManyWatchersError(LeadlineError):
    """More pages are open than one demo serves."""


class SampleCall:
    """One sample call at a time; the next one replaces it."""

    def __init__(self, *, persona: Persona, make_caller: MakeCaller, folder: str | Path) -> None:
        """Recordings are written to `folder`, which the owner removes."""
        self.persona = persona
        self.state: SampleState = "waiting"
        self.error: str | None = None
        self.report: CallReport | None = None
        self.recording: Recording | None = None
        self.wav: Path | None = None
        self._make_caller = make_caller
        self._folder = Path(folder)
        self._messages: list[dict[str, Any]] = []
        self._first_id = 0
        self._task: asyncio.Task[None] | None = None
        self._watchers: set[asyncio.Event] = set()
        self._closed = False
        self._ended = asyncio.Event()

    def place(self) -> bool:
        """Start a call; False if one is running."""
        if self._closed or (self._task is not None and not self._task.done()):
            return False
        # Identifiers go on counting, so that a page that reconnects never mixes two calls.
        self._first_id += len(self._messages)
        self._messages = []
        self.report = self.error = self.recording = self.wav = None
        self._ended.clear()
        self._enter("waiting")
        self._task = asyncio.create_task(self._run())
        return True

    async def ended(self) -> None:
        """Wait until the call is over."""
        await self._ended.wait()

    async def close(self) -> None:
        """End the call if it runs, and every stream of events."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._wake_watchers()

    @property
    def duration_s(self) -> float | None:
        """Length of the finished call in seconds."""
        return self.report.duration_s if self.report else None

    def settle(self, call: CallRecord, lead: LeadRecord | None) -> None:
        """Complete the page with the saved record: the line to the caller closes before the last
        turn and the end could be told over it."""
        told = {turn["n"] for turn in self.as_json()["turns"]}
        for turn in call.turns:
            if turn.n not in told:
                self._tell({"type": "leadline.turn", "turn": turn.model_dump(mode="json")})
        if lead is not None:
            self._tell(
                {
                    "type": "leadline.lead",
                    "lead": lead.fields,
                    "score": lead.score,
                    "disposition": lead.disposition,
                }
            )
        ended = {"state": "ended", "call_id": call.call_id, "end_reason": call.end_reason}
        self._tell({"type": "leadline.call", **ended})

    def _tell(self, data: dict[str, Any]) -> None:
        self._append({"type": "server-message", "data": data})

    def as_json(self) -> dict[str, Any]:
        """What ``GET /api/sample`` answers: the state and all that is settled so far."""
        turns: dict[int, dict[str, Any]] = {}
        latency: dict[int, dict[str, Any]] = {}
        document: dict[str, Any] = {
            **self._status(),
            "call_id": None,
            "end_reason": None,
            "lead": {},
            "score": None,
            "disposition": None,
        }
        for message in self._messages:
            data = message.get("data") or {}
            match data.get("type") if message["type"] == "server-message" else None:
                case "leadline.call":
                    document["call_id"] = data.get("call_id")
                    document["end_reason"] = data.get("end_reason")
                case "leadline.lead":
                    document |= {key: data.get(key) for key in ("lead", "score", "disposition")}
                case "leadline.turn":
                    turns[data["turn"]["n"]] = data["turn"]
                case "leadline.latency":
                    latency[data["n"]] = {key: data[key] for key in data if key != "type"}
        document["turns"] = [turns[n] for n in sorted(turns)]
        document["latency"] = [latency[n] for n in sorted(latency)]
        return document

    async def events(self, after: int = -1) -> AsyncIterator[tuple[int, dict[str, Any]]]:
        """Every message with its identifier, from the one after `after` on; goes on as they come.

        Raises:
            TooManyWatchersError: `MAX_WATCHERS` are watching already.
        """
        if len(self._watchers) >= MAX_WATCHERS:
            raise TooManyWatchersError("too many pages watch this demo; close one")
        news = asyncio.Event()
        self._watchers.add(news)
        try:
            position = after + 1
            while not self._closed:
                news.clear()
                # A page of an earlier call, or of an earlier server, begins with what there is.
                if not self._first_id <= position <= self._first_id + len(self._messages):
                    position = self._first_id
                for message in self._messages[position - self._first_id :]:
                    yield position, message
                    position += 1
                await news.wait()
        finally:
            self._watchers.discard(news)

    def _status(self) -> dict[str, Any]:
        return {
            "state": self.state,
            "caller": self.persona.title,
            "company": self.persona.truth.get("company"),
            "error": self.error,
            "duration_s": self.duration_s,
        }

    async def _run(self) -> None:
        try:
            caller = self._make_caller(self.persona, self._take)
            self.recording = caller.recording
            self._enter("running")
            self.report = await caller.run()
            self.wav = await asyncio.to_thread(self._save, caller.recording)
            self._enter("done")
        except LeadlineError as error:
            self._fail(str(error))
        except Exception as error:
            # The demo goes on, and says what happened.
            logger.opt(exception=error).error("The sample call failed")
            self._fail("something went wrong; `leadline doctor` may know what")
        finally:
            self._ended.set()

    def _fail(self, why: str) -> None:
        self.error = why
        self._enter("failed")

    def _enter(self, state: SampleState) -> None:
        self.state = state
        self._append({"type": "sample", "data": self._status()})

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("type") in SHOWN_MESSAGES:
            self._append({"type": message["type"], "data": message.get("data")})

    def _append(self, message: dict[str, Any]) -> None:
        if len(self._messages) >= MAX_MESSAGES:
            return
        # On the recording's clock once there is one, so that a line can be found in the sound.
        elapsed = self.recording.elapsed_s if self.recording else 0.0
        self._messages.append({"t": round(elapsed, 3), **message})
        self._wake_watchers()

    def _wake_watchers(self) -> None:
        for news in self._watchers:
            news.set()

    def _save(self, recording: Recording) -> Path:
        path = self._folder / f"sample-{self._first_id}.wav"
        with contextlib.closing(wave.open(str(path), "wb")) as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(recording.sample_rate)
            file.writeframes(recording.mono())
        return path


class SampleListener:
    """A `CallListener` of the bot that completes the page when the call is saved."""

    def __init__(self, sample: SampleCall) -> None:
        self._sample = sample
        self._lead: LeadRecord | None = None

    def call_started(self, call_id: str) -> None:
        """The page knows by the call's own messages."""

    def turn_ended(self, turn: TurnRecord) -> None:
        """The same."""

    def latency_measured(self, latency: TurnLatency) -> None:
        """The same."""

    def lead_changed(self, lead: LeadRecord) -> None:
        """The newest counts."""
        self._lead = lead

    def call_ended(self, call: CallRecord) -> None:
        """All is saved now."""
        self._sample.settle(call, self._lead)
