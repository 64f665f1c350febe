"""Dialogues as they should go, from greeting to goodbye."""

from __future__ import annotations

from tests.unit.flows.talk import ANSWERS, Talk


def test_the_greeting_says_ai_and_recorded_before_any_question() -> None:
    greeting = Talk(recorded=True).bot
    assert "AI assistant" in greeting
    assert greeting.index("AI assistant") < greeting.index("recorded") < greeting.index("?")


def test_a_call_that_is_not_recorded_does_not_say_so() -> None:
    assert "recorded" not in Talk().bot


def test_a_whole_call_ends_with_a_qualified_lead() -> None:
    talk = Talk()
    for _ in range(25):
        if talk.conversation.done:
            break
        if talk.read_back:
            talk.says("yes, that's right")
        elif talk.asked is None:
            talk.says("No, that's all")
        else:
            talk.says(ANSWERS[talk.asked])
    conversation = talk.conversation
    assert conversation.done
    assert conversation.outcome == "completed"
    assert {key: talk.value(key) for key in conversation.playbook.keys} == {
        "name": "Jane Doe",
        "company": "Acme Corporation",
        "need": talk.value("need"),
        "team_size": 120,
        "budget": {"min": 50000, "max": 50000, "currency": "USD", "period": "year"},
        "timeline": "2027-03-31",
        "decision_maker": True,
        "email": "jane.doe@acme.com",
        "phone": "+14155552671",
        "consent_to_contact": True,
        "meeting": "2026-11-26T14:00:00-05:00",
    }
    assert "answer every call" in talk.value("need")
    assert talk.status("email") == talk.status("phone") == "confirmed"
    assert talk.status("name") == "validated"
    assert conversation.disposition == "qualified"
    assert conversation.score == 100


def test_one_turn_may_fill_several_fields_and_none_of_them_is_asked_again() -> None:
    talk = Talk().says("Hi, this is Jane Doe from Acme Corporation")
    assert talk.value("name") == "Jane Doe"
    assert talk.asked == "need"
    assert talk.echoed == {"name": "Jane Doe", "company": "Acme Corporation"}


def test_a_yes_confirms_what_was_read_back() -> None:
    talk = Talk().up_to("email").says("jane dot doe at acme dot com")
    assert talk.read_back == {"email": "jane.doe@acme.com"}
    assert talk.status("email") == "validated"
    talk.says("Yes.")
    assert talk.status("email") == "confirmed"
    assert talk.asked == "phone"


def test_a_no_asks_for_the_part_and_never_proposes_that_value_again() -> None:
    talk = Talk().up_to("email").says("jane dot dough at acme dot com").says("no")
    assert talk.status("email") == "open"
    assert "before the at sign" in talk.bot
    talk.says("jane dot doe")
    assert talk.read_back == {"email": "jane.doe@acme.com"}
    talk.says("yes")
    assert talk.status("email") == "confirmed"


def test_after_three_failed_repairs_a_person_has_to_settle_it() -> None:
    talk = Talk().up_to("email")
    asked = []
    for wrong in ("tina at red dot com", "rosa at blue dot com", "hugo at green dot com",
                  "omar at black dot com"):  # fmt: skip
        asked.append(talk.bot)
        talk.says(wrong).says("no")
    assert talk.status("email") == "unknown"
    assert len(set(asked)) == 4
    field = talk.conversation.lead_document()["email"]
    assert field["value"] is None
    assert field["candidates"] == [
        "tina@red.com",
        "rosa@blue.com",
        "hugo@green.com",
        "omar@black.com",
    ]
    assert any("e-mail" in what for what in talk.conversation.lead.follow_ups)
    assert talk.asked == "phone"


def test_a_refusal_stays_until_the_caller_brings_it_up() -> None:
    talk = Talk().up_to("phone").says("I'd rather not give you my phone number")
    assert talk.status("phone") == "refused"
    assert talk.asked == "consent_to_contact"
    talk.says("yes please")
    assert talk.status("phone") == "refused"
    talk.says("Okay, my number is four one five, five five five, two six seven one")
    assert talk.read_back == {"phone": "+14155552671"}


def test_a_misheard_amount_is_exposed_in_passing_and_corrected_at_no_extra_question() -> None:
    talk = Talk().up_to("budget").says("fifteen thousand dollars")
    assert talk.echoed["budget"]["min"] == 15000
    assert talk.asked == "timeline"
    talk.says("No, fifty thousand. And by the end of March, please.")
    assert talk.value("budget")["min"] == 50000
    assert talk.value("timeline") == "2027-03-31"
    assert talk.asked == "decision_maker"


def test_going_back_reopens_a_confirmed_value() -> None:
    talk = Talk().up_to("email").says(ANSWERS["email"]).says("yes")
    assert talk.status("email") == "confirmed"
    talk.says("Actually, my email is jane at gmail dot com")
    assert talk.status("email") == "validated"
    assert talk.read_back == {"email": "jane@gmail.com"}


