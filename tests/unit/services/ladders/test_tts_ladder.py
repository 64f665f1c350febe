"""Whoever of the voices fails: every sentence is spoken, and no word of it twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest
from pipecat.frames.frames import ErrorFrame, TTSAudioRawFrame

from bot.services.breaker import Breakers
from bot.services.bulkhead import QUEUE_S, Bulkheads
from bot.services.experience import Experience
from bot.services.hosting import RungFailedError
from bot.services.local.tts import LocalTTSService
from bot.services.patience import PatiencePolicy
from bot.services.spoken_sentence import LAST_RUNG_TIMEOUT_S
from bot.services.tts_ladder import PAUSES_S, TTSLadder
from bot.services.tts_rungs import HostedVoice, Piece, SpokenWord
from bot.services.turn_budget import LEAST_PATIENCE_S, TurnBudget
from bot.services.voice_choice import RETURN_AFTER_S
from tests.virtual_time import now

RATE = 16_000
WORD_S = 0.5
"""In a fake's speech every word lasts as long."""
FLOOR_S, CEILING_S = 0.7, 0.9
SENTENCE = "one two three four five six"


def speech(text: str) -> list[Piece]:
    """A word, then its sound."""
    pieces: list[Piece] = []
    for n, word in enumerate(text.split()):
        pieces += [SpokenWord(word, n * WORD_S), b"\x00\x10" * int(WORD_S * RATE)]
    return pieces


class FakeVoice:
    """Speaks `words` words, then does what it is told to; with no end, it speaks everything."""

    def __init__(
        self,
        name: str,
        *,
        words: int = 99,
        end: RungFailedError | str = "done",
        first_s: float = 0.0,
    ) -> None:
        self.name = name
        self.first_s = first_s
        self._pieces = 2 * words
        self._end = end
        self.texts: list[str] = []
        self.stopped = 0

    async def speak(self, text: str) -> AsyncGenerator[Piece, None]:
        self.texts.append(text)
        try:
            await asyncio.sleep(self.first_s)
            for piece in speech(text)[: self._pieces]:
                yield piece
            if isinstance(self._end, RungFailedError):
                raise self._end
            if self._end == "stall":
                await asyncio.Event().wait()
        finally:
            self.stopped += 1


class Ladder(TTSLadder):
    """Driven by hand."""

    def __init__(
        self,
        *voices: FakeVoice,
        experience: Experience | None = None,
        opening_line: str | None = None,
    ) -> None:
        self.budget = TurnBudget(clock=now)
        super().__init__(
            voices=voices,
            experience=experience or new_experience(),
            patience=PatiencePolicy(floor_s=FLOOR_S, ceiling_s=CEILING_S),
            bridge_text="One moment.",
            opening_line=opening_line,
            budget=self.budget,
            on_problem=lambda service, failure: self.problems.append((service, failure.what)),
            clock=now,
        )
        self._sample_rate = RATE
        self.words: list[tuple[str, float]] = []
        self.heard_at: list[float] = []
        self.sound_s = 0.0
        self.errors: list[str] = []
        self.problems: list[tuple[str, str]] = []

    async def add_word_timestamps(self, word_times, context_id=None, **_) -> None:  # type: ignore[no-untyped-def,override]
        self.words += word_times

    async def say(self, text: str = SENTENCE) -> str:
        """Speak one sentence; the words that were heard."""
        self.words, self.heard_at = [], []
        self.asked_at = now()
        async for frame in self.run_tts(text, "context"):
            if isinstance(frame, TTSAudioRawFrame):
                self.sound_s += len(frame.audio) / 2 / RATE
                self.heard_at.append(now())
            elif isinstance(frame, ErrorFrame):
                self.errors.append(frame.error)
        return " ".join(word for word, _ in self.words)

    @property
    def first_sound_after_s(self) -> float:
        """From the text to the first sound."""
        return round(self.heard_at[0] - self.asked_at, 3)

    async def played(self) -> None:
        """Everything that was said has been heard, and so has what was said of it."""
        await asyncio.sleep(self._left_to_play())

    async def silence(self, seconds: float = 0.0) -> None:
        """The bot has stopped speaking, for so long."""
        await self.played()
        self._choice.nobody_speaks("One moment.")
        await asyncio.sleep(seconds)


