"""Of an abandoned attempt nothing is heard; of the chosen one everything, in order."""

from __future__ import annotations

from pipecat.frames.frames import Frame, TextFrame
from pipecat.processors.frame_processor import FrameDirection

from processors.attempt import Attempt, AttemptGate, AttemptState, attempt_of, tagged


class Gate(AttemptGate):
    """Driven by hand, so that every moment is the test's own."""

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=True)
        self.passed: list[str] = []

    async def push_frame(
        self, frame: Frame, direction: FrameDirection = FrameDirection.DOWNSTREAM
    ) -> None:
        if isinstance(frame, TextFrame):
            self.passed.append(frame.text)

    async def say(self, text: str, attempt: Attempt | None = None) -> None:
        frame = TextFrame(text)
        if attempt:
            tagged(frame, attempt)
        await self.process_frame(frame, FrameDirection.DOWNSTREAM)


def test_an_attempt_only_moves_forward() -> None:
    attempt = Attempt(AttemptState.HELD)
    assert attempt.arm()
    assert attempt.play()
    assert not attempt.arm()
    assert attempt.state is AttemptState.PLAYING


def test_a_dead_attempt_stays_dead() -> None:
    attempt = Attempt()
    assert attempt.kill()
    assert not attempt.kill()
    assert not attempt.play()
    assert attempt.is_dead


def test_the_attempt_travels_on_the_frame() -> None:
    attempt = Attempt()
    assert attempt_of(tagged(TextFrame("a"), attempt)) is attempt
    assert attempt_of(TextFrame("a")) is None


async def test_what_plays_and_what_belongs_to_nobody_passes() -> None:
    gate = Gate()
    await gate.say("greeting")
    await gate.say("answer", Attempt())
    assert gate.passed == ["greeting", "answer"]


async def test_nothing_of_a_dead_attempt_passes() -> None:
    gate, attempt = Gate(), Attempt()
    await gate.say("heard", attempt)
    attempt.kill()
    await gate.say("late", attempt)
    assert gate.passed == ["heard"]


async def test_what_is_held_waits_and_comes_in_order() -> None:
    gate, attempt = Gate(), Attempt(AttemptState.HELD)
    await gate.say("one", attempt)
    await gate.say("two", attempt)
    assert gate.passed == []
    attempt.play()
    await gate.say("three", attempt)
    assert gate.passed == ["one", "two", "three"]


async def test_of_two_that_are_held_only_the_chosen_one_is_released() -> None:
    gate = Gate()
    first, second = Attempt(AttemptState.HELD), Attempt(AttemptState.HELD)
    await gate.say("wrong", first)
    await gate.say("right", second)
    first.kill()
    second.play()
    await gate.release(second)
    assert gate.passed == ["right"]


async def test_an_interruption_kills_what_plays_and_what_is_held() -> None:
    gate, playing, held = Gate(), Attempt(), Attempt(AttemptState.ARMED)
    await gate.say("begun", playing)
    await gate.say("prepared", held)
    gate._kill_all()
    assert playing.is_dead
    assert held.is_dead
    await gate.say("late", playing)
    assert gate.passed == ["begun"]


async def test_the_answer_after_an_interruption_is_heard() -> None:
    gate, old, new = Gate(), Attempt(), Attempt()
    await gate.say("old", old)
    gate._kill_all()
    await gate.say("new", new)
    assert gate.passed == ["old", "new"]
