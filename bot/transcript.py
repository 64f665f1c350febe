"""The transcript of one call: its turns, in the order in which they were heard.

A caller's turn is everything the caller said between two audible replies, a bot's turn one reply
as the caller heard it. Both are numbered together from 1, the greeting first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.records import Rungs, TurnLatency, TurnRecord
from processors.spoken_output import HeardReply


@dataclass
class _OpenCallerTurn:
    n: int
    started_at: float
    ended_at: float
    finals: list[str] = field(default_factory=list)


class Transcript:
    """Collects turns. All times given are `time.monotonic()` seconds."""

    def __init__(
        self,
        *,
        started_at: float,
        turns: Sequence[TurnRecord] = (),
        latencies: Sequence[TurnLatency] = (),
        unanswered: Sequence[str] = (),
    ) -> None:
        """Begin, or go on where the call's last bot was.

        Args:
            started_at: when the call began; turns are timed from here.
            turns: those before, if the call is resumed.
            latencies: those before.
            unanswered: the caller's words that nobody has answered yet: the open turn.
        """
        self._started_at = started_at
        self._caller: _OpenCallerTurn | None = None
        self._speech_started_at: float | None = None
        self._next_n = max((turn.n for turn in turns), default=0) + 1
        self._bot_n: int | None = None
        self.turns: list[TurnRecord] = list(turns)
        self.latencies: list[TurnLatency] = list(latencies)
        if unanswered:
            at = started_at + max((turn.end_s for turn in turns), default=0.0)
            self._caller = _OpenCallerTurn(self._next_n, at, at, list(unanswered))
            self._next_n += 1

    def caller_started_speaking(self, at: float) -> None:
        """Voice activity began; the next final belongs to it."""
        if self._speech_started_at is None:
            self._speech_started_at = at

    def caller_stopped_speaking(self, at: float) -> None:
        """Voice activity ended."""
        if self._caller:
            self._caller.ended_at = at

    def caller_said(self, text: str, at: float) -> None:
        """One final transcript."""
        if self._caller is None:
            started_at = at if self._speech_started_at is None else self._speech_started_at
            self._caller = _OpenCallerTurn(self._next_n, started_at, at)
            self._next_n += 1
        self._caller.finals.append(text.strip())
        self._caller.ended_at = at
        self._speech_started_at = None

    def open_caller_turn(self, rung: Rungs) -> TurnRecord | None:
        """The caller's turn so far, or None."""
        turn = self._caller
        if turn is None:
            return None
        text = " ".join(turn.finals)
        return TurnRecord(
            n=turn.n,
            role="caller",
            text=text,
            heard_text=text,
            start_s=self._since_start(turn.started_at),
            end_s=self._since_start(turn.ended_at),
            rung=rung,
        )

    def bot_began(self, rung: Rungs) -> TurnRecord | None:
        """A reply becomes audible: it closes the caller's turn, which is returned."""
        caller = self.open_caller_turn(rung)
        if caller:
            self.turns.append(caller)
            self._caller = None
        self._bot_n = self._next_n
        self._next_n += 1
        return caller

    def bot_heard(self, reply: HeardReply, *, generated: str, rung: Rungs) -> TurnRecord:
        """A reply is over, whole or cut."""
        if self._bot_n is None:
            self.bot_began(rung)
        assert self._bot_n is not None  # noqa: S101  # bot_began has set it
        turn = TurnRecord(
            n=self._bot_n,
            role="bot",
            text=generated if len(generated) >= len(reply.text) else reply.text,
            heard_text=reply.text,
            interrupted=not reply.complete,
            start_s=self._since_start(reply.started_at),
            end_s=self._since_start(reply.ended_at),
            rung=rung,
        )
        self._bot_n = None
        self.turns.append(turn)
        self.turns.sort(key=lambda each: each.n)
        return turn

    def answered_in(
        self, *, voice_to_voice_ms: float | None, parts: dict[str, float | None]
    ) -> TurnLatency:
        """The latency of the bot turn that is about to be heard, or is being heard."""
        n = self._bot_n if self._bot_n is not None else self._next_n
        latency = TurnLatency(n=n, voice_to_voice_ms=voice_to_voice_ms, parts=parts)
        self.latencies = [each for each in self.latencies if each.n != n] + [latency]
        return latency

    def latency_of(self, n: int) -> TurnLatency | None:
        """The latency of turn `n`, if it was measured."""
        return next((each for each in self.latencies if each.n == n), None)

    def close(self, rung: Rungs) -> TurnRecord | None:
        """The call is over: a caller's turn that nobody answered is kept, and returned."""
        caller = self.open_caller_turn(rung)
        if caller:
            self.turns.append(caller)
            self._caller = None
        return caller

    def _since_start(self, at: float) -> float:
        return round(max(0.0, at - self._started_at), 3)
