"""Who is heard when two recognisers listen: in every order, each word once and as soon as due."""

from __future__ import annotations

from types import SimpleNamespace

from bot.services.breaker import BreakerPolicy, BreakerState
from bot.services.patience import PatiencePolicy
from bot.services.stt_late import LATE_GRACE_S
from bot.services.stt_watch import FIRST_COME_S
from tests.unit.services.stt_room import Room, running, settled

PATIENCE = PatiencePolicy(floor_s=0.8, ceiling_s=1.2)
DOUBT_S = 0.4
TIMEOUT_S = 0.8
NOTHING: list[str] = []


async def speech_without_an_answer(room: Room, *, local: str | None) -> None:
    """The caller has spoken; the hosted recogniser will not answer before the test says so."""
    room.hosted.texts = [None]
    room.local.texts = [local]
    await room.speech()
    await room.until(lambda: "stop" in room.hosted.events)
    await settled()


class TestOneUtterance:
    async def test_a_prompt_answer_is_heard_and_nobody_else_is_asked(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local="hello")
            await room.time.passes(DOUBT_S - 0.01)
            await room.hosted.say("hello")
            await room.time.passes(5)
            assert room.out.finals == ["hello"]
            assert room.local.events == []

    async def test_hosted_first_throws_the_other_answer_away(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local=None)
            await room.time.passes(DOUBT_S + 0.1)
            assert room.local.events == ["start", "stop"]
            await room.hosted.say("hello")
            await settled()
            await room.local.say("hello")
            await room.time.passes(5)
            assert room.out.finals == ["hello"]
            assert room.ladder.serving == "hosted"
            assert room.hosted.attempts == 1

    async def test_local_first_is_held_until_hosted_answers_after_all(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local="hullo")
            await room.time.passes(TIMEOUT_S - 0.01)
            assert room.out.finals == []
            await room.hosted.say("hello")
            await room.time.passes(5)
            assert room.out.finals == ["hello"]

    async def test_hosted_never_is_followed_by_the_held_answer_at_the_time_out(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local="hello")
            asked = room.local.events.count("stop")
            await room.time.passes(TIMEOUT_S)
            assert room.out.finals == ["hello"]
            assert room.local.events.count("stop") == asked + 1
            assert room.ladder.serving == "local"

    async def test_a_second_opinion_that_takes_long_is_not_asked_for_again(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local=None)
            await room.time.passes(TIMEOUT_S + 0.5)
            await room.local.say("hello")
            await room.says("hello")
            assert room.local.events == ["start", "stop"]

    async def test_when_neither_is_in_time_the_first_to_come_is_heard(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local=None)
            await room.time.passes(TIMEOUT_S + 0.5)
            await room.hosted.say("hello")
            await settled()
            await room.local.say("hello")
            await room.time.passes(5)
            assert room.out.finals == ["hello"]
            assert room.ladder.serving == "hosted"
            assert room.breaker.state is BreakerState.CLOSED

    async def test_when_neither_ever_comes_the_last_rung_serves_all_the_same(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local=None)
            await room.time.passes(TIMEOUT_S + FIRST_COME_S)
            assert room.ladder.serving == "local"

    async def test_a_part_that_comes_late_leaves_the_rest_to_the_first_to_come(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local=None)
            await room.time.passes(TIMEOUT_S + 0.1)
            room.local.texts = ["there"]
            part = SimpleNamespace(start=0.0, duration=0.4, from_finalize=False)
            await room.hosted.say("hello", result=part)
            await room.says("hello", "there")

    async def test_hosted_late_is_dropped_and_remembered_as_slow(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local="hello")
            await room.time.passes(1.1)
            await room.hosted.say("hello")
            await room.until(lambda: room.hosted.attempts == 2)
            assert room.out.finals == ["hello"]
            assert max(room.ladder.rungs[0].patience._recent) > 1.0

    async def test_interim_results_alone_are_no_answer(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            room.hosted.texts, room.local.texts = [None], ["hello there"]
            await room.speech_starts()
            await room.hears(1.0)
            await room.hosted.guess("hello")
            await room.speech_stops()
            await settled()
            await room.time.passes(TIMEOUT_S)
            assert room.out.interims == ["hello"]
            assert room.out.finals == ["hello there"]

    async def test_without_a_hedge_the_next_rung_is_asked_at_the_time_out(self) -> None:
        async with running(patience=PATIENCE, hedge_ratio=1.0, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local="hello")
            await room.time.passes(TIMEOUT_S - 0.01)
            assert room.local.events == []
            await room.time.passes(0.01)
            await room.says("hello")

    async def test_a_connection_that_breaks_while_it_is_waited_for_frees_the_held_answer(
        self,
    ) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local="hello")
            await room.time.passes(DOUBT_S)
            room.hosted.lose()
            await room.says("hello")
            assert room.time.now < 1000 + TIMEOUT_S

    async def test_both_agree_that_it_was_noise(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local=None)
            await room.time.passes(DOUBT_S)
            await room.local.say("")
            await room.hosted.say("")
            await room.time.passes(5)
            assert room.out.finals == []
            assert room.breaker.state is BreakerState.CLOSED
            assert room.ladder.serving == "hosted"

    async def test_a_part_that_hosted_gives_after_all_is_not_said_twice(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local="hello there")
            await room.time.passes(DOUBT_S)
            room.local.texts = ["there"]
            part = SimpleNamespace(start=0.0, duration=0.4, from_finalize=False)
            await room.hosted.say("hello", result=part)
            await room.time.passes(TIMEOUT_S - DOUBT_S)
            assert room.out.finals == ["hello", "there"]
            assert room.local.spoken == list(range(5, 11))