def new_experience() -> Experience:
    """Nothing is known, in virtual time."""
    return Experience(breakers=Breakers(clock=now))


def refused(*, permanent: bool = False) -> RungFailedError:
    return RungFailedError("refused", permanent=permanent)


async def test_a_voice_that_speaks_is_left_alone() -> None:
    below = FakeVoice("local")
    ladder = Ladder(FakeVoice("hosted"), below)
    assert await ladder.say() == SENTENCE
    assert (ladder.rung_name, below.texts) == ("hosted", [])


@pytest.mark.parametrize("end", [refused(), refused(permanent=True), "stall", "done"])
async def test_a_sentence_of_which_nothing_came_is_spoken_by_the_next_voice(
    end: RungFailedError | str,
) -> None:
    hosted, local = FakeVoice("hosted", words=0, end=end), FakeVoice("local")
    ladder = Ladder(hosted, local)
    assert await ladder.say() == SENTENCE
    assert local.texts == [SENTENCE]
    assert hosted.stopped == 1


@pytest.mark.parametrize("end", [refused(), "stall"])
async def test_a_sentence_that_breaks_off_goes_on_at_the_first_word_due(
    end: RungFailedError | str,
) -> None:
    local = FakeVoice("local")
    ladder = Ladder(FakeVoice("hosted", words=2, end=end), local)
    assert await ladder.say() == SENTENCE
    assert local.texts == ["three four five six"]


async def test_word_times_go_on_where_the_other_voice_stopped() -> None:
    ladder = Ladder(FakeVoice("hosted", words=2, end=refused()), FakeVoice("local"))
    await ladder.say()
    assert [at for _, at in ladder.words] == [n * WORD_S for n in range(6)]
    await ladder.say("seven")
    assert ladder.words == [("seven", 6 * WORD_S)]


async def test_speech_that_is_far_too_short_counts_as_broken_off() -> None:
    text = " ".join(["number"] * 40)
    local = FakeVoice("local")
    assert await Ladder(FakeVoice("hosted", words=2), local).say(text) == text
    assert local.texts == [" ".join(["number"] * 38)]


async def test_the_voice_does_not_flip_back() -> None:
    hosted, local = FakeVoice("hosted", words=0, end=refused()), FakeVoice("local")
    ladder = Ladder(hosted, local)
    for _ in range(3):
        await ladder.say()
    assert len(hosted.texts) == 1
    assert ladder.rung_name == "local"


async def test_the_next_call_begins_at_the_top_again() -> None:
    experience = new_experience()
    failing = FakeVoice("hosted", words=0, end=refused())
    await Ladder(failing, FakeVoice("local"), experience=experience).say()
    ladder = Ladder(FakeVoice("hosted"), FakeVoice("local"), experience=experience)
    await ladder.say()
    assert ladder.rung_name == "hosted"


async def test_a_voice_that_was_refused_for_good_is_not_tried_in_the_next_call() -> None:
    experience = new_experience()
    refusing = FakeVoice("hosted", words=0, end=refused(permanent=True))
    await Ladder(refusing, FakeVoice("local"), experience=experience).say()
    hosted = FakeVoice("hosted")
    await Ladder(hosted, FakeVoice("local"), experience=experience).say()
    assert hosted.texts == []


async def test_when_no_voice_is_left_it_is_said_and_nothing_hangs() -> None:
    ladder = Ladder(FakeVoice("hosted", words=0, end=refused()), FakeVoice("local", words=0))
    assert await ladder.say() == ""
    assert ladder.errors == ["no voice is left: sent no sound"]


async def test_a_recorded_line_needs_no_voice() -> None:
    experience, local = new_experience(), FakeVoice("local")
    experience.recordings["local", SENTENCE, RATE] = speech(SENTENCE)
    ladder = Ladder(FakeVoice("hosted", words=0, end=refused()), local, experience=experience)
    assert await ladder.say() == SENTENCE
    assert local.texts == []


