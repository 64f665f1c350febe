"""One caller turn while it is read: its words, and what may be done to the lead by them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flows import repair
from flows.capture import (
    Answer,
    Candidate,
    Kind,
    Surroundings,
    Utterance,
    Word,
    amend,
    answer,
    names_itself,
    read,
)
from flows.capture.caller_zone import zone_stated
from flows.combine import combined
from flows.consent import Consent, Matter, verdict_on
from flows.dialogue import (
    OBJECTIONS_TO_TYPE,
    SPELLED,
    DialogueState,
    failures_at_most,
    typed_line,
    words_step,
)
from flows.lead import Event, Evidence, FieldState, Source, Status, same_value
from flows.phrases import RepairStep, phrases_for
from flows.playbook import Playbook, PlaybookField, Verify
from flows.priors import likelier_domains, likelier_emails, usual_domain
from flows.questions import answer_to
from flows.word_vote import by_words
from flows.words_for_letters import LETTERS_OF_WORDS, is_spelled_so, letters_in

ASKED_CONFIDENCE = 0.3
VOLUNTEERED_CONFIDENCE = 0.6
CLEAR_CONFIDENCE = 0.8
REJECTIONS_AT_MOST = 6
"""Values of one field that the caller said no to, before a person has to settle it."""
PIECES_AT_MOST = 4
"""Pieces of one e-mail address or phone number that are waited for."""
LONGEST_TURN = 2000
"""Characters of one turn that are read, half of them from its end: about two minutes of speech.
Recognisers loop, and callers paste."""
SHORT_WORDS = 6
PRIOR = "prior"
"""The rule of an address that the caller's name and company make likelier than what was heard."""
NEARLY_THE_NAME = 0.9
PRIORS_AT_MOST = 3
"""Such addresses that are read back for one field."""
ONE_LETTER = "letter"
"""The rule of a reading that answers "was that B as in boy or D as in dog?"."""
LONGEST_SPELLING = 600
YES_OR_NO = (Kind.BOOLEAN, Kind.CONSENT)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff]+")


@dataclass(frozen=True)
class Final:
    """One final transcript. `over_bot`: spoken while the bot spoke and went on speaking."""

    text: str
    words: tuple[Word, ...] = ()
    alternatives: tuple[str, ...] = ()
    over_bot: bool = False
    source: Source = Source.RULES

    def snapshot(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "words": [[w.text, w.confidence] for w in self.words],
            "alternatives": list(self.alternatives),
            "over_bot": self.over_bot,
            "source": self.source.value,
        }

    @classmethod
    def from_snapshot(cls, document: Mapping[str, Any]) -> Final:
        return cls(
            text=document["text"],
            words=tuple(Word(text, confidence) for text, confidence in document["words"]),
            alternatives=tuple(document["alternatives"]),
            over_bot=bool(document["over_bot"]),
            source=Source(document["source"]),
        )


def surroundings(
    state: DialogueState, playbook: Playbook, now: datetime, *, confirming: bool = True
) -> Surroundings:
    """What capture may know about the moment."""
    pending = next(iter(state.read_back.items()), None) if confirming else None
    asked = playbook.field(state.asked) if state.asked is not None else None

    def known(kind: Kind) -> str | None:
        for spec in playbook.fields_of(kind):
            value = state.lead.value(spec.key)
            if isinstance(value, str):
                return value
        return None

    return Surroundings(
        now=now,
        asked=asked.kind if asked is not None else None,
        confirming=playbook.field(pending[0]).kind if pending is not None else None,
        confirming_value=pending[1] if pending is not None else None,
        region=playbook.region,
        currency=playbook.currency,
        language=playbook.language,
        name=known(Kind.NAME),
        company=known(Kind.COMPANY),
        email=known(Kind.EMAIL),
        options=tuple(asked.options) if asked is not None else (),
        phone=known(Kind.PHONE),
        caller_zone=state.caller_zone,
    )


