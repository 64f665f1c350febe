"""Answers to a yes/no question about the caller: who decides, and whether one may be contacted."""

from __future__ import annotations

from flows.capture.answer import classify
from flows.capture.english.decisions import (
    CONSENTS,
    DECIDES,
    DOES_NOT_DECIDE,
    JOINT,
    REFUSES_CONSENT,
    SHARED,
)
from flows.capture.model import Answer, Candidate, Kind, Surroundings
from flows.capture.speech import (
    find_phrase,
    negated,
    phrase_at,
    phrases,
    strip_frame_end,
    strip_frame_start,
    strip_lead_ins,
)
from flows.capture.tokens import Heard

_DECIDES, _OTHERS, _SHARED = phrases(DECIDES), phrases(DOES_NOT_DECIDE), phrases(SHARED)
_JOINT = phrases(JOINT)
_CONSENTS, _REFUSES = phrases(CONSENTS), phrases(REFUSES_CONSENT)
# Unasked, only whole sentences count: "I do" and "yes" answer something else.
_TOO_SHORT = 3


def read_boolean(heard: Heard, around: Surroundings) -> list[Candidate]:
    """Who decides: "yes", "that's me", "my boss does", "I sign off on it"."""
    heard = without_frame(heard)
    tokens = heard.tokens
    asked = around.about(Kind.BOOLEAN)
    others, mine = find_phrase(tokens, _OTHERS), find_phrase(tokens, _DECIDES)
    if mine is not None and (negated(tokens, mine) or _question(heard)):
        mine = None
    if mine is not None and not asked and phrase_at(tokens, mine, _DECIDES) < _TOO_SHORT:
        mine = None
    if others is not None and not asked and not _about_deciding(heard):
        others = None
    shared = find_phrase(tokens, _SHARED)
    if others is not None and mine is not None:
        if shared is not None:
            return [_candidate(heard, Kind.BOOLEAN, True, at=mine, sure=0.5, rule="shared")]
        last = max(others, mine)
        return [_candidate(heard, Kind.BOOLEAN, last == mine, at=last, sure=0.55, rule="phrase")]
    if others is not None:
        plain = _plain(heard, around) if asked and not _yes_only_opens(heard) else None
        jointly = shared is not None and asked
        if jointly and plain is not False:
            return [_candidate(heard, Kind.BOOLEAN, True, at=others, sure=0.45, rule="shared")]
        if plain is True:
            return []  # "Yes, my boss does": asked again, in other words
        return [_candidate(heard, Kind.BOOLEAN, False, at=others, sure=0.75, rule="phrase")]
    plain = _plain(heard, around) if asked else None
    if plain is not None:
        return [_candidate(heard, Kind.BOOLEAN, plain, at=0, sure=0.85, rule="answer")]
    if mine is not None:
        return [_candidate(heard, Kind.BOOLEAN, True, at=mine, sure=0.8, rule="phrase")]
    joint = find_phrase(tokens, _JOINT)
    if joint is not None and asked and not negated(tokens, joint) and not _question(heard):
        return [_candidate(heard, Kind.BOOLEAN, True, at=joint, sure=0.6, rule="joint")]
    return []


def read_consent(heard: Heard, around: Surroundings) -> list[Candidate]:
    """Consent counts only where it was asked for; a withdrawal counts always."""
    heard = without_frame(heard)
    tokens = heard.tokens
    verdict = classify(heard, around, restated=None)
    if verdict is Answer.DO_NOT_CONTACT:
        return [_candidate(heard, Kind.CONSENT, False, at=0, sure=0.95, rule="do-not-contact")]
    if not around.about(Kind.CONSENT):
        return []
    refusal = find_phrase(tokens, _REFUSES)
    if refusal is not None and not _idiom(heard, refusal):
        return [_candidate(heard, Kind.CONSENT, False, at=refusal, sure=0.85, rule="phrase")]
    if verdict is Answer.NO:
        return [_candidate(heard, Kind.CONSENT, False, at=0, sure=0.85, rule="answer")]
    if verdict is Answer.YES:
        return [_candidate(heard, Kind.CONSENT, True, at=0, sure=0.9, rule="answer")]
    if verdict in {Answer.HOLD_ON, Answer.QUESTION, Answer.REPEAT, Answer.DO_NOT_KNOW}:
        return []
    at = find_phrase(tokens, _CONSENTS)
    if any(t.low in _NOES for t in tokens) and find_phrase(tokens, _HARMLESS_NOES) is None:
        at = None  # "okay, no thunks" consents to nothing
    if at is None or negated(tokens, at):
        plain = _plain(heard, around)
        if plain is None:
            return []
        return [_candidate(heard, Kind.CONSENT, plain, at=0, sure=0.7, rule="answer")]
    doubtful = {"but", "guess", "maybe", "if", "unless", "only", "depends", "except", "think"}
    if any(t.low in doubtful for t in tokens):
        return [_candidate(heard, Kind.CONSENT, True, at=at, sure=0.4, rule="doubtful")]
    return [_candidate(heard, Kind.CONSENT, True, at=at, sure=0.8, rule="phrase")]


