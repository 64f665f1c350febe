"""One answer to a turn is an attempt: it is chosen or it dies, and of a dead one nothing is heard.

Fail-over starts another attempt for the same turn, speculation starts one before the turn is
committed, a barge-in or a late verdict kills one. The attempt travels on the frames themselves,
so that no stage has to know who started it or why it died.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from itertools import count
from typing import Any, TypeVar

from loguru import logger
from pipecat.frames.frames import Frame, InterruptionFrame
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

FrameT = TypeVar("FrameT", bound=Frame)

HELD_FRAMES_AT_MOST = 3000
"""Two minutes of speech in 40 ms frames: more than one answer ever has."""

_KEY = "leadline.attempt"
_ids = count(1)


class AttemptState(StrEnum):
    """How far an attempt may go."""

    HELD = "held"
    """It is prepared and waits for the verdict on its turn."""
    ARMED = "armed"
    """It is the answer, and waits for its moment."""
    PLAYING = "playing"
    """It may be heard."""
    DEAD = "dead"
    """It was abandoned: nothing of it may be heard or remembered."""


_MAY_BECOME = {
    AttemptState.HELD: {AttemptState.ARMED, AttemptState.PLAYING, AttemptState.DEAD},
    AttemptState.ARMED: {AttemptState.PLAYING, AttemptState.DEAD},
    AttemptState.PLAYING: {AttemptState.DEAD},
    AttemptState.DEAD: set[AttemptState](),
}


class Attempt:
    """One try at the answer to one turn. Moves forward only; dead is for good."""

    def __init__(self, state: AttemptState = AttemptState.PLAYING) -> None:
        """Begin in `state`: an answer to a committed turn may be heard at once."""
        self.id = next(_ids)
        self._state = state

    @property
    def state(self) -> AttemptState:
        """How far it may go now."""
        return self._state

    @property
    def is_dead(self) -> bool:
        """Whether it was abandoned."""
        return self._state is AttemptState.DEAD

    def arm(self) -> bool:
        """It is the answer. Returns whether that was still possible."""
        return self._become(AttemptState.ARMED)

    def play(self) -> bool:
        """It may be heard. Returns whether that was still possible."""
        return self._become(AttemptState.PLAYING)

    def kill(self) -> bool:
        """Abandon it. Returns whether it was alive."""
        return self._become(AttemptState.DEAD)

    def _become(self, state: AttemptState) -> bool:
        if state not in _MAY_BECOME[self._state]:
            return self._state is state and state is not AttemptState.DEAD
        self._state = state
        return True


def tagged(frame: FrameT, attempt: Attempt) -> FrameT:
    """The same frame, as a part of this attempt."""
    frame.metadata[_KEY] = attempt
    return frame


def attempt_of(frame: Frame) -> Attempt | None:
    """The attempt that a frame is a part of; None for what belongs to none (our own lines)."""
    attempt = frame.metadata.get(_KEY)
    return attempt if isinstance(attempt, Attempt) else None


class AttemptGate(FrameProcessor):
    """Stands behind the voice: holds what waits, passes what plays, drops what is dead.

    An interruption kills every attempt of which anything has come by. Frames of no attempt pass.
    """

    def __init__(self, **kwargs: Any) -> None:
        """Nothing is held."""
        super().__init__(**kwargs)
        self._held: deque[tuple[Frame, FrameDirection]] = deque(maxlen=HELD_FRAMES_AT_MOST)
        self._passing: Attempt | None = None

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Let a frame through, or not."""
        await super().process_frame(frame, direction)
        attempt = attempt_of(frame) if direction is FrameDirection.DOWNSTREAM else None
        if isinstance(frame, InterruptionFrame):
            self._kill_all()
        if attempt is None:
            await self.push_frame(frame, direction)
        elif attempt.is_dead:
            logger.trace("{} of attempt {} is dropped", frame.name, attempt.id)
        elif attempt.state is AttemptState.PLAYING:
            await self.release(attempt)
            self._passing = attempt
            await self.push_frame(frame, direction)
        else:
            self._held.append((frame, direction))

    async def release(self, attempt: Attempt) -> None:
        """Pass on what was held of an attempt that plays now; forget what is dead."""
        held, self._held = self._held, deque(maxlen=HELD_FRAMES_AT_MOST)
        for frame, direction in held:
            its = attempt_of(frame)
            if its is attempt and attempt.state is AttemptState.PLAYING:
                self._passing = attempt
                await self.push_frame(frame, direction)
            elif its is not None and not its.is_dead:
                self._held.append((frame, direction))

    def _kill_all(self) -> None:
        if self._passing:
            self._passing.kill()
            self._passing = None
        for frame, _ in self._held:
            attempt = attempt_of(frame)
            if attempt:
                attempt.kill()
        self._held.clear()