class Turn:
    """The words of one caller turn, and the state that they change. Used for one reading.

    `all` is everything that was said, `own` what was not said over the bot's voice, `rest` what
    no objection has used up. `touched` are the fields that got something.
    """

    def __init__(
        self,
        state: DialogueState,
        finals: Sequence[Final],
        *,
        playbook: Playbook,
        now: datetime,
        recorded: bool,
    ) -> None:
        self.state = state
        self.playbook = playbook
        self.now = now
        self.recorded = recorded
        self.phrases = phrases_for(playbook.language)
        self.wishes = [
            wish
            for final in finals
            if (wish := self.phrases.recording_wish(cleaned(final.text))) is not None
        ]
        """What the caller says about the call's being recorded; it is about nothing else."""
        self.all = self._together(finals)
        self.own = self._together([f for f in finals if not f.over_bot])
        self.source = finals[-1].source if finals else Source.RULES
        state.caller_zone = zone_stated(self.all.text) or state.caller_zone
        self.around = surroundings(state, playbook, now)
        self.answer = answer(self.own, self.around) if self.own.text else Answer.OTHER
        self.spelled = self._spelled_with_words()
        """The caller's words in plain letters, where they spell with a word for each letter."""
        if self.spelled is not None and self.answer is Answer.QUESTION:
            self.answer = Answer.OTHER  # "Why is it yelling": Y as in yellow
        if self.answer is Answer.GOODBYE and self.phrases.is_no_goodbye(self.own.text):
            self.answer = Answer.OTHER
        self.names_itself = self.around.asked is Kind.COMPANY and names_itself(
            self.own, self.around
        )
        """ "No Limits Fitness" is no objection."""
        self.objects = (
            bool(self.own.text)
            and not self.names_itself
            and (
                self.answer in (Answer.NO, Answer.CORRECTION)
                or (self.answer is Answer.OTHER and self.phrases.objects(self.own.text))
                or (self.answer is Answer.QUESTION and self.phrases.contradicts(self.own.text))
            )
        )
        self.contradicts = self.objects and (
            self.phrases.contradicts(self.own.text) or self._no_is_no_answer()
        )
        self.rest = self.all
        self.answer_to_question = (
            None
            if self.spelled
            else answer_to(
                self.all.text,
                playbook=playbook,
                asked=self.asked(),
                recorded=recorded,
                is_question=self.answer is Answer.QUESTION,
            )
        )
        self.named = self.phrases.kinds_named(self.all.text)
        """The kinds of value that the caller calls by their names."""
        self.touched: set[str] = set()
        self.objected = False
        self.understood = False
        """Something was read that could not be taken, such as a value refused before."""

    def _together(self, finals: Sequence[Final]) -> Utterance:
        persona = self.playbook.persona.name
        text = " ".join(self._without_wish(cleaned(final.text)) for final in finals).strip()
        if len(text) > LONGEST_TURN:
            text = f"{text[: LONGEST_TURN // 2]} ... {text[-LONGEST_TURN // 2 :]}"
        words = tuple(w for f in finals for w in f.words) if all(f.words for f in finals) else ()
        others = finals[0].alternatives if len(finals) == 1 else ()
        return Utterance(
            self.phrases.without_address(text, persona), words, tuple(cleaned(a) for a in others)
        )

    def _without_wish(self, text: str) -> str:
        wish = self.phrases.recording_wish(text) if self.wishes else None
        return wish.rest if wish is not None else text

    def _no_is_no_answer(self) -> bool:
        """ "No, ..." behind a value said in passing, where the question wants no yes or no."""
        asked = self.asked()
        return (
            self.answer in (Answer.NO, Answer.CORRECTION)
            and bool(self.state.echoed)
            and asked is not None
            and asked.kind not in YES_OR_NO
        )

    def _spelled_with_words(self) -> str | None:
        asked = self.asked()
        kinds = {self.playbook.field(key).kind for key in self.state.read_back}
        kinds |= {self.playbook.field(key).kind for key in self.state.echoed}
        kinds |= {asked.kind} if asked is not None else set()
        if not kinds & set(SPELLED) or len(self.own.text) > LONGEST_SPELLING:
            return None
        if not is_spelled_so(self.own.text) and not self._asked_for_words():
            return None
        heard = [
            e.value
            for spec in self.playbook.fields_of(Kind.NAME)
            for e in self.state.lead[spec.key].evidence
            if isinstance(e.value, str)
        ]
        return letters_in(self.phrases.without_objection(self.own.text), of=heard)

    def _asked_for_words(self) -> bool:
        asked = self.asked()
        if asked is None or asked.kind not in SPELLED:
            return False
        steps = (RepairStep.WORDS_FOR_LETTERS, RepairStep.WORDS_AGAIN)
        lines = [self.phrases.repair(asked.kind, asked.label, step) for step in steps]
        return any(line in lines for line in self.state.lead[asked.key].lines[-1:])

    def by_letters(self, spec: PlaybookField) -> Candidate | None:
        """The value that a word for each letter makes; None where nothing was spelled so."""
        if self.spelled is None or spec.kind not in SPELLED:
            return None
        held = self.state.lead[spec.key]
        spelled = self.spelled
        if spec.kind is Kind.EMAIL and " at " not in spelled:
            domain = usual_domain(e.value for e in held.evidence)
            if domain is None:
                return None
            spelled = f"{spelled.removesuffix(' dot')} at {domain.replace('.', ' dot ')}"
        for found in read(spec.kind, Utterance(spelled), self.around.asking(spec.kind)):
            if found.value is None:
                continue
            value = str(found.value)
            if spec.kind is Kind.EMAIL:
                # The local part was spelled, the domain was not.
                options = likelier_domains(
                    value,
                    company=self.around.company,
                    earlier=[e.value for e in held.evidence if isinstance(e.value, str)],
                    misheard=len(held.rejected),
                )
                value = next((v for v in options if not held.was_rejected(v)), value)
            return replace(
                found, value=value, text=self.own.text, span=(0, 0), rule=LETTERS_OF_WORDS
            )
        return None

    def heard_another_value(self) -> bool:
        """Whether the bot said, in passing, a value that the lead does not hold."""
        lead = self.state.lead
        return any(not same_value(v, lead.value(k)) for k, v in self.state.echoed.items())

    def confirm(self, key: str, held: FieldState) -> None:
        if held.status is Status.HEARD:
            held.happen(Event.UNOPPOSED)
        if held.happen(Event.YES):
            held.note(self.evidence(self.own.text, held.value, 1.0, "yes"))
            self.touched.add(key)

    def best_of_all(
        self, spec: PlaybookField, held: FieldState, newest: Candidate
    ) -> Candidate | None:
        """The newest reading, or what the vote of all attempts makes of it."""
        if held.was_rejected(newest.value) and self._is_typed_out(spec, held, newest):
            # There is nothing to mishear in it: the no was to something else.
            held.rejected = [v for v in held.rejected if not same_value(v, newest.value)]
            return newest
        if newest.rule == LETTERS_OF_WORDS:
            return self._best_letters(spec, held, newest)
        better = self._combined(spec, held, newest)
        if better is None:
            better = repair.voted(spec.kind, newest, held=held, around=self.around)
        if better is None:
            better = self._by_prior(spec, held, newest)
        if better is None and held.was_rejected(newest.value):
            twin = repair.twin(spec.kind, newest)
            better = twin if twin is not None and not held.was_rejected(twin.value) else None
        if better is not None:
            held.note(self.evidence(newest.text, newest.value, newest.confidence, newest.rule))
            return better
        if held.was_rejected(newest.value):
            held.note(self.evidence(newest.text, newest.value, newest.confidence, newest.rule))
            return None
        return newest

    def _best_letters(
        self, spec: PlaybookField, held: FieldState, newest: Candidate
    ) -> Candidate | None:
        """What was spelled with words, or what all such spellings have in common; what else was
        heard of the value is worth little beside them."""
        earlier = [str(e.value) for e in held.evidence if e.rule == LETTERS_OF_WORDS and e.value]
        value = str(newest.value)
        note = self.evidence(newest.text, value, newest.confidence, newest.rule)
        if len(earlier) > 1 or held.was_rejected(value):
            voted = combined([*earlier, value], rejected=held.rejected, is_valid=lambda _: True)
            value = value if voted is None else voted
        if value != newest.value:
            held.note(note)
        likelier = self._like_the_name(spec, held, value, sure=not earlier)
        if likelier is not None:
            held.note(note)
            return replace(newest, value=likelier, confidence=0.5, rule=PRIOR)
        return replace(newest, value=value) if not held.was_rejected(value) else None

    def _like_the_name(
        self, spec: PlaybookField, held: FieldState, value: str, *, sure: bool
    ) -> str | None:
        """After a no, the address that the caller's name makes of nearly the same letters.

        `sure`: only where next to nothing is different.
        """
        if spec.kind is not Kind.EMAIL or not held.rejected:
            return None
        if len({str(e.value) for e in held.evidence if e.rule == PRIOR}) >= PRIORS_AT_MOST:
            return None
        for address in likelier_emails(value, name=self.around.name, company=None):
            if not held.was_rejected(address) and (
                not sure or repair.likeness(address, value) >= NEARLY_THE_NAME
            ):
                return address
        return None

    def _combined(
        self, spec: PlaybookField, held: FieldState, newest: Candidate
    ) -> Candidate | None:
        """A name made of the words that each hearing of it got right."""
        if not held.rejected or spec.kind not in (Kind.NAME, Kind.COMPANY):
            return None
        value = str(newest.value)
        said = self.evidence(newest.text, value, newest.confidence, newest.rule)
        better = by_words(value, [*held.evidence, said], rejected=held.rejected)
        if better is None or same_value(better, held.value):
            return None
        return replace(newest, value=better, confidence=0.5, rule="vote")

    def _by_prior(
        self, spec: PlaybookField, held: FieldState, newest: Candidate
    ) -> Candidate | None:
        """After a no, what the caller's name and company make of an address like theirs."""
        if not held.rejected or spec.kind is not Kind.EMAIL or self._was_asked_to_type(spec, held):
            return None
        if newest.rule in (ONE_LETTER, LETTERS_OF_WORDS):
            return None  # the caller has just said the letters
        tried = {str(e.value) for e in held.evidence if e.rule == PRIOR}
        if len(tried) >= PRIORS_AT_MOST:
            return None  # they were tried, and the caller said no
        value = str(newest.value)
        if any(e.rule == PRIOR and same_value(e.value, held.value) for e in held.evidence):
            return None  # it was just read back, and here is the answer
        for address in likelier_emails(value, name=self.around.name, company=self.around.company):
            if not held.was_rejected(address):
                return replace(newest, value=address, confidence=0.5, rule=PRIOR)
        return None

    def _is_typed_out(self, spec: PlaybookField, held: FieldState, newest: Candidate) -> bool:
        written = str(newest.value).casefold() in self.all.text.casefold()
        return written and self._was_asked_to_type(spec, held)

    def _was_asked_to_type(self, spec: PlaybookField, held: FieldState) -> bool:
        typed = self.source is Source.TYPED
        return typed or held.lines[-1:] == [typed_line(self.playbook, spec)]

    def amended(self, spec: PlaybookField, held: FieldState) -> Candidate | None:
        if held.value is None:
            return None
        said = self.own
        if spec.kind in (Kind.NAME, Kind.COMPANY):
            said = Utterance(self.phrases.without_objection(said.text))
            if not said.text:
                return None
        amended = amend(spec.kind, held.value, said, self.around)
        if amended is None or amended.value is None or same_value(amended.value, held.value):
            return None
        return None if held.was_rejected(amended.value) else amended

    def replace(
        self, spec: PlaybookField, held: FieldState, candidate: Candidate, *, refused: bool
    ) -> None:
        """Another value instead of the present one; `refused`: that one was heard and is wrong."""
        if refused:
            held.reject()
            if candidate.rule != LETTERS_OF_WORDS and self._had_better_be_typed(spec, held):
                held.note(
                    self.evidence(
                        candidate.text, candidate.value, candidate.confidence, candidate.rule
                    )
                )
                self.touched.add(spec.key)
                return
        self.take(spec, candidate)
        if len(held.rejected) >= REJECTIONS_AT_MOST:
            self.give_up(spec, held)

    def _had_better_be_typed(self, spec: PlaybookField, held: FieldState) -> bool:
        """After so many wrong readings the next one is likely wrong too; typing has not been
        asked for yet."""
        if len(held.rejected) < OBJECTIONS_TO_TYPE or self.source is Source.TYPED:
            return False
        if spec.kind in SPELLED and words_step(self.playbook, spec, held) is not None:
            return True
        return typed_line(self.playbook, spec) not in held.lines

    def park(self, spec: PlaybookField) -> None:
        if spec.key not in self.state.parked:
            self.state.parked.append(spec.key)
            self.state.lead.follow_up(f"Check the {spec.label}: it was read back, not confirmed.")

    def take(self, spec: PlaybookField, candidate: Candidate) -> None:
        held = self.state.lead[spec.key]
        self.touched.add(spec.key)
        evidence = self.evidence(
            candidate.text or self.all.text, candidate.value, candidate.confidence, candidate.rule
        )
        if same_value(held.value, candidate.value) and held.status in (
            Status.VALIDATED,
            Status.CONFIRMED,
        ):
            held.note(evidence)
            return
        problem = self._invalid(spec, candidate.value)
        if problem is not None:
            held.note(evidence)
            self.state.remarks.append(problem)
            self.failed(spec, held)
            return
        first = held.value is None
        held.take(candidate.value, evidence, Event.VALUE)
        if first and spec.acknowledgement and "{value}" not in spec.acknowledgement:
            self.state.remarks.append(spec.acknowledgement)
        if spec.key in self.state.parked:
            self.state.parked.remove(spec.key)
        if spec.kind is Kind.CONSENT:
            words = replace(evidence, text=self.all.text)
            self.consent(words, spec.consents_to, allowed=bool(candidate.value))

    def consent(
        self, evidence: Evidence, matter: Matter, *, allowed: bool, withdrawn: bool = False
    ) -> None:
        """Puts what the caller allows or forbids into the ledger."""
        ledger = self.state.lead.consents
        verdict = verdict_on(ledger, matter, allowed=allowed, withdrawn=withdrawn)
        ledger.append(Consent.of(evidence, matter, verdict, at=self.now))

    def keep(self, spec: PlaybookField, held: FieldState, partial: Candidate) -> None:
        self.touched.add(spec.key)
        if len(held.pieces) >= PIECES_AT_MOST:
            # It never becomes a value: the whole is asked for again, in another way.
            held.note(self.evidence(partial.text, None, partial.confidence, partial.rule))
            held.forget_pieces()
            self.failed(spec, held)
            return
        if held.happen(Event.PIECE):
            held.pieces.append(partial.text or self.rest.text)
            del held.pieces[:-6]
            held.partial = partial.partial
            held.note(self.evidence(partial.text, held.partial, partial.confidence, partial.rule))

    def keep_piece(self, spec: PlaybookField, held: FieldState) -> None:
        """ "No, the first part is jay doe" carries a piece even when it cannot be placed yet."""
        for candidate in read(spec.kind, self.own, self.around):
            if candidate.value is None and candidate.partial is not None:
                held.note(self.evidence(candidate.text, None, candidate.confidence, "piece"))
                return

    def _invalid(self, spec: PlaybookField, value: Any) -> str | None:
        rule = spec.validation
        numbers = [value] if isinstance(value, int | float) else []
        if isinstance(value, dict):
            numbers = [value[k] for k in ("min", "max") if isinstance(value.get(k), int | float)]
        too_small = rule.min is not None and any(n < rule.min for n in numbers)
        too_large = rule.max is not None and any(n > rule.max for n in numbers)
        past = rule.not_in_the_past and isinstance(value, str) and _is_past(value, self.now)
        if isinstance(value, bool) or not (too_small or too_large or past):
            return None
        return rule.message or self.phrases.sorry

    def refused(self, spec: PlaybookField | None) -> None:
        if spec is None or spec.key in self.touched:
            return
        evidence = self.evidence(self.own.text, None, 1.0, "refusal")
        if self.state.lead[spec.key].refuse(evidence):
            self.touched.add(spec.key)
            self.state.remarks.append(spec.on_refusal)
            if spec.kind is Kind.CONSENT:
                self.consent(evidence, spec.consents_to, allowed=False)

    def failed(self, spec: PlaybookField, held: FieldState) -> None:
        held.failures += 1
        if spec.kind is Kind.EMAIL and held.value is None and self.answer is Answer.OTHER:
            # "jane" alone is no address, but may turn out to be the beginning of one.
            held.pieces = [self.own.text] if len(self.own.text.split()) <= SHORT_WORDS else []
        if held.value is None and held.failures >= failures_at_most(spec, held):
            self.give_up(spec, held)

    def give_up(self, spec: PlaybookField, held: FieldState) -> None:
        tried = bool(held.candidates() or held.pieces)
        text = self.own.text or self.all.text
        if not held.give_up(self.evidence(text, None, 1.0, "given up")):
            return
        self.touched.add(spec.key)
        if tried or spec.verify is Verify.READBACK or spec.required:
            self.state.remarks.append(self.phrases.colleague_will_check)
            self.state.lead.follow_up(f"Settle the {spec.label} with the caller.")
        else:
            self.state.remarks.append(self.phrases.not_known)

    def asked(self) -> PlaybookField | None:
        key = self.state.asked
        return self.playbook.field(key) if key is not None else None

    def evidence(self, text: str, value: Any, confidence: float, rule: str) -> Evidence:
        return Evidence(
            text=text,
            turn=self.state.turn,
            source=self.source,
            value=value,
            confidence=confidence,
            rule=rule,
        )


def cleaned(text: str) -> str:
    """Without control and invisible characters, and not longer than a turn may be."""
    if len(text) > 2 * LONGEST_TURN:
        text = f"{text[:LONGEST_TURN]} ... {text[-LONGEST_TURN:]}"
    return _CONTROL.sub(" ", text).strip()


def _is_past(value: str, now: datetime) -> bool:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return False
    if moment.tzinfo is None:
        return moment.date() < now.date()
    return moment < now
