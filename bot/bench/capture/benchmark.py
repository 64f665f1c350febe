"""Runs simulated callers through the real dialogue and counts what became of their values."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bot.bench.capture.caller import Caller, Reply, by_ear
from bot.bench.capture.dice import dice
from bot.bench.capture.lying import LyingLLM
from bot.bench.capture.naive import NaiveFiller
from bot.bench.capture.noise import Channel, Recogniser, channel, recorded_pairs
from bot.bench.capture.personas import NOW, Persona, persona
from bot.bench.capture.record_pairs import recorded_persona
from flows.capture import warm_up
from flows.conversation import Conversation
from flows.lead import same_value
from flows.playbook import Playbook

TURNS_AT_MOST = 80
Exchange = tuple[str | None, str, str, str]
"""The field it is about, what the bot said, what the caller said, and what was heard of it."""
HELD_OUT_EVERY = 2
"""Every second persona, and every second recorded speaker, is only reported, never looked at."""


@dataclass
class FieldCount:
    """What became of one field over all calls in which the caller gives it."""

    given: int = 0
    exact: int = 0
    confirmed_wrong: int = 0
    wrong: int = 0
    unknown: int = 0
    turns: int = 0

    def add(self, other: FieldCount) -> None:
        for name, value in asdict(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Result:
    """One way of filling, over many calls."""

    fields: dict[str, FieldCount] = field(default_factory=dict)
    calls: int = 0
    turns: int = 0
    endless: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)
    """Each value that is not exact, with the turns that were about it."""

    @property
    def total(self) -> FieldCount:
        total = FieldCount()
        for count in self.fields.values():
            total.add(count)
        return total

    @property
    def turns_a_call(self) -> float:
        return self.turns / self.calls if self.calls else 0.0


@dataclass
class Latency:
    """Milliseconds of the thread's CPU time, one entry a call of the method: what the machine's
    other work takes does not count."""

    caller_said: list[float] = field(default_factory=list)
    bot_heard: list[float] = field(default_factory=list)

    def quantile(self, name: str, share: float) -> float:
        """`share` 0.99: 99 of 100 calls of the method took no longer than this."""
        values = sorted(getattr(self, name))
        return values[int(share * (len(values) - 1))] if values else 0.0


@dataclass
class Report:
    noise: str
    seed: int
    half: str
    personas: int
    dialogue: Result
    naive: Result
    clean_turns_a_call: float
    latency: Latency

    @property
    def turns_to_clean(self) -> float:
        """Turns of a call, as a factor on those of the same callers without noise."""
        return self.dialogue.turns_a_call / max(self.clean_turns_a_call, 1e-9)


def personas(count: int, *, seed: int, noise: str, half: str) -> Iterator[Persona]:
    """`half`: "development" or "held-out"; no persona, and no recorded speaker, is in both."""
    parity = 0 if half == "development" else 1
    if noise != "recogniser":
        for n in range(count):
            yield persona(seed * 1_000_003 + 2 * n + parity)
        return
    groups = sorted({p["group"] for p in recorded_pairs()})
    mine = [g for g in groups if g % HELD_OUT_EVERY == parity]
    for n in range(count):
        manner = persona(seed * 1_000_003 + 2 * n + parity)
        group = mine[n % len(mine)]
        speaker = recorded_persona(group)
        yield replace(
            manner,
            values=speaker.values,
            forms=speaker.forms,
            refuses=speaker.refuses,
            corrects_midway=frozenset(),
            volunteers=False,
            group=group,
        )


def run(
    *,
    playbook: Playbook,
    count: int,
    seed: int = 1,
    noise: str = "clean",
    half: str = "development",
    typing: float | None = None,
    lying: bool = False,
) -> Report:
    """`typing`: the share of callers (0..1) who type when they are asked to; None: as they are.

    `lying`: an LLM speaks that claims confirmations and reads back wrong values.
    Raises ValueError for a noise that is neither a name nor a rate.
    """
    line = channel(noise)
    warm_up()
    callers = list(personas(count, seed=seed, noise=noise, half=half))
    if typing is not None:
        callers = [
            replace(who, types=dice(f"types-{seed}-{who.seed}").random() < typing)
            for who in callers
        ]
    latency = Latency()
    dialogue, naive, clean = Result(), Result(), Result()
    for who in callers:
        of_this_call = f"{seed}-{who.seed}"
        _dialogue_call(
            dialogue, who, playbook, line, seed=of_this_call, latency=latency, lying=lying
        )
        _naive_call(naive, who, playbook, line, seed=of_this_call)
        if noise != "clean":
            silent = channel("clean")
            _dialogue_call(clean, who, playbook, silent, seed=of_this_call, latency=Latency())
    return Report(
        noise=noise,
        seed=seed,
        half=half,
        personas=count,
        dialogue=dialogue,
        naive=naive,
        clean_turns_a_call=(clean if noise != "clean" else dialogue).turns_a_call,
        latency=latency,
    )


def _dialogue_call(
    result: Result,
    who: Persona,
    playbook: Playbook,
    line: Channel,
    *,
    seed: str,
    latency: Latency,
    lying: bool = False,
) -> None:
    talk = Conversation(playbook=playbook, clock=lambda: NOW)
    caller, rng = Caller(who, dice(f"caller-{seed}")), dice(f"noise-{seed}")
    llm = LyingLLM(dice(f"lies-{seed}"), dice(f"side-{seed}")) if lying else None
    if isinstance(line, Recogniser):
        line.new_call()
    turns: dict[str, int] = {}
    story: list[Exchange] = []
    spoken = talk.greeting()
    count = 0
    while True:
        talk.bot_began()
        began = time.thread_time()
        talk.bot_heard(spoken, complete=True)
        latency.bot_heard.append(1000 * (time.thread_time() - began))
        if talk.done or count >= TURNS_AT_MOST:
            break
        heard = talk.heard
        reply = Reply(spoken, heard.asked, heard.read_back, heard.in_passing)
        said = caller.answer(reply)
        text = line.heard(said, group=who.group, rng=rng)
        count += 1
        about = next((c.field for c in said if c.field), None) or heard.asked
        story.append((about, spoken, ", ".join(c.text for c in said), text))
        if about:
            turns[about] = turns.get(about, 0) + 1
        began = time.thread_time()
        talk.caller_said(text)
        latency.caller_said.append(1000 * (time.thread_time() - began))
        if llm is not None:
            llm.read(talk, text)
        spoken = talk.reply() if llm is None else llm.reply(talk)
    result.calls += 1
    result.turns += count
    result.endless += count >= TURNS_AT_MOST
    got = {k: (s.value, s.status.value) for k, s in talk.lead.fields.items()}
    count_values(result, who, got, turns, story)


def _naive_call(
    result: Result, who: Persona, playbook: Playbook, line: Channel, *, seed: str
) -> None:
    filler = NaiveFiller(playbook)
    caller, rng = Caller(who, dice(f"caller-{seed}")), dice(f"noise-{seed}")
    if isinstance(line, Recogniser):
        line.new_call()
    turns: dict[str, int] = {}
    count = 0
    while not filler.done and count < 2 * TURNS_AT_MOST:
        reply = filler.reply()
        said = caller.answer(reply)
        filler.hears(line.heard(said, group=who.group, rng=rng))
        count += 1
        turns[str(reply.ask)] = turns.get(str(reply.ask), 0) + 1
    result.calls += 1
    result.turns += count
    count_values(result, who, filler.values, turns, [])


def count_values(
    result: Result,
    who: Persona,
    got: dict[str, tuple[Any, str]],
    turns: dict[str, int],
    story: Iterable[Exchange],
) -> None:
    """Add one call's values to the result. `got`: value and status by field."""
    for key, truth in who.values.items():
        value, status = got.get(key, (None, "open"))
        exact = _is_exact(key, truth, value)
        count = result.fields.setdefault(key, FieldCount())
        count.given += 1
        count.turns += turns.get(key, 0)
        count.exact += exact
        count.unknown += value is None
        count.wrong += value is not None and not exact
        count.confirmed_wrong += value is not None and not exact and status == "confirmed"
        if not exact:
            result.failures.append(
                {"persona": who.seed, "field": key, "truth": truth, "got": value,
                 "status": status, "story": list(story)}
            )  # fmt: skip


def _is_exact(key: str, truth: Any, value: Any) -> bool:
    if value is None:
        return False
    if key == "need":
        return str(truth).casefold() in str(value).casefold()
    if key in ("name", "company"):
        return by_ear(truth) == by_ear(value)
    return same_value(truth, value)
