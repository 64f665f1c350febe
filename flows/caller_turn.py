"""One caller turn: what its words do to the lead and to the dialogue.

All finals of a turn are read together, always from the state at the turn's beginning, so that a
late final can change what an earlier one seemed to mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from flows.capture import Answer, Kind, Utterance, answer
from flows.consent import Matter
from flows.dialogue import (
    ASKS_AT_MOST,
    HOLDS_AT_MOST,
    DialogueState,
    Ending,
    is_asked_out,
    is_read_back,
)
from flows.lead import ASKABLE, Event, Status
from flows.objections import answer_to_echo, answer_to_read_back
from flows.permissions import answer_to_recording, wants_no_contact
from flows.playbook import Playbook, PlaybookField
from flows.rescue import find_again
from flows.turn import YES_OR_NO, Final, Turn
from flows.values import take_values

TURNS_REMEMBERED = 60
_REACH = (Kind.EMAIL, Kind.PHONE, Kind.NAME, Kind.COMPANY)


def read_turn(
    base: DialogueState,
    finals: Sequence[Final],
    *,
    playbook: Playbook,
    now: datetime,
    recorded: bool,
) -> DialogueState:
    """The state after the turn; `base` stays as it is."""
    state = base.copy()
    state.turn += 1
    state.remarks = []
    state.holding = False
    if state.ending is Ending.GOODBYE:
        state.ending = Ending.NONE
    _read(Turn(state, finals, playbook=playbook, now=now, recorded=recorded))
    return state


def _read(turn: Turn) -> None:
    state = turn.state
    state.said = [*state.said, turn.all.text][-TURNS_REMEMBERED:]
    state.asked_then = [*state.asked_then, state.asked][-TURNS_REMEMBERED:]
    answer_to_recording(turn)
    if wants_no_contact(turn):
        _do_not_contact(turn)
        return
    answer_to_read_back(turn)
    answer_to_echo(turn)
    take_values(turn)
    _questions(turn)
    waited = state.holds > 0
    _moves(turn)
    _asked_without_value(turn, waited=waited)
    _let_go_of_what_was_asked_out(turn)
    find_again(turn)


def _questions(turn: Turn) -> None:
    reply = turn.answer_to_question
    if reply is not None:
        turn.state.remarks.append(reply)
        turn.touched.add("")
    elif turn.answer is Answer.QUESTION and not turn.touched and not turn.understood:
        turn.state.remarks.append(turn.playbook.unknown_question)
        note = turn.phrases.note_question.replace("{text}", turn.own.text[:200])
        turn.state.lead.follow_up(note)


def _moves(turn: Turn) -> None:
    state = turn.state
    if turn.answer is Answer.HUMAN:
        state.ending = Ending.HUMAN
        state.remarks.append(turn.phrases.human_wanted)
        state.lead.follow_up("The caller asked to speak to a person.")
    elif turn.answer is Answer.GOODBYE:
        state.ending = Ending.GOODBYE
    elif turn.answer is Answer.HOLD_ON and state.holds < HOLDS_AT_MOST and _ends_waiting(turn):
        state.holding = True
        state.holds += 1
        state.remarks = [turn.phrases.take_your_time]
    elif turn.answer is not Answer.HOLD_ON:
        state.holds = 0
    if turn.answer is Answer.REPEAT:
        state.remarks.insert(0, turn.phrases.of_course)


def _ends_waiting(turn: Turn) -> bool:
    """ "Twelve, no wait, fifteen" asks for no moment: the caller went on and gave the value."""
    if not turn.touched:
        return True
    last = re.split(r"[,.;!?]+", turn.own.text.strip(" ,.;!?"))[-1]
    return answer(Utterance(last.strip()), turn.around) is Answer.HOLD_ON


def _do_not_contact(turn: Turn) -> None:
    turn.state.lead.do_not_contact = True
    evidence = turn.evidence(turn.all.text, False, 1.0, "do_not_contact")
    turn.consent(evidence, Matter.CONTACT, allowed=False, withdrawn=True)
    for spec in turn.playbook.consents_to(Matter.CONTACT):
        turn.state.lead[spec.key].take(False, evidence, Event.VALUE)
    turn.state.ending = Ending.DO_NOT_CONTACT


def _asked_without_value(turn: Turn, *, waited: bool) -> None:
    """`waited`: the caller had asked for a moment; a no behind it refuses nothing."""
    spec = turn.asked()
    if not turn.own.text:
        return
    if turn.answer is Answer.REFUSAL:
        turn.refused(_refused_field(turn, spec))
        return
    if spec is None or spec.key in turn.touched or spec.key in turn.state.read_back:
        return
    held = turn.state.lead[spec.key]
    if held.status not in ASKABLE or turn.touched or turn.objected:
        return
    if turn.answer is Answer.DO_NOT_KNOW:
        turn.give_up(spec, held)
    elif turn.answer is Answer.NO and waited and spec.kind not in YES_OR_NO:
        turn.failed(spec, held)
    elif turn.answer is Answer.NO and not turn.state.echoed and spec.kind in _REACH:
        turn.refused(spec)
    elif turn.answer is Answer.NO and not turn.state.echoed and spec.kind not in YES_OR_NO:
        turn.give_up(spec, held)
    elif turn.answer in (Answer.OTHER, Answer.YES, Answer.NO, Answer.CORRECTION):
        turn.failed(spec, held)


def _let_go_of_what_was_asked_out(turn: Turn) -> None:
    """No form of a question comes twice: then a person has to settle it."""
    state = turn.state
    for spec in turn.playbook.fields:
        held = state.lead[spec.key]
        if held.asked == 0 or state.holding:
            continue
        if held.value is None and held.status in ASKABLE:
            if is_asked_out(state, turn.playbook, spec):
                turn.give_up(spec, held)
        elif (
            held.asked >= ASKS_AT_MOST
            and held.status is Status.VALIDATED
            and is_read_back(spec, held)
        ):
            if held.rejected:
                turn.give_up(spec, held)  # one more reading that nobody has said yes to
            else:
                turn.park(spec)


def _refused_field(turn: Turn, asked: PlaybookField | None) -> PlaybookField | None:
    for spec in turn.playbook.fields:
        if spec is not asked and turn.phrases.calls_by_name(turn.own.text, spec.label):
            return spec
    return asked
