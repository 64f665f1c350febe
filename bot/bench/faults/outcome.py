"""What became of each injection, and what the same exchange is like without one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from bot.bench.faults import wording
from bot.bench.faults.audio import Audible, Silence, audible, silence_after, stretches
from bot.bench.faults.call import Exchange, HeldCall
from bot.bench.faults.conversation import Due, settled
from bot.bench.faults.matrix import FIRST_ANSWER_AT, SCRIPT, Injection
from bot.caller.peer import RECORDING_RATE

HEARING_RATE: Final = 16_000
BRIDGE_WORD: Final = "moment"
WHOLE: Final = 0.65
"""Likeness of what was due and what was recognised from the recording: a tiny recogniser errs."""

Recognise = Callable[[bytes, int], str]


@dataclass
class Heard:
    """One exchange, judged by its recording and its transcript."""

    number: int
    answered: bool
    silence: Silence
    bridged: bool = False
    not_whole: str = ""
    twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass
class Outcome:
    """What became of one injection. Silences in seconds; None where nothing was heard."""

    injection: Injection
    call: int
    struck: int
    answered: bool
    added_s: float | None = None
    longest_s: float | None = None
    bridged: bool = False
    not_whole: str = ""
    twice: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    lead_differs: list[str] = field(default_factory=list)
    broke: str = ""
    lag_s: float = 0.0
    """The longest time in its call for which the event loop stood still."""

    @property
    def survived(self) -> bool:
        """Answered in full and once, nothing of the caller's lost, the lead as without it."""
        defects = (self.not_whole, self.twice, self.lost, self.lead_differs, self.broke)
        return self.answered and not any(defects)


def judge(held: HeldCall, due: Due, recognise: Recognise) -> list[Heard]:
    """Every exchange of a call."""
    caller = audible(held.recording.side("caller"), RECORDING_RATE)
    bot_pcm = held.recording.side("bot")
    bot = audible(bot_pcm, RECORDING_RATE)
    return [
        _judge(
            exchange,
            silence_after(
                caller,
                bot,
                from_s=exchange.from_s,
                to_s=exchange.to_s,
                caller_speaks=exchange.number > 0,
            ),
            due=due.replies[exchange.number],
            sound=_text(bot_pcm, bot, exchange, recognise),
        )
        for exchange in held.exchanges
    ]


def control_silences(controls: Iterable[list[Heard]]) -> dict[int, Silence]:
    """The median silences of each exchange without a fault."""
    first: dict[int, list[float]] = defaultdict(list)
    longest: dict[int, list[float]] = defaultdict(list)
    for heard in (each for call in controls for each in call):
        if heard.silence.first_s is not None and heard.silence.longest_s is not None:
            first[heard.number].append(heard.silence.first_s)
            longest[heard.number].append(heard.silence.longest_s)
    return {number: Silence(median(first[number]), median(longest[number])) for number in first}


def outcomes(
    held: HeldCall, heard: list[Heard], due: Due, control: dict[int, Silence]
) -> list[Outcome]:
    """Each of the call's injections."""
    differs = lead_differences(held, due)
    found = []
    for at, injection in sorted(held.plan.injections.items()):
        last = max(at, FIRST_ANSWER_AT)
        affected = [each for each in heard if at <= each.number <= last]
        exchanges = [each for each in held.exchanges if at <= each.number <= last]
        found.append(
            Outcome(
                injection=injection,
                call=held.plan.number,
                struck=max((each.struck for each in exchanges), default=0),
                answered=len(affected) == last - at + 1 and all(each.answered for each in affected),
                added_s=_largest(_added(each, control) for each in affected),
                longest_s=_largest(each.silence.longest_s for each in affected),
                bridged=any(each.bridged for each in affected),
                not_whole="; ".join(each.not_whole for each in affected if each.not_whole),
                twice=[word for each in affected for word in each.twice],
                lost=[word for each in affected for word in each.lost],
                lead_differs=differs,
                broke=held.broke,
                lag_s=round(held.lag_s, 3),
            )
        )
    return found


def lead_differences(held: HeldCall, due: Due) -> list[str]:
    """Fields of the lead that are not what they are without a fault."""
    if not held.exchanges:
        return []
    got, expected = settled(held.lead), due.leads[held.exchanges[-1].number]
    return [
        f"{key}: {got.get(key)} instead of {value}"
        for key, value in expected.items()
        if got.get(key) != value
    ]


def _judge(exchange: Exchange, silence: Silence, *, due: str, sound: str) -> Heard:
    transcript = " ".join(turn.heard_text for turn in exchange.bot_turns)
    not_whole = ""
    if wording.words(transcript) != wording.words(due):
        not_whole = f"the transcript has {transcript!r} instead of {due!r}"
    elif wording.likeness(due, sound) < WHOLE:
        not_whole = f"{sound!r} was heard instead of {due!r}"
    heard = Heard(
        number=exchange.number,
        answered=exchange.answered,
        silence=silence,
        bridged=BRIDGE_WORD in wording.words(sound),
        not_whole=not_whole,
        twice=wording.repeated(due, sound),
    )
    if exchange.number:
        said = SCRIPT[exchange.number - 1].spoken
        recognised = " ".join(turn.text for turn in exchange.caller_turns)
        heard.lost = wording.lost(said, recognised)
        heard.twice += [f"{pair} (caller)" for pair in wording.repeated(said, recognised)]
    return heard


def _text(bot_pcm: bytes, bot: Audible, exchange: Exchange, recognise: Recognise) -> str:
    """What the bot is heard to say. Each stretch of sound by itself: in long silences a small
    recogniser hears music."""
    samples = np.frombuffer(bot_pcm, dtype=np.int16)
    return " ".join(
        recognise(_at_hearing_rate(samples[_sample(begin_s) : _sample(end_s)]), HEARING_RATE)
        for begin_s, end_s in stretches(bot, from_s=exchange.from_s, to_s=exchange.to_s)
    )


def _sample(at_s: float) -> int:
    return round(at_s * RECORDING_RATE)


def _at_hearing_rate(samples: NDArray[np.int16]) -> bytes:
    return bytes(soxr.resample(samples, RECORDING_RATE, HEARING_RATE).astype(np.int16).tobytes())


def _added(heard: Heard, control: dict[int, Silence]) -> float | None:
    usual = control.get(heard.number)
    if usual is None or usual.first_s is None or heard.silence.first_s is None:
        return None
    return round(heard.silence.first_s - usual.first_s, 3)


def _largest(values: Iterable[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)
