"""The transcript holds what was heard, in the order in which it was heard."""

from __future__ import annotations

from bot.records import Rungs
from bot.transcript import Transcript
from processors.spoken_output import HeardReply

RUNG = Rungs(stt="local", llm="scripted", tts="local")


def reply(text: str, *, complete: bool = True, at: float = 0.0) -> HeardReply:
    return HeardReply(text=text, started_at=100 + at, ended_at=101 + at, complete=complete)


def transcript() -> Transcript:
    return Transcript(started_at=100.0)


def test_turns_are_numbered_together_the_greeting_first() -> None:
    script = transcript()
    script.bot_began(RUNG)
    script.bot_heard(reply("Hello."), generated="Hello.", rung=RUNG)
    script.caller_started_speaking(102.0)
    script.caller_said("Hi, this is", 103.0)
    script.caller_said("Jane.", 104.0)
    script.caller_stopped_speaking(104.5)
    script.bot_began(RUNG)
    script.bot_heard(reply("Thanks.", at=5), generated="Thanks.", rung=RUNG)
    assert [(t.n, t.role, t.text) for t in script.turns] == [
        (1, "bot", "Hello."),
        (2, "caller", "Hi, this is Jane."),
        (3, "bot", "Thanks."),
    ]
    assert (script.turns[1].start_s, script.turns[1].end_s) == (2.0, 4.5)


def test_a_cut_reply_keeps_what_was_written_beside_what_was_heard() -> None:
    script = transcript()
    script.bot_began(RUNG)
    turn = script.bot_heard(
        reply("What is", complete=False), generated="What is your name?", rung=RUNG
    )
    assert (turn.text, turn.heard_text, turn.interrupted) == (
        "What is your name?",
        "What is",
        True,
    )


def test_words_that_nobody_answered_are_kept_at_the_end() -> None:
    script = transcript()
    script.caller_said("Anybody there?", 101.0)
    assert script.close(RUNG) is not None
    assert [turn.text for turn in script.turns] == ["Anybody there?"]
    assert script.close(RUNG) is None


def test_words_in_front_of_an_inaudible_reply_belong_to_one_turn() -> None:
    script = transcript()
    script.caller_said("My budget is", 101.0)
    script.caller_said("fifty thousand.", 105.0)
    closed = script.bot_began(RUNG)
    assert closed is not None
    assert closed.text == "My budget is fifty thousand."


def test_latency_belongs_to_the_reply_that_is_about_to_be_heard() -> None:
    script = transcript()
    script.caller_said("Hi.", 101.0)
    latency = script.answered_in(voice_to_voice_ms=900.0, parts={"pipeline_ms": 900.0})
    script.bot_began(RUNG)
    turn = script.bot_heard(reply("Hello."), generated="Hello.", rung=RUNG)
    assert latency.n == turn.n == 2
    assert script.latency_of(2) == latency
