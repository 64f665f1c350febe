"""What a caller forbids or allows beside the questions: to be recorded, to be contacted at all."""

from __future__ import annotations

from flows.capture import Answer, answer
from flows.consent import Matter, latest
from flows.lead import Event
from flows.playbook import RecordingConsent
from flows.turn import Turn


def wants_no_contact(turn: Turn) -> bool:
    """ "Remove me" counts at once, also where it was said over the bot's voice."""
    if turn.answer is Answer.DO_NOT_CONTACT:
        return True
    if turn.own.text == turn.all.text or not turn.all.text:
        return False
    return answer(turn.all, turn.around) is Answer.DO_NOT_CONTACT


def answer_to_recording(turn: Turn) -> None:
    """ "Please don't record this" is a no in the caller's words; going on is no yes by itself."""
    lead, playbook = turn.state.lead, turn.playbook
    for wish in turn.wishes:
        evidence = turn.evidence(wish.words, wish.allowed, 1.0, "recording")
        turn.consent(evidence, Matter.RECORDING, allowed=wish.allowed)
        turn.state.remarks.append(turn.phrases.recording_noted(turn.recorded, allowed=wish.allowed))
        if turn.recorded and not wish.allowed:
            lead.follow_up(turn.phrases.delete_recording())
        for spec in playbook.consents_to(Matter.RECORDING):
            if lead[spec.key].take(wish.allowed, evidence, Event.VALUE):
                turn.touched.add(spec.key)
    goes_on = turn.state.notice_heard and bool(turn.own.text)
    implied = playbook.recording_consent is RecordingConsent.IMPLIED
    if implied and goes_on and latest(lead.consents, Matter.RECORDING) is None:
        evidence = turn.evidence(turn.own.text, True, 1.0, "went on after the notice")
        turn.consent(evidence, Matter.RECORDING, allowed=True)
