"""Whoever of the voices fails: every sentence is spoken, and no word of it twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from pipecat.frames.frames import ErrorFrame, TTSAudioRawFrame

from bot.services.experience import Experience
from bot.services.hosting import RungFailedError
from bot.services.patience import PatiencePolicy
from bot.services.tts_ladder import TTSLadder
from bot.services.tts_rungs import Piece, SpokenWord

RATE = 16_000
WORD_S = 0.5
"""In a fake's speech every word lasts as long."""
SENTENCE = "one two three four five six"


def speech(text: str) -> list[Piece]:
    """A word, then its sound."""
    pieces: list[Piece] = []
    for n, word in enumerate(text.split()):
        pieces += [SpokenWord(word, n * WORD_S), bytes(int(WORD_S * RATE) * 2)]
    return pieces


class FakeVoice:
    """Speaks `words` words, then does what it is told to; with no end, it speaks everything."""

    def __init__(self, name: str, *, words: int = 99, end: RungFailedError | str = "done") -> None:
        self.name = name
        self._pieces = 2 * words
        self._end = end
        self.texts: list[str] = []
        self.stopped = 0

    async def speak(self, text: str) -> AsyncGenerator[Piece, None]:
        self.texts.append(text)
        try:
            for piece in speech(text)[: self._pieces]:
                yield piece
            if isinstance(self._end, RungFailedError):
                raise self._end
            if self._end == "stall":
                await asyncio.Event().wait()
        finally:
            self.stopped += 1


class Ladder(TTSLadder):
    """Driven by hand; its clock stands still, so that nothing is left to play."""

    def __init__(self, *voices: FakeVoice, experience: Experience | None = None) -> None:
        super().__init__(
            voices=voices,
            experience=experience or Experience(),
            patience=PatiencePolicy(floor_s=0.02, ceiling_s=0.02),
            stall_s=0.02,
            bridge_text="One moment.",
            clock=self.now,
        )
        self._sample_rate = RATE
        self._time = 0.0
        self.words: list[tuple[str, float]] = []
        self.sound_s = 0.0
        self.errors: list[str] = []

    def now(self) -> float:
        """Time passes quicker than any sound lasts."""
        self._time += 60
        return self._time

    async def add_word_timestamps(self, word_times, context_id=None, **_) -> None:  # type: ignore[no-untyped-def,override]
        self.words += word_times

    async def say(self, text: str = SENTENCE) -> str:
        """Speak one sentence; the words that were heard."""
        self.words = []
        async for frame in self.run_tts(text, "context"):
            if isinstance(frame, TTSAudioRawFrame):
                self.sound_s += len(frame.audio) / 2 / RATE
            elif isinstance(frame, ErrorFrame):
                self.errors.append(frame.error)
        return " ".join(word for word, _ in self.words)


def refused(*, permanent: bool = False) -> RungFailedError:
    return RungFailedError("refused", permanent=permanent)


class Patient(Ladder):
    """Its clock does not move."""

    def now(self) -> float:
        return 0.0


async def test_a_voice_that_speaks_is_left_alone() -> None:
    below = FakeVoice("local")
    ladder = Patient(FakeVoice("hosted"), below)
    assert await ladder.say() == SENTENCE
    assert (ladder.rung_name, below.texts) == ("hosted", [])


@pytest.mark.parametrize("end", [refused(), refused(permanent=True), "stall", "done"])
async def test_a_sentence_of_which_nothing_came_is_spoken_by_the_next_voice(
    end: RungFailedError | str,
) -> None:
    hosted, local = FakeVoice("hosted", words=0, end=end), FakeVoice("local")
    ladder = Patient(hosted, local)
    assert await ladder.say() == SENTENCE
    assert local.texts == [SENTENCE]
    assert hosted.stopped == 1


@pytest.mark.parametrize("end", [refused(), "stall"])
async def test_a_sentence_that_breaks_off_goes_on_at_the_first_word_due(
    end: RungFailedError | str,
) -> None:
    local = FakeVoice("local")
    ladder = Ladder(FakeVoice("hosted", words=2, end=end), local)
    ladder._first_sound_within = lambda voice, patient_s: 1e9  # type: ignore[method-assign]
    assert await ladder.say() == SENTENCE
    assert local.texts == ["three four five six"]


async def test_word_times_go_on_where_the_other_voice_stopped() -> None:
    ladder = Patient(FakeVoice("hosted", words=2, end=refused()), FakeVoice("local"))
    await ladder.say()
    assert [at for _, at in ladder.words] == [n * WORD_S for n in range(6)]
    await ladder.say("seven")
    assert ladder.words == [("seven", 6 * WORD_S)]


async def test_speech_that_is_far_too_short_counts_as_broken_off() -> None:
    text = " ".join(["number"] * 40)
    local = FakeVoice("local")
    assert await Patient(FakeVoice("hosted", words=2), local).say(text) == text
    assert local.texts == [" ".join(["number"] * 38)]


async def test_the_voice_does_not_flip_back() -> None:
    hosted, local = FakeVoice("hosted", words=0, end=refused()), FakeVoice("local")
    ladder = Patient(hosted, local)
    for _ in range(3):
        await ladder.say()
    assert len(hosted.texts) == 1
    assert ladder.rung_name == "local"


async def test_the_next_call_begins_at_the_top_again() -> None:
    experience = Experience()
    failing = FakeVoice("hosted", words=0, end=refused())
    await Patient(failing, FakeVoice("local"), experience=experience).say()
    ladder = Patient(FakeVoice("hosted"), FakeVoice("local"), experience=experience)
    await ladder.say()
    assert ladder.rung_name == "hosted"


async def test_a_voice_that_was_refused_for_good_is_not_tried_in_the_next_call() -> None:
    experience = Experience()
    refusing = FakeVoice("hosted", words=0, end=refused(permanent=True))
    await Patient(refusing, FakeVoice("local"), experience=experience).say()
    hosted = FakeVoice("hosted")
    await Patient(hosted, FakeVoice("local"), experience=experience).say()
    assert hosted.texts == []


async def test_when_no_voice_is_left_it_is_said_and_nothing_hangs() -> None:
    ladder = Patient(FakeVoice("hosted", words=0, end=refused()), FakeVoice("local", words=0))
    assert await ladder.say() == ""
    assert ladder.errors == ["no voice is left: sent no sound"]


async def test_a_recorded_line_needs_no_voice() -> None:
    experience, local = Experience(), FakeVoice("local")
    experience.recordings["local", SENTENCE, RATE] = speech(SENTENCE)
    ladder = Patient(FakeVoice("hosted", words=0, end=refused()), local, experience=experience)
    assert await ladder.say() == SENTENCE
    assert local.texts == []


async def test_the_bridge_is_recorded_in_the_present_voice() -> None:
    ladder = Patient(FakeVoice("hosted"), FakeVoice("local"))
    assert ladder.bridge() is None
    ladder._record(ladder._voices[0], "One moment.")
    assert ladder._recording is not None
    await ladder._recording.task
    assert ladder.bridge() == bytes(int(2 * WORD_S * RATE) * 2)


async def test_an_interrupted_sentence_stops_its_voice() -> None:
    hosted, local = FakeVoice("hosted", words=1, end="stall"), FakeVoice("local")
    ladder = Patient(hosted, local)
    ladder._stall_s = 60
    sound = ladder.run_tts(SENTENCE, "context")
    await anext(sound)
    await sound.aclose()
    assert hosted.stopped == 1
    assert local.texts == []