async def test_the_bridge_is_recorded_in_the_present_voice() -> None:
    ladder = Ladder(FakeVoice("hosted"), FakeVoice("local"))
    assert ladder.bridge() is None
    recording = ladder._lines.record(ladder._voices[0], "One moment.", RATE)
    assert recording is not None
    await recording
    assert ladder.bridge() == b"\x00\x10" * int(2 * WORD_S * RATE)


async def test_a_turn_in_which_the_voice_changes_is_bridged_in_the_one_before() -> None:
    hosted = FakeVoice("hosted")
    ladder = Ladder(hosted, FakeVoice("local"))
    recording = ladder._lines.record(hosted, "One moment.", RATE)
    assert recording is not None
    await recording
    hosted._pieces, hosted._end = 0, refused()
    await ladder.say()
    assert ladder.rung_name == "local"
    assert ladder.bridge() == b"\x00\x10" * int(2 * WORD_S * RATE)


async def test_an_interrupted_sentence_stops_its_voice() -> None:
    hosted, local = FakeVoice("hosted", words=1, end="stall"), FakeVoice("local")
    ladder = Ladder(hosted, local)
    sound = ladder.run_tts(SENTENCE, "context")
    await anext(sound)
    await sound.aclose()
    assert hosted.stopped == 1
    assert local.texts == []


# --- how long it takes ------------------------------------------------------------------------


async def test_a_silent_voice_costs_its_time_out_and_not_the_next_ones_work() -> None:
    local = FakeVoice("local", first_s=0.3)
    ladder = Ladder(FakeVoice("hosted", words=0, end="stall"), local)
    assert await ladder.say() == SENTENCE
    assert ladder.first_sound_after_s == FLOOR_S
    assert ladder.problems == [("tts:hosted", "said nothing for 0.7 s")]


async def test_a_held_sentence_is_called_off_when_the_first_voice_speaks_in_time() -> None:
    local = FakeVoice("local")
    ladder = Ladder(FakeVoice("hosted", first_s=0.6), local)
    assert await ladder.say() == SENTENCE
    assert (ladder.rung_name, local.stopped) == ("hosted", 1)
    assert ladder.sound_s == 6 * WORD_S, "nothing of the held one is heard"


async def test_a_voice_in_good_time_asks_nobody_else() -> None:
    local = FakeVoice("local")
    await Ladder(FakeVoice("hosted", first_s=0.3), local).say()
    assert local.texts == []


async def test_a_late_voice_is_heard_as_long_as_no_other_has_anything_to_say() -> None:
    ladder = Ladder(FakeVoice("hosted", first_s=1.0), FakeVoice("local", first_s=5))
    assert await ladder.say() == SENTENCE
    assert (ladder.rung_name, ladder.first_sound_after_s) == ("hosted", 1.0)


async def test_a_turn_that_has_lost_time_already_waits_less_for_its_voice() -> None:
    ladder = Ladder(FakeVoice("hosted", words=0, end="stall"), FakeVoice("local", first_s=0.2))
    ladder.budget.begin()
    await asyncio.sleep(1.0)
    ladder.budget.fell_over()
    await ladder.say()
    assert ladder.first_sound_after_s == LEAST_PATIENCE_S


async def test_a_stall_is_not_heard_as_long_as_sound_is_left_to_play() -> None:
    ladder = Ladder(FakeVoice("hosted", words=4, end="stall"), FakeVoice("local", first_s=0.3))
    assert await ladder.say() == SENTENCE
    played_until = ladder.heard_at[0] + 4 * WORD_S
    assert ladder.heard_at[4] <= played_until


async def test_the_greeting_is_waited_for_a_little_longer_and_is_there_at_once_then() -> None:
    experience = new_experience()
    experience.recordings["local", SENTENCE, RATE] = speech(SENTENCE)
    ladder = Ladder(
        FakeVoice("hosted", words=0, end="stall"),
        FakeVoice("local", first_s=1),
        experience=experience,
        opening_line=SENTENCE,
    )
    await ladder.say()
    assert ladder.first_sound_after_s == 1.2