class TestWhatComesAfterwards:
    async def test_a_late_answer_does_not_pass_for_that_to_the_next_utterance(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local="one")
            await room.time.passes(TIMEOUT_S)
            await room.says("one")
            room.local.texts = ["two"]
            await room.speech_starts()
            await room.hears(0.5)
            await room.hosted.say("one")
            await settled()
            await room.hears(0.5)
            await room.speech_stops()
            await room.says("one", "two")

    async def test_what_was_thrown_away_does_not_pass_for_the_next_answer(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local=None)
            await room.time.passes(DOUBT_S)
            await room.hosted.say("one")
            await settled()
            assert room.local.forgot >= 2  # what it was given, and then the end of its usefulness
            await room.time.passes(3)
            await speech_without_an_answer(room, local="two")
            await room.time.passes(TIMEOUT_S)
            assert room.out.finals == ["one", "two"]
            assert room.local.spoken == list(range(11, 21))

    async def test_what_comes_out_before_it_has_forgotten_is_about_the_past(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            room.local.says_before_it_forgets = "one"
            room.local.texts = ["two"]
            await room.speech_starts()
            await room.hears(0.5)
            room.hosted.lose()
            await room.serves("local")
            await room.speech_stops()
            await room.says("two")

    async def test_speaking_on_calls_the_second_opinion_off(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local="hello")
            await room.time.passes(DOUBT_S)
            await room.speech_starts()
            await room.hears(0.5)
            await room.time.passes(0.5)
            assert room.out.finals == []
            room.hosted.texts, room.local.texts = [None], ["hello there"]
            await room.speech_stops()
            await settled()
            await room.time.passes(TIMEOUT_S)
            assert room.out.finals == ["hello there"]
            assert room.local.spoken == list(range(1, 16))

    async def test_the_beginning_of_the_next_word_reaches_the_rung_that_took_over(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            await speech_without_an_answer(room, local="one")
            await room.time.passes(DOUBT_S)
            await room.hears(0.2)  # a word has begun; the voice detector needs a little longer
            await room.time.passes(TIMEOUT_S - DOUBT_S)
            assert room.local.spoken[-2:] == [11, 12]

    async def test_words_of_the_rung_before_do_not_explain_an_empty_answer(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            room.local.texts = ["one", "two"]
            room.hosted.texts = [""]
            await room.serves("hosted")
            room.hosted.lose()
            await room.serves("local")
            await room.speech()
            await room.says("one")
            await room.serves("hosted")
            await room.speech()
            await room.says("one", "two")


class TestFailuresThatAreKnown:
    async def test_after_an_opening_the_next_turn_begins_with_the_next_rung(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            room.breaker._policy = BreakerPolicy(failures=1)
            await room.serves("hosted")
            await speech_without_an_answer(room, local="one")
            await room.time.passes(TIMEOUT_S + LATE_GRACE_S)
            began_at = room.time.now
            room.local.texts = ["two"]
            await room.speech()
            await room.says("one", "two")
            assert room.time.now == began_at

    async def test_a_breaker_that_another_process_opened_is_heeded_at_once(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            for _ in range(3):
                room.breaker.failed(reason="stalls")  # as if learnt: our connection is whole
            began_at = room.time.now
            room.local.texts = ["hello"]
            await room.hears(0.5)
            await room.speech()
            await room.says("hello")
            assert room.time.now == began_at
            assert room.local.spoken == list(range(3, 16))

    async def test_one_that_goes_mute_is_not_waited_for(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            await room.serves("hosted")
            room.hosted.texts = ["one"]
            await room.speech()
            await room.says("one")
            room.hosted.is_mute = True
            room.hosted.texts, room.local.texts = [None], ["two"]
            await room.time.passes(1)
            asked_at = room.time.now
            await room.speech(2.5)
            await room.says("one", "two")
            assert room.time.now == asked_at

    async def test_one_of_which_nothing_is_known_is_doubted_at_once(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            room.hosted.is_mute = True
            await room.serves("hosted")
            await speech_without_an_answer(room, local="hello")
            assert room.local.events == ["start", "stop"]
            await room.time.passes(TIMEOUT_S)
            assert room.out.finals == ["hello"]

    async def test_one_that_never_speaks_early_is_given_its_time(self) -> None:
        async with running(patience=PATIENCE, is_virtual=True) as room:
            room.hosted.is_mute = True
            room.hosted.texts = ["one"]
            await room.serves("hosted")
            await room.speech()
            await room.says("one")
            room.local.events.clear()
            await room.time.passes(3)
            await speech_without_an_answer(room, local="two")
            await room.time.passes(DOUBT_S - 0.01)
            assert room.local.events == []