def without_frame(heard: Heard) -> Heard:
    """The yes or no that a read-back says, without "let me read that back" and "is that right?"."""
    tokens = heard.tokens
    tail = strip_frame_end(tokens)
    if tail == len(tokens):
        return heard
    start = strip_frame_start(tokens)
    return Heard(heard.text, tokens[start:tail])


_WORDS_OF_A_SENTENCE = 3
_CASUAL_YES = {"yeah", "yep", "sure", "right", "okay"}
_OPENERS = {"so", "well", "uh", "um", "that", "that's", "it's", "no", "okay"}


def _yes_only_opens(heard: Heard) -> bool:
    """ "Yeah, so that would be our CFO": the yeah answers nothing."""
    lows = [t.low for t in heard.tokens if not t.is_sign]
    if len(lows) < _WORDS_OF_A_SENTENCE or lows[0] not in _CASUAL_YES | {"yes"}:
        return False
    return lows[1] in _OPENERS or (lows[0] in _CASUAL_YES and not heard.tokens[1].is_sign)


_NOES = frozenset({"no", "nope", "nah", "not", "don't", "never", "won't", "didn't", "doesn't"})
_HARMLESS_NOES = phrases((
    "no problem", "no problems", "no objection", "no objections", "don't mind", "do not mind",
    "not a problem", "no worries", "why not", "no issue", "no issues", "no trouble", "no harm",
))  # fmt: skip


def _idiom(heard: Heard, at: int) -> bool:
    """ "No, I don't mind", "no problem": a no only in its words."""
    lows = [t.low for t in heard.tokens[at : at + 4]]
    return lows[:2] == ["i", "mind"] or lows[:2] == ["no", "problem"]


def _plain(heard: Heard, around: Surroundings) -> bool | None:
    """A yes or no, whatever explains it afterwards."""
    verdict = classify(heard, around, restated=None)
    if verdict is Answer.YES:
        return True
    if verdict is Answer.NO:
        return False
    tokens = heard.tokens
    if not tokens or verdict in {
        Answer.HOLD_ON, Answer.REPEAT, Answer.QUESTION, Answer.DO_NOT_KNOW, Answer.REFUSAL,
    }:  # fmt: skip
        return None
    lows = [t.low for t in tokens if not t.is_sign and t.low not in {"uh", "um", "oh", "well"}]
    if lows[:1] and lows[0] in {"yes", "yeah", "yep", "yup", "absolutely", "definitely"}:
        doubt = {"but", "guess", "maybe", "kind", "sort", "partly", "wait", "rather", *_NOES}
        harmless = find_phrase(tokens, _HARMLESS_NOES) is not None
        return None if (doubt - _NOES if harmless else doubt) & set(lows) else True
    if lows[:1] and lows[0] in {"no", "nope", "nah"} and lows[1:2] != ["problem"]:
        return False
    return None


def _question(heard: Heard) -> bool:
    return bool(heard.tokens) and heard.tokens[-1].low == "?"


def _about_deciding(heard: Heard) -> bool:
    words = {"decide", "decides", "decision", "decisions", "sign", "signs", "approve", "approves",
             "approval", "budget", "call", "say", "authority", "deciding"}  # fmt: skip
    return any(t.low in words for t in heard.tokens)


def _candidate(
    heard: Heard, kind: Kind, value: bool, *, at: int, sure: float, rule: str
) -> Candidate:
    start = 0 if rule == "answer" else min(at, strip_lead_ins(heard.tokens, 0, len(heard.tokens)))
    span = (start, len(heard.tokens))
    return Candidate(kind, value, sure, heard.words(*span), span, rule)
