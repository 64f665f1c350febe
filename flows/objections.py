"""What the caller says to a value that the bot has just read back, or said in passing."""

from __future__ import annotations

from dataclasses import replace

from flows import repair
from flows.capture import Answer, Candidate, Kind, Utterance, amend, read
from flows.dialogue import READBACKS_AT_MOST
from flows.doubt import unrefused
from flows.lead import Event, FieldState, Status, same_value
from flows.playbook import PlaybookField
from flows.turn import ASKED_CONFIDENCE, CLEAR_CONFIDENCE, VOLUNTEERED_CONFIDENCE, YES_OR_NO, Turn
from flows.values import LONG_WORD, WORDS_OF_A_NEED


def answer_to_read_back(turn: Turn) -> None:
    """A yes, a no or a correction; it is about what was heard, which may not be what we hold."""
    pending = turn.state.read_back
    if not pending or not turn.own.text:
        return
    lead = turn.state.lead
    exact = all(same_value(value, lead.value(key)) for key, value in pending.items())
    for key, heard in pending.items():
        spec, held = turn.playbook.field(key), lead[key]
        ours_was_heard = same_value(heard, held.value)
        if turn.objects and not ours_was_heard and not held.was_rejected(heard):
            held.rejected.append(heard)
        said = _whole_value(turn, spec)
        if said is not None and not same_value(said.value, held.value):
            other = turn.best_of_all(spec, held, said)
            if other is not None:
                turn.replace(spec, held, other, refused=turn.objects and ours_was_heard)
                continue
        if turn.answer is Answer.YES:
            if exact:
                turn.confirm(key, held)
        elif not ours_was_heard:
            continue
        elif turn.objects:
            _object_to(turn, spec, held, restated=said is not None)
        elif turn.answer is Answer.OTHER and said is None:
            amended = turn.amended(spec, held)
            if amended is not None:
                turn.replace(spec, held, amended, refused=False)
            elif held.readbacks >= READBACKS_AT_MOST:
                turn.park(spec)


def _whole_value(turn: Turn, spec: PlaybookField) -> Candidate | None:
    said = turn.own
    if spec.kind in (Kind.NAME, Kind.COMPANY):
        # "Exactly" and "no no" are no names.
        if turn.answer is not Answer.OTHER and not turn.contradicts:
            return None
        said = Utterance(turn.phrases.without_objection(said.text))
    held = turn.state.lead[spec.key]
    readings = [c for c in read(spec.kind, said, turn.around) if c.value is not None]
    by_letters = turn.by_letters(spec)
    if by_letters is not None:
        return by_letters
    found = [c for c in readings if c.confidence >= ASKED_CONFIDENCE]
    return next((c for c in found if not held.was_rejected(c.value)), found[0] if found else None)


def _object_to(turn: Turn, spec: PlaybookField, held: FieldState, *, restated: bool) -> None:
    """`restated`: the caller's no came with the very value that was refused: misheard again."""
    amended = None if restated else turn.amended(spec, held)
    if amended is not None:
        turn.replace(spec, held, amended, refused=True)
        return
    turn.touched.add(spec.key)
    turn.objected = True
    held.reject()
    others = unrefused(held)
    if len(others) == 1 and not restated:
        # There is one other reading of what the caller said: it is read back at once.
        turn.take(
            spec, Candidate(spec.kind, others[0], 0.5, turn.own.text, (0, 0), "other reading")
        )
        return
    turn.keep_piece(spec, held)
    turn.failed(spec, held)


JUST_SAID = 0.4
"""What was said last is likelier meant than what was said before."""
ALIKE = 0.6
"""From here on a correction fits a value that it changes."""
SMALL_AMOUNT = 500
"""Money below this, and no currency said, is hardly a budget."""


def answer_to_echo(turn: Turn) -> None:
    lead = turn.state.lead
    echoed = [k for k in turn.state.echoed if same_value(turn.state.echoed[k], lead.value(k))]
    if not turn.state.echoed or not turn.own.text:
        return
    if not turn.objects:
        for key in echoed:
            spec = turn.playbook.field(key)
            if spec.kind in (Kind.NAME, Kind.COMPANY) and _says_it_better(turn, spec):
                continue
            if lead[key].status is Status.HEARD and turn.answer is not Answer.HOLD_ON:
                lead[key].happen(Event.UNOPPOSED)
        return
    if turn.touched or _is_about_what_was_said_wrong(turn) or not echoed:
        return
    said, brings_another = _beside_an_address(turn)
    corrections = [
        (key, found)
        for key in reversed(echoed)
        if (found := _echo_reading(turn, said, turn.playbook.field(key), lead[key])) is not None
    ]
    if corrections:
        key, found = max(corrections, key=lambda c: _fit(turn, c[0], c[1]))
        if not _correct_echo(turn, turn.playbook.field(key), lead[key], found):
            _reject_echo(turn, turn.playbook.field(key), lead[key])
        return
    if brings_another or (not turn.contradicts and _answers_the_question(turn)):
        return
    rejected = _rejected_echo(turn, echoed)
    if rejected is not None:
        _reject_echo(turn, turn.playbook.field(rejected), lead[rejected])


