"""The ledger of consent: what was allowed or forbidden, in the caller's own words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flows.consent import Matter, Verdict
from flows.conversation import Conversation
from flows.phrases import phrases_for
from flows.playbook import Playbook
from tests.unit.flows.talk import NOW, Talk, default_playbook

FORBIDS = [
    "please don't record this",
    "Don't record me, please.",
    "do not record this call",
    "I don't want to be recorded",
    "I do not want this call to be recorded",
    "I don't want you to record me",
    "stop recording",
    "can you stop recording please",
    "could you turn off the recording?",
    "turn the recording off",
    "I'd rather not be recorded",
    "I would prefer you didn't record this",
    "I'm not comfortable with being recorded",
    "I am not okay with the recording",
    "I don't consent to being recorded",
    "I object to the recording",
    "no recording, please",
    "I withdraw my consent to the recording",
    "delete the recording please",
    "we don't want to be recorded",
]
ALLOWS = [
    "it's fine to record",
    "that's okay, you can record this",
    "you may record the call",
    "I'm fine with being recorded",
    "I consent to being recorded",
    "I agree to the recording",
    "I don't mind being recorded",
    "I have no objection to being recorded",
    "go ahead and record",
]
NEITHER = [
    "is this call recorded?",
    "are you recording this?",
    "we want to stop recording every call by hand",
    "we don't record our calls today",
    "we need software that records calls",
    "I don't record this stuff for a living",
    "our track record is good",
    "we don't keep records",
    "can it record calls?",
    "my company is Record Makers",
    "we need a system of record",
    "Vinyl Records Limited",
    "why don't you record the calls for us",
    "we are fine, our record is clean",
    "tape and boxes",
]


def wish(text: str) -> bool | None:
    found = phrases_for("en").recording_wish(text)
    return found.allowed if found is not None else None


@pytest.mark.parametrize("text", FORBIDS)
def test_an_objection_to_the_recording(text: str) -> None:
    assert wish(text) is False


@pytest.mark.parametrize("text", ALLOWS)
def test_a_yes_to_the_recording(text: str) -> None:
    assert wish(text) is True


@pytest.mark.parametrize("text", NEITHER)
def test_what_only_mentions_recording(text: str) -> None:
    assert wish(text) is None


def ledger(talk: Talk) -> list[tuple[str, str, str]]:
    return [(c.matter.value, c.verdict.value, c.text) for c in talk.conversation.lead.consents]


def test_an_objection_is_written_down_with_its_words_and_answered_honestly() -> None:
    talk = Talk(recorded=True).says("Please don't record this. My name is Jane Doe.")
    assert ledger(talk) == [("recording", "refused", "Please don't record this.")]
    assert talk.conversation.recording_forbidden
    assert "noted" in talk.bot
    assert talk.value("name") == "Jane Doe"
    assert any("recording" in line for line in talk.conversation.lead.follow_ups)


def test_an_objection_is_no_refusal_of_the_question_that_was_asked() -> None:
    talk = Talk(recorded=True)
    assert talk.asked == "name"
    talk.says("I'd rather not be recorded")
    assert talk.status("name") == "open"
    assert talk.asked == "name"


def test_going_on_after_the_notice_is_no_yes_by_itself() -> None:
    talk = Talk(recorded=True).says("My name is Jane Doe").says("Acme Corporation")
    assert ledger(talk) == []


def test_going_on_is_a_yes_where_the_playbook_says_so() -> None:
    playbook = with_changes({"recording_consent": "implied"})
    talk = Talk(playbook, recorded=True).says("My name is Jane Doe").says("Acme Corporation")
    assert ledger(talk) == [("recording", "given", "My name is Jane Doe")]


def test_nothing_is_implied_where_the_notice_was_not_heard() -> None:
    playbook = with_changes({"recording_consent": "implied"})
    talk = Talk(playbook, recorded=True)
    talk.conversation.bot_heard("Hi, this is", complete=False)
    talk.says("My name is Jane Doe")
    assert ledger(talk) == []
    unrecorded = Talk(playbook).says("My name is Jane Doe")
    assert ledger(unrecorded) == []


def test_an_objection_is_stronger_than_what_is_implied() -> None:
    playbook = with_changes({"recording_consent": "implied"})
    talk = Talk(playbook, recorded=True).says("please don't record this").says("I'm Jane Doe")
    assert [entry[1] for entry in ledger(talk)] == ["refused"]


def test_a_later_no_withdraws() -> None:
    talk = Talk(recorded=True).says("It's fine to record. I'm Jane Doe").says("stop recording")
    assert [entry[:2] for entry in ledger(talk)] == [
        ("recording", "given"),
        ("recording", "withdrawn"),
    ]


def test_the_default_conversation_asks_nothing_about_recording() -> None:
    plain, recorded = Talk(), Talk(recorded=True)
    for text in ("I'm Jane Doe", "Acme Corporation", "please don't record this"):
        plain.says(text)
        recorded.says(text)
    assert plain.asked == recorded.asked == "need"
    assert list(recorded.conversation.lead_document()) == list(default_playbook().keys)


def test_consent_to_contact_is_in_the_ledger_with_the_exact_words() -> None:
    talk = Talk().up_to("consent_to_contact").says("Yes, please do")
    assert ledger(talk) == [("contact", "given", "Yes, please do")]
    talk.says("Actually, remove me from your list")
    assert ledger(talk)[-1] == ("contact", "withdrawn", "Actually, remove me from your list")
    assert talk.value("consent_to_contact") is False


@pytest.mark.parametrize(
    "text", ["Remove me", "take me off your list", "don't call me again", "Stop calling me!"]
)
def test_do_not_contact_counts_at_once_also_over_the_bots_voice(text: str) -> None:
    for over_bot in (False, True):
        talk = Talk().says("My name is Jane Doe").only_says(text, over_bot=over_bot)
        conversation = talk.conversation
        assert conversation.lead.do_not_contact
        assert conversation.disposition == "do_not_contact"
        assert conversation.directive().done
        # It is written down before the bot has said another word.
        assert [c.verdict for c in conversation.consents] == [Verdict.WITHDRAWN]


def test_a_yes_is_written_down_when_its_turn_is_over() -> None:
    talk = Talk().up_to("consent_to_contact").only_says("yes")
    assert [c.verdict for c in talk.conversation.consents] == []
    talk.only_says("no wait, rather not")
    assert all(c.verdict is not Verdict.GIVEN for c in talk.conversation.consents)
    agreed = Talk().up_to("consent_to_contact").says("yes")
    assert [c.verdict for c in agreed.conversation.consents] == [Verdict.GIVEN]


def test_a_yes_that_was_the_last_word_before_the_line_closed_counts() -> None:
    talk = Talk().up_to("consent_to_contact").only_says("yes please")
    talk.conversation.line_closed()
    assert [c.text for c in talk.conversation.consents] == ["yes please"]


def test_a_playbook_may_ask_for_consent_to_the_recording() -> None:
    playbook = with_recording_field()
    talk = Talk(playbook, recorded=True)
    assert talk.asked == "consent_to_record"
    talk.says("No, I'd rather you didn't")
    assert talk.conversation.recording_forbidden
    assert talk.value("consent_to_record") is False
    assert "Do not contact" not in talk.conversation.next_action
    agreed = Talk(playbook, recorded=True).says("yes, that's fine")
    assert [c.matter for c in agreed.conversation.lead.consents] == [Matter.RECORDING]
    assert agreed.status("consent_to_contact") == "open"
    agreed.says("Remove me from your list")
    assert agreed.value("consent_to_record") is True
    assert agreed.value("consent_to_contact") is False


def test_the_ledger_survives_a_snapshot() -> None:
    talk = Talk(recorded=True).says("Please don't record this. I'm Jane Doe")
    again = Conversation.restore(
        json.loads(json.dumps(talk.conversation.snapshot())),
        playbook=default_playbook(),
        clock=lambda: NOW,
    )
    assert again.lead.consents == talk.conversation.lead.consents
    assert again.lead.consents[0].at == NOW


def with_changes(changes: dict[str, Any]) -> Playbook:
    return Playbook.model_validate(default_playbook().model_dump() | changes)


def with_recording_field() -> Playbook:
    document = default_playbook().model_dump()
    document["fields"].insert(
        0,
        {
            "key": "consent_to_record",
            "kind": "consent",
            "consents_to": "recording",
            "label": "consent to the recording",
            "questions": ["Is it alright if we record this call?"],
            "short": "May we record this call?",
            "why": "because we only record whom we may",
            "keywords": ["record"],
        },
    )
    return Playbook.model_validate(document)
