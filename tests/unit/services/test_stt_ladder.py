"""The ladder of recognisers over a real pipeline, with recognisers that do as they are told."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bot.services.breaker import Breaker, BreakerPolicy, BreakerState
from bot.services.hosting import RungFailedError
from bot.services.patience import Patience
from bot.services.stt_ladder import SttLadder
from bot.services.stt_return import RETURN_INTERVAL_S
from bot.services.stt_rung import ConnectionEnd, SttRung
from tests.unit.services.stt_room import QUICK, FakeHosted, running


async def test_a_connected_hosted_recogniser_serves_alone() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.hosted.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        assert room.local.heard == b""
        assert room.local.events == []


async def test_nobody_waits_for_a_connection() -> None:
    hosted = FakeHosted()
    hosted.accepts = False
    async with running(hosted) as room:
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        assert hosted.attempts == 1
        assert hosted.heard == b""


async def test_a_connection_is_used_as_soon_as_the_caller_is_not_speaking() -> None:
    hosted = FakeHosted()
    hosted.accepts = False
    async with running(hosted) as room:
        await room.until(lambda: hosted.attempts == 1)
        room.local.texts = ["first"]
        await room.speech_starts()
        await room.hears(1)
        hosted.accepts = True
        hosted.lose()
        await room.until(lambda: room.ladder.rungs[0].is_connected)
        assert room.ladder.serving == "local"
        await room.speech_stops()
        await room.says("first")
        await room.serves("hosted")


async def test_silence_is_answered_by_the_next_rung_with_every_word() -> None:
    async with running() as room:
        await room.serves("hosted")
        await room.hears(1)
        room.hosted.texts = [None]
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        assert room.local.events == ["start", "stop"]
        # Three chunks from before the notice of speech, and all of the speech.
        assert room.local.spoken == list(range(8, 21))


async def test_a_late_answer_of_a_rung_that_was_left_is_dropped() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.hosted.texts = [None]
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        room.time.now += 1.7
        await room.hosted.say("hello")
        await room.until(lambda: room.hosted.attempts == 2)  # connected anew, with a clean stream
        assert room.out.finals == ["hello"]


async def test_a_connection_lost_in_the_middle_of_a_word_loses_none() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.local.texts = ["hello there"]
        await room.speech_starts()
        await room.hears(0.5)
        room.hosted.lose()
        await room.serves("local")
        await room.hears(0.5)
        await room.speech_stops()
        await room.says("hello there")
        assert room.local.spoken == list(range(1, 11))


async def test_words_that_were_read_are_not_given_to_the_next_rung() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.local.texts = ["there"]
        await room.speech_starts()
        await room.hears(1.0)
        result = SimpleNamespace(start=0.0, duration=0.6, from_finalize=False)
        await room.hosted.say("hello", result=result)
        await room.says("hello")
        room.hosted.lose()
        await room.serves("local")
        await room.speech_stops()
        await room.says("hello", "there")
        assert room.local.spoken == [7, 8, 9, 10]


async def test_words_that_came_at_a_place_that_cannot_be_are_not_heard_a_second_time() -> None:
    """A recogniser whose positions begin anew with every utterance, or that gives none."""
    for start, duration in ((0.0, 0.0), (0.0, 0.1)):
        async with running() as room:
            await room.serves("hosted")
            room.local.texts = ["my name is Jane"]
            await room.speech()
            result = SimpleNamespace(start=start, duration=duration, from_finalize=False)
            await room.hosted.say("My name is Jane.", result=result)
            await room.says("My name is Jane.")
            await room.until(lambda: room.ladder._utterance is None)
            assert room.local.heard == b""


async def test_what_the_next_rung_hears_again_is_not_passed_on_again() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.local.texts = ["name is Jane and I sell boats"]
        await room.speech_starts()
        await room.hears(2.0)
        result = SimpleNamespace(start=0.0, duration=0.4, from_finalize=False)
        await room.hosted.say("My name is Jane", result=result)
        await room.says("My name is Jane")
        room.hosted.lose()
        await room.serves("local")
        await room.speech_stops()
        await room.says("My name is Jane", "and I sell boats")


async def test_the_tail_of_a_sentence_that_was_heard_whole_is_not_heard_again() -> None:
    """A final reached further than the pause in which it came; the tail's own final is empty."""
    async with running() as room:
        await room.serves("hosted")
        room.local.texts = ["at green river foods"]
        await room.speech_starts()
        await room.hears(1.0)
        result = SimpleNamespace(start=0.0, duration=1.0, from_finalize=False)
        await room.hosted.say("I work at Green River Foods.", result=result)
        await room.says("I work at Green River Foods.")
        await room.speech_stops()
        await room.hears(0.2)
        room.hosted.texts = [None]
        await room.speech()
        room.hosted.lose()
        await room.until(lambda: room.ladder._utterance is None)
        assert room.out.finals == ["I work at Green River Foods."]