def _is_about_what_was_said_wrong(turn: Turn) -> bool:
    """The bot said a value that the lead does not hold, and the caller objects: to that one.

    What the caller puts in its place is what the lead holds, or the value that it does not; either
    way it refuses nothing that the lead holds of other fields.
    """
    wrong = [
        key
        for key, value in turn.state.echoed.items()
        if not same_value(value, turn.state.lead.value(key))
    ]
    for key in wrong:
        spec, held = turn.playbook.field(key), turn.state.lead[key]
        reading = _echo_reading(turn, turn.own, spec, held)
        if reading is None:
            continue
        if not same_value(reading.value, held.value):
            if held.value is None or _fit(turn, key, reading)[0] < ALIKE:
                continue
            turn.replace(spec, held, reading, refused=False)
        turn.touched.add(key)
        turn.objected = True
        turn.rest = Utterance(turn.phrases.without_rate(_after(turn.all.text, reading.text)))
        _keep_to_the_correction(turn)
        return True
    return bool(wrong) and not turn.phrases.without_objection(turn.own.text)


def _fit(turn: Turn, key: str, found: Candidate) -> tuple[float, int]:
    """How well a correction fits a value that was said in passing: "sorry, it's eighteen" is
    eighty people and not twenty thousand dollars; of equals, the longer words win."""
    held = turn.state.lead[key]
    points = 0.0
    other = repair.twin(found.kind, found)
    if other is not None and same_value(other.value, held.value):
        points += 3
    if found.kind in turn.phrases.kinds_named(turn.own.text):
        points += 2
    if isinstance(found.value, str) and isinstance(held.value, str):
        points += repair.likeness(found.value, held.value)
    if held.evidence and held.evidence[-1].turn == turn.state.turn - 1:
        points += JUST_SAID
    if isinstance(found.value, dict) and found.kind is Kind.MONEY:
        amounts = [found.value[k] for k in ("min", "max") if found.value.get(k) is not None]
        small = all(isinstance(a, int | float) and a < SMALL_AMOUNT for a in amounts)
        points -= 2 if small else 0
    return points, len(found.text)


def _rejected_echo(turn: Turn, echoed: list[str]) -> str | None:
    """The value that the caller objects to without saying a better one that can be read."""
    asked = turn.asked()
    if asked is not None and asked.kind in YES_OR_NO and not turn.contradicts:
        return None
    named = turn.phrases.kinds_named(turn.own.text)
    kinds = {turn.playbook.field(key).kind for key in echoed}
    if named & {Kind.PHONE, Kind.EMAIL} and not named & kinds:
        return None  # "Actually, my number is ...": that is about something else
    instead = Utterance(turn.phrases.without_objection(turn.own.text))
    for key in reversed(echoed):
        kind = turn.playbook.field(key).kind
        if kind in named or (instead.text and read(kind, instead, turn.around.asking(kind))):
            return key
    if (turn.state.wrap_up_heard or turn.state.other_question) and not turn.contradicts:
        return None
    if turn.answer in (Answer.NO, Answer.CORRECTION) or turn.contradicts:
        return echoed[-1]
    return None


def _says_it_better(turn: Turn, spec: PlaybookField) -> bool:
    """A name that is nearly the one just said in passing corrects it, even where the "no"
    before it was misheard; where it is the same, it is not an answer to the question."""
    held = turn.state.lead[spec.key]
    around = turn.around.asking(spec.kind)
    # "at green river foods dot com" is where the mail goes, not another company.
    said, _ = _beside_an_address(turn)
    behind_the_comma = Utterance(said.text.partition(",")[2].strip())
    readings = (*read(spec.kind, said, around), *read(spec.kind, behind_the_comma, around))
    for candidate in readings:
        if candidate.value is None:
            continue
        if not repair.nearly_the_same(str(candidate.value), str(held.value)):
            continue
        best = turn.best_of_all(spec, held, candidate)
        if best is not None:
            turn.take(spec, best)
            turn.rest = Utterance(_after(turn.all.text, candidate.text))
            return True
    return False


