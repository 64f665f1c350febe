"""Both sides of a call move the dialogue, the transcript and the record, in step."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.interview import Interview
from bot.playbooks import load_playbook
from bot.records import CallRecord, LeadRecord, Rungs, TurnLatency, TurnRecord
from flows.conversation import Conversation
from processors.spoken_output import HeardReply

NOW = datetime(2026, 3, 5, 15, tzinfo=UTC)


class Watcher:
    def __init__(self) -> None:
        self.turns: list[TurnRecord] = []
        self.leads: list[LeadRecord] = []
        self.latencies: list[TurnLatency] = []

    def call_started(self, call_id: str) -> None: ...

    def call_ended(self, call: CallRecord) -> None: ...

    def lead_changed(self, lead: LeadRecord) -> None:
        self.leads.append(lead)

    def turn_ended(self, turn: TurnRecord) -> None:
        self.turns.append(turn)

    def latency_measured(self, latency: TurnLatency) -> None:
        self.latencies.append(latency)


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def interview(watcher: Watcher) -> Interview:
    conversation = Conversation(playbook=load_playbook("b2b-software"), clock=lambda: NOW)
    call = CallRecord(
        call_id="c", room="r", transport="x", playbook="p", started_at=NOW, lead_id="l"
    )
    return Interview(
        conversation=conversation,
        call=call,
        rungs=lambda: Rungs(stt="local", llm="scripted", tts="local"),
        recorder=None,
        listeners=[watcher],
        generated_text=lambda: "",
    )


def bot_says(interview: Interview, text: str, *, complete: bool = True) -> None:
    interview.bot_began()
    interview.bot_heard(HeardReply(text=text, started_at=0, ended_at=1, complete=complete))


def caller_says(interview: Interview, text: str) -> None:
    interview.caller_started_speaking()
    interview.caller_said(text, words=(), alternatives=(), typed=False)
    interview.caller_stopped_speaking()


def test_a_value_is_confirmed_by_a_read_back_that_was_heard_and_a_yes(
    interview: Interview,
) -> None:
    bot_says(interview, interview.conversation.greeting())
    caller_says(interview, "My e-mail is jane.doe@acme.com.")
    bot_says(interview, "Let me read that back: jane dot doe at acme dot com. Is that right?")
    caller_says(interview, "Yes, that's right.")
    assert interview.lead_record().fields["email"]["status"] == "confirmed"


def test_a_read_back_that_was_cut_confirms_nothing(interview: Interview) -> None:
    bot_says(interview, interview.conversation.greeting())
    caller_says(interview, "My e-mail is jane.doe@acme.com.")
    bot_says(interview, "Let me read that back: jane dot doe", complete=False)
    caller_says(interview, "Yes, that's right.")
    assert interview.lead_record().fields["email"]["status"] != "confirmed"


def test_a_yes_while_the_bot_still_speaks_confirms_nothing(interview: Interview) -> None:
    bot_says(interview, interview.conversation.greeting())
    caller_says(interview, "My e-mail is jane.doe@acme.com.")
    interview.bot_began()
    interview.caller_said("Yes.", words=(), alternatives=(), typed=False)
    line = "Let me read that back: jane dot doe at acme dot com. Is that right?"
    interview.bot_heard(HeardReply(text=line, started_at=0, ended_at=1, complete=True))
    assert interview.lead_record().fields["email"]["status"] != "confirmed"


def test_typed_words_carry_their_source(interview: Interview) -> None:
    bot_says(interview, interview.conversation.greeting())
    interview.caller_said("jane.doe@acme.com", words=(), alternatives=(), typed=True)
    evidence = interview.lead_record().fields["email"]["evidence"]
    assert evidence[0]["source"] == "typed"


def test_the_text_of_a_cut_line_of_our_own_is_the_whole_line(
    interview: Interview, watcher: Watcher
) -> None:
    interview.will_say("Hi, this is Ada, the AI assistant at Leadline.")
    bot_says(interview, "Hi, this is", complete=False)
    assert watcher.turns[-1].text == "Hi, this is Ada, the AI assistant at Leadline."
    assert watcher.turns[-1].heard_text == "Hi, this is"


def test_watchers_see_turns_leads_and_latency(interview: Interview, watcher: Watcher) -> None:
    bot_says(interview, interview.conversation.greeting())
    caller_says(interview, "My name is Jane Doe.")
    interview.answered_in({"llm_inference_ms": 300.0, "speech_synthesis_ms": 200.0})
    bot_says(interview, "Which company are you with?")
    assert [turn.n for turn in watcher.turns] == [1, 2, 2, 3]
    assert watcher.leads[-1].fields["name"]["value"] == "Jane Doe"
    assert watcher.latencies == [
        TurnLatency(
            n=3,
            voice_to_voice_ms=500.0,
            parts={"llm_inference_ms": 300.0, "speech_synthesis_ms": 200.0},
        )
    ]