async def test_when_all_places_are_taken_the_next_voice_speaks_and_nobody_is_blamed() -> None:
    experience = Experience(breakers=Breakers(clock=now), bulkheads=Bulkheads(1))
    ladder = Ladder(FakeVoice("hosted"), FakeVoice("local"), experience=experience)
    async with experience.bulkheads.of("tts:hosted").place():
        assert await ladder.say() == SENTENCE
    assert ladder.first_sound_after_s == QUEUE_S
    assert experience.breakers.of("tts:hosted").is_closed


async def test_the_last_voice_is_waited_for_since_nobody_is_below_it() -> None:
    class Hesitating(FakeVoice):
        async def speak(self, text: str) -> AsyncGenerator[Piece, None]:
            for n, piece in enumerate(speech(text)):
                await asyncio.sleep(5 if n == 4 else 0)
                yield piece

    ladder = Ladder(FakeVoice("hosted", words=0, end=refused()), Hesitating("local"))
    assert await ladder.say() == SENTENCE
    assert ladder.errors == []


async def test_the_last_voice_is_not_given_up_while_it_is_at_work_however_long_it_takes() -> None:
    local = FakeVoice("local", first_s=LAST_RUNG_TIMEOUT_S - 1)
    ladder = Ladder(FakeVoice("hosted", words=0, end=refused()), local)
    assert await ladder.say() == SENTENCE
    assert (local.texts, ladder.errors) == ([SENTENCE], [])


async def test_a_text_that_no_voice_spoke_is_tried_again_by_all_of_them() -> None:
    class Recovering(FakeVoice):
        async def speak(self, text: str) -> AsyncGenerator[Piece, None]:
            self.texts.append(text)
            if len(self.texts) == 1:
                raise refused()
            for piece in speech(text):
                yield piece

    hosted, local = Recovering("hosted"), FakeVoice("local", words=0, end=refused())
    ladder = Ladder(hosted, local)
    assert await ladder.say() == SENTENCE
    assert (ladder.errors, ladder.rung_name) == ([], "hosted")
    assert ladder.first_sound_after_s == PAUSES_S[0]


async def test_what_was_spoken_before_all_voices_failed_is_not_spoken_again() -> None:
    class BreaksOffOnce(FakeVoice):
        async def speak(self, text: str) -> AsyncGenerator[Piece, None]:
            self.texts.append(text)
            for piece in speech(text)[: 4 if len(self.texts) == 1 else 99]:
                yield piece
            if len(self.texts) == 1:
                raise refused()

    local = BreaksOffOnce("local")
    ladder = Ladder(FakeVoice("hosted", words=0, end=refused(permanent=True)), local)
    assert await ladder.say() == SENTENCE
    assert local.texts == [SENTENCE, "three four five six"]


async def test_a_text_that_nobody_can_speak_ends_in_an_error_and_not_in_a_wait() -> None:
    voices = [FakeVoice(name, words=0, end=refused()) for name in ("hosted", "local")]
    ladder = Ladder(*voices)
    assert await ladder.say() == ""
    assert ladder.errors == ["no voice is left: refused"]
    assert not ladder.is_at_work


async def test_the_next_sentence_is_not_made_twice_while_there_is_sound_left_to_play() -> None:
    local = FakeVoice("local")
    ladder = Ladder(FakeVoice("hosted", first_s=0.6), local)
    await ladder.say()  # three seconds of sound
    local.texts.clear()
    await ladder.say()
    assert local.texts == []


async def test_a_voice_for_which_others_wait_does_nothing_on_suspicion() -> None:
    local = FakeVoice("local")
    sentence = Ladder(FakeVoice("hosted"), local)._sentence(SENTENCE)
    busy = HostedVoice("local", LocalTTSService(), may_work_ahead=lambda: False)
    assert sentence.may_be_held(local)
    assert not sentence.may_be_held(busy)


async def test_silence_that_is_sent_as_sound_is_no_answer() -> None:
    class Mute(FakeVoice):
        async def speak(self, text: str) -> AsyncGenerator[Piece, None]:
            for piece in speech(text):
                yield bytes(len(piece)) if isinstance(piece, bytes) else piece

    ladder = Ladder(Mute("hosted"), FakeVoice("local"))
    assert await ladder.say() == SENTENCE
    assert ladder.problems == [("tts:hosted", "sent no sound")]
    assert ladder.sound_s == 6 * WORD_S