def _reject_echo(turn: Turn, spec: PlaybookField, held: FieldState) -> None:
    turn.objected = True
    turn.touched.add(spec.key)
    turn.rest = Utterance("")
    held.reject()
    turn.state.remarks.append(turn.phrases.sorry)
    turn.failed(spec, held)


def _beside_an_address(turn: Turn) -> tuple[Utterance, bool]:
    """The words without a clear address or number that is brought up: "actually, my number is
    six five oh ..." does not move the meeting to five. And whether there is one."""
    for kind in (Kind.EMAIL, Kind.PHONE):
        if any(spec.kind is kind for spec in map(turn.playbook.field, turn.state.echoed)):
            continue
        for candidate in read(kind, turn.own, turn.around)[:1]:
            if candidate.value is not None and candidate.confidence >= CLEAR_CONFIDENCE:
                return Utterance(_without(turn.own.text, candidate.text)), True
    return turn.own, False


def _echo_reading(
    turn: Turn, said: Utterance, spec: PlaybookField, held: FieldState
) -> Candidate | None:
    """What the objection says about a value that was said in passing."""
    named = turn.phrases.kinds_named(said.text)
    if Kind.PHONE in named and spec.kind is not Kind.PHONE and spec.kind not in named:
        return None
    around = replace(
        turn.around, asked=spec.kind, confirming=spec.kind, confirming_value=held.value
    )
    if spec.kind in (Kind.NAME, Kind.COMPANY) and turn.objects:
        said = Utterance(turn.phrases.without_objection(said.text))
    is_name = spec.kind in (Kind.NAME, Kind.COMPANY)
    readings = read(spec.kind, said, around)
    by_letters = turn.by_letters(spec)
    if by_letters is not None:
        return by_letters
    for candidate in readings:
        if is_name and turn.phrases.is_no_word(str(candidate.value)):
            continue
        if candidate.value is not None and candidate.confidence >= ASKED_CONFIDENCE:
            return candidate
    amended = amend(spec.kind, held.value, said, around)
    if amended is None or amended.value is None or same_value(amended.value, held.value):
        return None
    return amended


def _correct_echo(turn: Turn, spec: PlaybookField, held: FieldState, reading: Candidate) -> bool:
    """Takes the correction. An objection that repeats the value was misheard once more."""
    after = turn.phrases.without_rate(_after(turn.all.text, reading.text))
    again = same_value(reading.value, held.value)
    if again and spec.kind in (Kind.EMAIL, Kind.PHONE) and not turn.contradicts:
        # "Actually, my number is ...", and it is the one that was just said: they agree.
        turn.touched.add(spec.key)
        turn.rest = Utterance(after)
        return True
    if again or held.was_rejected(reading.value):
        likelier = repair.twin(spec.kind, reading)
        if likelier is None or held.was_rejected(likelier.value):
            turn.rest = Utterance(after)
            return False
        reading = likelier
    turn.objected = True
    turn.replace(spec, held, reading, refused=True)
    turn.rest = Utterance(after)
    _keep_to_the_correction(turn)
    return True


def _keep_to_the_correction(turn: Turn) -> None:
    """What is left of a correction is no other name, and hardly a need in the caller's words."""
    kinds = {Kind.NAME, Kind.COMPANY}
    said = [w for w in turn.rest.text.split() if len(w.strip(".,")) >= LONG_WORD]
    if len(said) < WORDS_OF_A_NEED or "." not in turn.own.text.strip(" ."):
        kinds.add(Kind.TEXT)
    turn.touched |= {spec.key for spec in turn.playbook.fields if spec.kind in kinds}


def _answers_the_question(turn: Turn) -> bool:
    asked = turn.asked()
    if asked is None:
        return False
    return any(
        c.value is not None and c.confidence >= VOLUNTEERED_CONFIDENCE
        for c in read(asked.kind, turn.all, turn.around)
    )


def _without(text: str, part: str) -> str:
    start = text.casefold().find(part.casefold()) if part else -1
    return f"{text[:start]} , {text[start + len(part) :]}" if start >= 0 else text


def _after(text: str, part: str) -> str:
    start = text.casefold().find(part.casefold()) if part else -1
    return text[start + len(part) :].strip(" ,.;") if start >= 0 else ""