def test_a_question_is_answered_and_the_open_question_asked_again_in_short() -> None:
    talk = Talk().up_to("team_size").says("How much does it cost?")
    assert "twenty dollars" in talk.bot
    assert talk.asked == "team_size"
    assert talk.bot.endswith("And how many people would use it?")


def test_a_question_nobody_knows_is_noted_for_a_colleague() -> None:
    talk = Talk().up_to("team_size").says("Which colour is your office building?")
    assert "colleague" in talk.bot
    assert talk.asked == "team_size"
    assert any("colour" in what for what in talk.conversation.lead.follow_ups)


def test_are_you_a_robot_is_answered_honestly() -> None:
    for question in ("Are you a robot?", "am I talking to a real person", "Is this an AI?"):
        talk = Talk().says(question)
        assert "an AI assistant" in talk.bot
        assert talk.asked == "name"


def test_remove_me_ends_the_call_at_once() -> None:
    talk = Talk().up_to("budget").says("Please remove me from your list")
    conversation = talk.conversation
    assert conversation.done
    assert conversation.outcome == conversation.disposition == "do_not_contact"
    assert conversation.lead.consents[-1].text == "Please remove me from your list"
    assert talk.asked is None


def test_a_person_is_wanted_and_only_the_way_to_reach_the_caller_is_asked() -> None:
    talk = Talk().up_to("need").says("I want to speak to a human")
    assert talk.asked == "phone"
    talk.says(ANSWERS["phone"]).says("yes")
    assert talk.conversation.done
    assert talk.conversation.outcome == "handed_over"


def test_hold_on_waits_and_asks_nothing() -> None:
    talk = Talk().up_to("email").says("Hold on a second")
    assert talk.asked is None
    assert "take your time" in talk.bot
    talk.says(ANSWERS["email"])
    assert talk.read_back == {"email": "jane.doe@acme.com"}


def test_goodbye_ends_early_and_keeps_what_is_known() -> None:
    talk = Talk().up_to("budget").says("I have to go now, goodbye")
    assert talk.conversation.done
    assert talk.conversation.outcome == "completed"
    assert talk.conversation.disposition == "incomplete"
    assert talk.value("name") == "Jane Doe"


def test_no_wording_is_used_twice_for_a_field() -> None:
    talk = Talk()
    heard = [talk.bot]
    for noise in ("mumble", "grumble grumble", "blah"):
        talk.says(noise)
        heard.append(talk.bot)
    assert len(set(heard)) == len(heard)


def test_silence_asks_then_rephrases_then_says_goodbye() -> None:
    talk = Talk().up_to("budget")
    first, second = talk.conversation.silence(1), talk.conversation.silence(2)
    third = talk.conversation.silence(3)
    assert first == "Are you still there?"
    assert second is not None
    assert "budget" in second
    assert third is not None
    assert "goodbye" in third
    assert talk.conversation.silence(4) is None
    talk.hears(third)
    assert talk.conversation.done


def test_after_a_cut_line_the_bot_says_where_they_were() -> None:
    line = Talk().up_to("budget").conversation.resume_line()
    assert line.startswith("Sorry, we were cut off for a moment. You were telling me about the")
    assert "budget" in line
    assert line.endswith("?")


def test_an_address_in_two_pieces_is_joined() -> None:
    talk = Talk().up_to("email").says("jane").says("at acme dot com")
    assert talk.read_back == {"email": "jane@acme.com"}


def test_a_number_in_three_pieces_is_joined_and_its_end_corrected() -> None:
    talk = Talk().up_to("phone").says("four one five").says("five five five")
    assert talk.asked == "phone"
    assert talk.status("phone") == "heard"
    assert talk.says("two six seven one").read_back == {"phone": "+14155552671"}
    talk.says("that's not right, it ends in seven two")
    assert talk.read_back == {"phone": "+14155552672"}


def test_the_bots_own_name_is_not_the_callers() -> None:
    assert Talk().says("Hi Ada, my name is Jane Doe").value("name") == "Jane Doe"


def test_asking_for_a_person_is_not_a_need() -> None:
    talk = Talk().up_to("need").says("I want to talk to a real person")
    assert talk.value("need") is None


def test_who_is_speaking_and_why_and_recording_are_answered() -> None:
    assert "Ada" in Talk().says("who am I speaking to?").bot
    assert "this call is recorded" in Talk(recorded=True).says("do you record this?").bot
    assert "isn't recorded" in Talk().says("Is this call being recorded?").bot
    assert "whom to ask for" in Talk().says("why do you need that?").bot


def test_an_amount_alone_is_not_a_need() -> None:
    talk = Talk().up_to("need").says("fifty thousand dollars a year")
    assert talk.value("need") is None
    assert talk.value("budget")["min"] == 50000
    assert talk.asked == "need"