async def test_a_voice_whose_sound_only_drips_is_left_for_the_next() -> None:
    class Dripping(FakeVoice):
        async def speak(self, text: str) -> AsyncGenerator[Piece, None]:
            for piece in speech(text):
                yield piece
                if isinstance(piece, bytes):
                    await asyncio.sleep(WORD_S + 0.5)

    ladder = Ladder(Dripping("hosted"), FakeVoice("local"))
    assert await ladder.say() == SENTENCE
    assert ladder.problems == [("tts:hosted", "stopped midway")]
    assert ladder.heard_at[-1] - ladder.heard_at[0] < 3.0


# --- back to a better voice -------------------------------------------------------------------


class Fallen:
    """A call that has fallen to the local voice, and whose first voice speaks again."""

    def __init__(self) -> None:
        self.experience = new_experience()
        self.hosted = FakeVoice("hosted", words=0, end=refused())
        self.ladder = Ladder(self.hosted, FakeVoice("local"), experience=self.experience)

    async def fall(self) -> None:
        await self.ladder.say()
        assert self.ladder.rung_name == "local"

    def recover(self) -> None:
        self.hosted._pieces, self.hosted._end = 99, "done"

    def next_turn(self) -> str:
        self.ladder._choice.between_turns()
        return self.ladder.rung_name


async def test_a_voice_that_has_proved_itself_is_taken_again_between_two_turns() -> None:
    call = Fallen()
    await call.fall()
    call.recover()
    await asyncio.sleep(RETURN_AFTER_S)
    await call.ladder.silence(1.0)
    assert call.hosted.texts == [SENTENCE, "One moment."]
    await call.ladder.say()
    assert call.ladder.rung_name == "local", "not in the middle of a turn"
    assert call.next_turn() == "hosted"


async def test_soon_after_the_fall_nobody_thinks_of_it() -> None:
    call = Fallen()
    await call.fall()
    call.recover()
    await call.ladder.silence(1.0)
    assert call.next_turn() == "local"
    assert call.hosted.texts == [SENTENCE]


async def test_a_voice_that_is_still_silent_is_not_taken_again() -> None:
    call = Fallen()
    await call.fall()
    await asyncio.sleep(RETURN_AFTER_S)
    await call.ladder.silence(1.0)
    assert call.next_turn() == "local"


async def test_a_voice_comes_back_once_in_a_call_at_most() -> None:
    call = Fallen()
    await call.fall()
    call.recover()
    await asyncio.sleep(RETURN_AFTER_S)
    await call.ladder.silence(1.0)
    assert call.next_turn() == "hosted"
    call.hosted._pieces, call.hosted._end = 0, refused()
    await call.fall()
    call.recover()
    await asyncio.sleep(RETURN_AFTER_S)
    await call.ladder.silence(1.0)
    assert call.next_turn() == "local"


async def test_before_the_first_word_a_voice_that_was_left_alone_is_probed() -> None:
    experience = new_experience()
    for _ in range(3):
        experience.breakers.of("tts:hosted").failed(reason="refused")
    await asyncio.sleep(10)
    hosted = FakeVoice("hosted", first_s=0.2)
    ladder = Ladder(hosted, FakeVoice("local"), experience=experience)
    await ladder.silence(1.0)
    await ladder.say()
    assert ladder.rung_name == "hosted"


async def test_a_greeting_does_not_wait_for_a_probe() -> None:
    experience = new_experience()
    for _ in range(3):
        experience.breakers.of("tts:hosted").failed(reason="refused")
    await asyncio.sleep(10)
    hosted = FakeVoice("hosted", words=0, end="stall")
    ladder = Ladder(hosted, FakeVoice("local"), experience=experience)
    await ladder.silence()
    await ladder.say()
    assert (ladder.rung_name, ladder.first_sound_after_s) == ("local", 0.0)
    await ladder._choice.close()
