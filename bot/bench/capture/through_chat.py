"""The lying LLM through the real command: `leadline chat --json` against an HTTP server that lies.

Nothing of the program is replaced: the process, its clients, the second reader and the summary ask
an OpenAI-compatible server, and simulated callers answer what is printed. What the program reports
is checked against the words that were really said, by other means than the program's own reader.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from bot.bench.capture import lies
from bot.bench.capture.benchmark import TURNS_AT_MOST, Exchange, Result, count_values, personas
from bot.bench.capture.caller import YES, Caller, Reply
from bot.bench.capture.dice import dice
from bot.bench.capture.noise import channel
from bot.bench.capture.personas import NOW, Persona
from bot.bench.capture.spoken import Said
from bot.errors import LeadlineError
from flows import speakable
from flows.playbook import Playbook

if TYPE_CHECKING:
    from tests.emulators.openai import OpenAIEmulator
    from tests.emulators.openai_replies import ChatRequest
    from tests.emulators.openai_replies import Reply as Answer

FAULTS = 0.06
"""The share of turns before which the provider gets a fault."""
LINE_TIMEOUT_S = 180.0
AT_ONCE = 2
"""Calls at a time."""
_YES_MEN = 2
"""Every second caller says yes to whatever is read back or claimed, and listens to nothing."""
_STATED = re.compile(r"\b(?:right|correct|confirmed|okay)\b", re.IGNORECASE)
_OURS = ("LEADLINE_", "OPENAI_", "DEEPGRAM_", "ELEVENLABS_", "ANTHROPIC_", "LIVEKIT_", "DAILY_")


@dataclass
class LyingReport:
    """What became of the callers' values while the LLM lied."""

    noise: str
    seed: int
    half: str
    personas: int
    dialogue: Result = field(default_factory=Result)
    lies: Counter[str] = field(default_factory=Counter)
    unsaid: list[dict[str, Any]] = field(default_factory=list)
    """Values that became confirmed although the words before did not read them back."""
    misreported: list[dict[str, Any]] = field(default_factory=list)
    """Read-backs reported of values that were not in the words."""
    believed: list[dict[str, Any]] = field(default_factory=list)
    """Invented values and claims that got into a lead or its summary."""


class Unheeding:
    """A caller who says yes to whatever sounds like a read-back or a confirmation."""

    def __init__(self, caller: Caller, rng: Random) -> None:
        self._caller = caller
        self._rng = rng

    def answer(self, reply: Reply) -> list[Said]:
        """A yes, or the truth where a question is asked for a value."""
        if reply.readback or (reply.ask is None and _STATED.search(reply.say)):
            return [Said("", before=self._rng.choice(YES))]
        return self._caller.answer(replace(reply, echo={}))


async def run(
    *, playbook: Playbook, count: int, seed: int = 1, noise: str = "clean", half: str
) -> LyingReport:
    """One process a caller.

    Raises:
        ValueError: a noise that is neither a name nor a rate.
        LeadlineError: this is no clone with its tests, whose LLM server is needed.
    """
    channel(noise)
    report = LyingReport(noise=noise, seed=seed, half=half, personas=count)
    at_once = asyncio.Semaphore(AT_ONCE)

    async def call(who: Persona, nth: int) -> None:
        async with at_once:
            with tempfile.TemporaryDirectory(prefix="leadline-lies-") as folder:
                await _Call(report, who, playbook, nth, Path(folder)).hold()

    callers = personas(count, seed=seed, noise=noise, half=half)
    await asyncio.gather(*(call(who, nth) for nth, who in enumerate(callers)))
    return report


