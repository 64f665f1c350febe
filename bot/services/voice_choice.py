"""Which voice a call is held in. It falls when it must, and comes back once at most.

A conversation whose voice changes back and forth is worse than one in the second-best voice. So
a better voice is taken again only between two turns, only some time after the fall, only when it
has really spoken meanwhile (the probe: a line that nobody hears), and once in a call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from loguru import logger

from bot.problems import OnProblem
from bot.services.breaker import Breaker
from bot.services.experience import Experience
from bot.services.hosting import RungFailedError
from bot.services.tts_rungs import Voice

RETURN_AFTER_S: Final = 15.0
"""A voice that has fallen is not thought of for so long."""
PROBE_TIMEOUT_S: Final = 3.0
"""A probe that takes longer than this is none: nobody would wait for that voice."""


def service_of(voice: Voice) -> str:
    """The name of its breaker, its patience and its bulkhead."""
    return f"tts:{voice.name}"


class VoiceChoice:
    """The voice of one call."""

    def __init__(
        self,
        voices: Sequence[Voice],
        *,
        experience: Experience,
        on_problem: OnProblem = lambda _service, _failure: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Choose among `voices`, the best first, the one that cannot be refused last."""
        self._voices = list(voices)
        self._experience = experience
        self._on_problem = on_problem
        self._clock = clock
        self._at = 0
        self._is_chosen = False
        self._is_desperate = False
        self._fell_at = 0.0
        self._probed: Voice | None = None
        self._proved: int | None = None
        self._has_returned = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def voice(self) -> Voice:
        """The present one."""
        return self._voices[self._at]

    @property
    def last(self) -> Voice:
        """The one that cannot be refused."""
        return self._voices[-1]

    def breaker_of(self, voice: Voice) -> Breaker:
        """The process's breaker of that voice."""
        return self._experience.breakers.of(service_of(voice))

    def admits(self, voice: Voice) -> bool:
        """Whether it may be asked."""
        if voice is self.last:
            return True
        # One thing at a time: a probe and a sentence would hear each other's sound.
        if voice is self._probed:
            return False
        breaker = self.breaker_of(voice)
        return breaker.is_closed or (self._is_desperate and not breaker.is_permanent)

    def candidates(self) -> list[Voice]:
        """Who may speak now, the best first; the call's first words choose."""
        if not self._is_chosen:
            self._is_chosen = True
            while not self.admits(self.voice):
                logger.info(
                    "{} is left alone ({})", self.voice.name, self.breaker_of(self.voice).reason
                )
                self._at += 1
            self._fell_at = self._clock()
        return self._voices[self._at :]

    def may_all_try(self) -> None:
        """Nobody has spoken a text, not even the last one: whoever might is asked again."""
        self._is_desperate, self._at = True, 0

    def speaks(self, voice: Voice) -> None:
        """This one is heard now: who is above it has fallen."""
        at = self._voices.index(voice)
        if at > self._at:
            logger.warning("{} goes on in the place of {}", voice.name, self.voice.name)
            self._at, self._fell_at, self._proved = at, self._clock(), None

    def failed(self, voice: Voice, failure: RungFailedError) -> None:
        """A voice has failed, with or without having anything to say."""
        logger.warning("{} {}", voice.name, failure.reason)
        self._on_problem(service_of(voice), failure)
        self._blame(voice, failure)
        if self._is_chosen and voice is self.voice:
            following = (v for v in self._voices[self._at + 1 :] if self.admits(v))
            self.speaks(next(following, self.last))

    def between_turns(self) -> None:
        """A new answer begins: go back to a voice that has proved that it speaks again."""
        self._is_desperate = False
        if self._proved is not None and self.admits(self._voices[self._proved]):
            self._at, self._proved, self._has_returned = self._proved, None, True
            logger.info("Back to {}", self.voice.name)

    def nobody_speaks(self, line: str) -> None:
        """The bot is silent: have the better voices say a line that nobody hears."""
        may_return = not self._has_returned and self._clock() - self._fell_at >= RETURN_AFTER_S
        if self._is_chosen and (not may_return or self._proved is not None):
            return
        better = self._voices[: self._at] if self._is_chosen else self._voices[:-1]
        for at, voice in enumerate(better):
            breaker = self.breaker_of(voice)
            is_asked_for = self._is_chosen or not breaker.is_closed
            if self._probed is None and is_asked_for and breaker.allow():
                self._probed = voice
                self._own(self._probe(at, line))
                return

    async def close(self) -> None:
        """Leave the probe."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _probe(self, at: int, line: str) -> None:
        voice = self._voices[at]
        breaker = self.breaker_of(voice)
        try:
            sound = voice.speak(line)
            try:
                async with asyncio.timeout(PROBE_TIMEOUT_S):
                    heard = [piece async for piece in sound]
            finally:
                await sound.aclose()
        except TimeoutError:
            breaker.failed(reason=f"did not speak within {PROBE_TIMEOUT_S:.1f} s")
        except RungFailedError as failure:
            self._blame(voice, failure)
        except BaseException:
            breaker.withdrawn()
            raise
        else:
            if not any(isinstance(piece, bytes) for piece in heard):
                breaker.failed(reason="sent no sound")
                return
            breaker.succeeded()
            if self._is_chosen and at < self._at:
                self._proved = at
        finally:
            self._probed = None

    def _blame(self, voice: Voice, failure: RungFailedError) -> None:
        if failure.is_to_blame:
            self.breaker_of(voice).failed(permanent=failure.permanent, reason=failure.what)
        else:
            self.breaker_of(voice).withdrawn()

    def _own(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name="voice-probe")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