async def test_who_says_the_same_twice_is_heard_twice() -> None:
    async with running() as room:
        await room.serves("hosted")
        for times in (1, 2):
            room.hosted.texts = ["No, thank you."]
            await room.speech()
            await room.says(*["No, thank you."] * times)


async def test_every_failure_is_told_for_the_calls_record() -> None:
    hosted = FakeHosted()
    hosted.refusal = ConnectionEnd("refused the connection with status 401", permanent=True)
    told: list[tuple[str, str, bool]] = []

    def tell(service: str, failure: RungFailedError) -> None:
        told.append((service, failure.what, failure.permanent))

    async with running(hosted, on_problem=tell) as room:
        await room.until(lambda: bool(told))
    assert told == [("stt:hosted", "refused the connection with status 401", True)]


async def test_garbage_is_not_passed_on() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.hosted.texts = ["\ufffd\ufffd\ufffd"]
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")


async def test_nothing_for_voice_is_asked_again_and_held_against_who_missed_words() -> None:
    async with running() as room:
        await room.serves("hosted")
        room.hosted.texts = [""]
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        await room.until(lambda: room.hosted.attempts == 2)


async def test_noise_is_held_against_nobody() -> None:
    async with running() as room:
        await room.serves("hosted")
        for _ in range(5):
            room.hosted.texts = [""]
            room.local.texts = [""]
            asked = room.local.events.count("stop")
            await room.speech()
            await room.until(lambda asked=asked: room.local.events.count("stop") > asked)  # type: ignore[misc]
            await room.serves("hosted")
        assert room.out.finals == []
        assert room.breaker.state is BreakerState.CLOSED
        assert room.hosted.attempts == 1


async def test_a_refused_key_is_tried_once() -> None:
    hosted = FakeHosted()
    hosted.refusal = ConnectionEnd("refused the connection with status 401", permanent=True)
    async with running(hosted) as room:
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        assert room.breaker.is_permanent
        assert "401" in room.breaker.reason
        assert hosted.attempts == 1


async def test_it_returns_at_once_the_first_time_and_then_not_before_a_minute() -> None:
    async with running() as room:
        room.breaker._policy = BreakerPolicy(failures=99)
        for n in (1, 2):
            await room.serves("hosted")
            room.hosted.lose()
            await room.serves("local")
            await room.until(lambda n=n: room.hosted.attempts == n + 1)  # type: ignore[misc]
        room.local.texts = ["one", "two"]
        await room.until(lambda: room.ladder.rungs[0].is_connected)
        await room.speech()
        await room.says("one")
        assert room.ladder.serving == "local"
        room.time.now += RETURN_INTERVAL_S
        await room.speech()
        await room.says("one", "two")
        await room.serves("hosted")


async def test_who_gave_the_words_is_told_before_they_leave() -> None:
    async with running() as room:
        told: list[str] = []
        room.ladder.on_rung = told.append
        await room.serves("hosted")
        told.clear()
        room.hosted.texts = [None]
        room.local.texts = ["hello"]
        await room.speech()
        await room.says("hello")
        assert told[-1] == "local"


async def test_the_last_rung_must_always_be_there() -> None:
    rung = SttRung(
        name="hosted", service=FakeHosted(), breaker=Breaker("x"), patience=Patience(QUICK)
    )
    with pytest.raises(ValueError, match="without a connection"):
        SttLadder([rung], pre_roll_s=0.3)