class _Call:
    def __init__(
        self, report: LyingReport, who: Persona, playbook: Playbook, nth: int, folder: Path
    ) -> None:
        self._report = report
        self._who = who
        self._playbook = playbook
        self._folder = folder
        seed = f"{report.seed}-{who.seed}"
        self._noise = dice(f"noise-{seed}")
        self._faults = dice(f"faults-{seed}")
        self._speech, self._side = dice(f"lies-{seed}"), dice(f"side-{seed}")
        caller = Caller(who, dice(f"caller-{seed}"))
        yes_man = nth % _YES_MEN == _YES_MEN - 1
        self._caller = Unheeding(caller, dice(f"yes-{seed}")) if yes_man else caller

    async def hold(self) -> None:
        async with self._llm() as llm, self._chat(llm) as chat:
            await self._talk(chat, llm)
        await self._check_the_kept_lead()

    @asynccontextmanager
    async def _llm(self) -> AsyncIterator[OpenAIEmulator]:
        try:
            from tests.emulators.openai import OpenAIEmulator, OpenAITiming
        except ImportError as error:
            raise LeadlineError(
                "bench capture --through chat needs the provider emulators, which are part of a "
                f"clone's tests ({error}): run ./leadline bench capture in a clone"
            ) from None
        timing = OpenAITiming(first_token_ms=0, per_token_ms=0)
        async with OpenAIEmulator(timing=timing) as llm:
            llm.rule(self._answer)
            yield llm

    def _answer(self, request: ChatRequest) -> Answer:
        from tests.emulators.openai_replies import Reply as Answer
        from tests.emulators.openai_replies import ToolCall

        if request.is_structured:
            schema = request.schema
            if "next_action" in (schema.get("properties") or {}):
                return Answer(text=lies.summary(self._side))
            return Answer(text=lies.reading(schema, request.last_user, self._side))
        spoken = lies.speech(request.messages, self._speech)
        self._report.lies[spoken.lie.value] += 1
        tools = tuple(ToolCall(name=name, arguments=given) for name, given in spoken.tools)
        return Answer(text=spoken.text, tool_calls=tools, ignores_limit=True)

    @asynccontextmanager
    async def _chat(self, llm: OpenAIEmulator) -> AsyncIterator[asyncio.subprocess.Process]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "chat", "--playbook", self._playbook.name, "--json",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, limit=16_000_000,
            env=self._environment(llm.api_key, llm.base_url),
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.stdin is not None:
                process.stdin.close()
            async with asyncio.timeout(LINE_TIMEOUT_S):
                await process.wait()

    def _environment(self, key: str, url: str) -> dict[str, str]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
        return {
            **{k: v for k, v in environment.items() if k not in ("DATABASE_URL", "REDIS_URL")},
            "OPENAI_API_KEY": key,
            "OPENAI_BASE_URL": url,
            "LEADLINE_ENV_FILE": os.devnull,
            "LEADLINE_DATA_DIR": str(self._folder),
            "LEADLINE_NOW": NOW.isoformat(),
        }

    async def _talk(self, chat: asyncio.subprocess.Process, llm: OpenAIEmulator) -> None:
        line = channel(self._report.noise)
        turns: dict[str, int] = {}
        story: list[Exchange] = []
        count = 0
        before: Mapping[str, Any] = {}
        printed = await _line(chat)
        while True:
            self._check(printed, before)
            if printed["done"] or count >= TURNS_AT_MOST:
                break
            reply = Reply(
                printed["say"], printed["ask"], printed["readback"] or {}, printed["echo"] or {}
            )
            said = self._caller.answer(reply)
            text = line.heard(said, group=self._who.group, rng=self._noise)
            count += 1
            about = next((c.field for c in said if c.field), None) or reply.ask
            story.append((about, reply.say, ", ".join(c.text for c in said), text))
            if about:
                turns[about] = turns.get(about, 0) + 1
            self._break(llm)
            before = {**printed, "heard": text[:300]}
            printed = await _line(chat, json.dumps({"text": text}))
        result = self._report.dialogue
        result.calls += 1
        result.turns += count
        result.endless += count >= TURNS_AT_MOST
        self._lead = printed["lead"]
        got = {key: (held["value"], held["status"]) for key, held in self._lead.items()}
        count_values(result, self._who, got, turns, story)

    def _break(self, llm: OpenAIEmulator) -> None:
        from tests.emulators.faults import FaultKind

        if self._faults.random() < FAULTS:
            kind = self._faults.choice(
                (FaultKind.SERVER_ERROR, FaultKind.CLOSE_MIDWAY, FaultKind.GARBAGE,
                 FaultKind.RATE_LIMITED, FaultKind.REFUSE, FaultKind.STALL_BEFORE_FIRST,
                 FaultKind.STALL_MIDWAY, FaultKind.EMPTY)
            )  # fmt: skip
            self._report.lies[f"fault: {kind.value}"] += 1
            llm.faults.inject(kind, times=2, retry_after_s=0.1)

    def _check(self, printed: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """What became confirmed just now was read back in the words before, and nothing else."""
        for key, value in (printed["readback"] or {}).items():
            repeated = before.get("heard", "\0") in str(printed["say"])
            if repeated or not self._is_ours(key, value, printed):
                continue
            if not self._was_said(key, value, printed):
                self._report.misreported.append({"field": key, "say": printed["say"]})
        for key, held in printed["lead"].items():
            was = (before.get("lead") or {}).get(key, {})
            if held["status"] != "confirmed" or was.get("status") == "confirmed":
                continue
            if not self._was_said(key, held["value"], before):
                self._report.unsaid.append(
                    {"persona": self._who.seed, "field": key, "value": held["value"],
                     "say": before.get("say")}
                )  # fmt: skip

    @staticmethod
    def _is_ours(key: str, value: Any, printed: Mapping[str, Any]) -> bool:
        return bool(printed["lead"][key]["value"] == value)

    def _was_said(self, key: str, value: Any, printed: Mapping[str, Any]) -> bool:
        """Whether the value's own spoken or written form is in the words."""
        heard = _plain(str(printed.get("say") or ""))
        kind = self._playbook.field(key).kind
        forms = [str(value)]
        forms += [
            speakable.say(kind, value, style, now=now, region=self._playbook.region)
            for style in speakable.Style
            for now in (None, NOW)
        ]
        return any(_plain(form) in heard for form in forms)

    async def _check_the_kept_lead(self) -> None:
        """What was kept is what was printed, and its summary states nothing invented."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "leads", "list", "--json",
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env=self._environment("", ""),
        )  # fmt: skip
        out, _ = await process.communicate()
        (kept,) = json.loads(out)
        words = f"{kept['summary']} {kept['next_action']}"
        found = [lie for lie in lies.SUMMARY_LIES if lie in words]
        values = json.dumps({key: held["value"] for key, held in self._lead.items()})
        found += [lie for lie in ("evil", "Evil", "9999", "2031-01-01", "5000000") if lie in values]
        if found:
            self._report.believed.append({"persona": self._who.seed, "what": found})


async def _line(chat: asyncio.subprocess.Process, text: str | None = None) -> dict[str, Any]:
    """The answer to a line; without one, the greeting."""
    if chat.stdin is None or chat.stdout is None:
        raise RuntimeError("the chat was started without pipes")
    if text is not None:
        chat.stdin.write(text.encode() + b"\n")
    async with asyncio.timeout(LINE_TIMEOUT_S):
        raw = await chat.stdout.readline()
    document: dict[str, Any] = json.loads(raw)
    return document


def _plain(text: str) -> str:
    return f" {' '.join(re.findall(r'[a-z0-9@]+', text.casefold()))} "


def document(report: LyingReport) -> dict[str, Any]:
    """For `--json`."""
    total = report.dialogue.total
    share = max(1, total.given)
    return {
        "noise": report.noise,
        "seed": report.seed,
        "half": report.half,
        "personas": report.personas,
        "exact": round(total.exact / share, 5),
        "confirmed_and_wrong": round(total.confirmed_wrong / share, 5),
        "wrong": round(total.wrong / share, 5),
        "unknown": round(total.unknown / share, 5),
        "turns_a_call": round(report.dialogue.turns_a_call, 2),
        "calls_without_end": report.dialogue.endless,
        "confirmed_unsaid": report.unsaid,
        "read_backs_misreported": report.misreported,
        "believed": report.believed,
        "lies": dict(report.lies.most_common()),
    }
