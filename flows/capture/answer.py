"""What an utterance is in the conversation. Only an unambiguous yes is a yes.

"Right, uh, hold on", "sure, one second", "I guess" and "yes but the last digit is nine" confirm
nothing: a wrong value that is marked confirmed is worse than one more question.
"""

from __future__ import annotations

from collections.abc import Sequence

from flows.capture.english.answers import (
    CORRECTION_HINTS,
    DO_NOT_CONTACT,
    DO_NOT_KNOW,
    DOUBT,
    GOODBYE,
    HOLD_ON,
    HUMAN,
    NO,
    NO_OF_A_VALUE,
    NOT_HUMAN,
    POLITE,
    QUESTION_SECONDS,
    QUESTION_STARTS,
    REFUSAL,
    REPEAT,
    YES,
)
from flows.capture.model import Answer, Kind, Surroundings
from flows.capture.speech import ends_an_address, find_phrase, phrase_at, phrases
from flows.capture.titled import begins_like_an_answer
from flows.capture.tokens import Heard, Token

_YES, _NO, _POLITE = phrases(YES), phrases(NO), phrases(POLITE)
_DNC, _BYE, _HOLD = phrases(DO_NOT_CONTACT), phrases(GOODBYE), phrases(HOLD_ON)
_REPEAT, _HUMAN, _NOT_HUMAN = phrases(REPEAT), phrases(HUMAN), phrases(NOT_HUMAN)
_REFUSAL, _DO_NOT_KNOW = phrases(REFUSAL), phrases(DO_NOT_KNOW)
_HINTS = phrases(CORRECTION_HINTS)
# Behind a comma, one of these begins something new and takes nothing back.
_NEW_MATTER = {"and", "my", "what", "how", "do", "can"}
_SOUNDS = {"uh", "um", "hm", "hmm", "ah", "eh", "er", "erm", "mm", "oh"}
_SIGNS = frozenset(",.;:!?-–—…\"'()")


def classify(heard: Heard, around: Surroundings, *, restated: tuple[int, int] | None) -> Answer:
    """The answer of an utterance.

    ``restated``: the span of tokens in which the caller says exactly the value that was just read
    back, or None. ``(0, 0)`` stands for another value of that kind: a correction.
    """
    tokens = list(heard.tokens)
    if not tokens:
        return Answer.OTHER
    if find_phrase(tokens, _DNC) is not None:
        return Answer.DO_NOT_CONTACT
    if (
        around.asked is Kind.COMPANY
        and around.confirming is None
        and begins_like_an_answer(tokens, known=around.name)
    ):
        return Answer.OTHER
    other_value = restated == (0, 0)
    if not other_value and _is_yes(tokens, around, restated):
        return Answer.YES
    if find_phrase(tokens, _HUMAN) is not None and find_phrase(tokens, _NOT_HUMAN) is None:
        return Answer.HUMAN
    correcting = around.confirming is not None and (
        other_value or find_phrase(tokens, _HINTS) is not None
    )
    words = [t for t in tokens if not t.is_sign]
    if _asks_to_repeat(tokens, words) and not other_value:
        return Answer.REPEAT
    hold = find_phrase(tokens, _HOLD)
    if correcting and (other_value or hold is None):
        return Answer.CORRECTION
    if hold is not None and len(words) <= 14:
        return Answer.HOLD_ON
    if find_phrase(tokens, _BYE) is not None and len(words) <= 16:
        return Answer.GOODBYE
    if find_phrase(tokens, _DO_NOT_KNOW) is not None and not _is_question(tokens):
        return Answer.DO_NOT_KNOW
    if _refuses(tokens):
        return Answer.REFUSAL
    if all(t.is_sign or t.low in _SOUNDS for t in tokens):
        return Answer.OTHER
    if _is_question(tokens) and not _starts_with_no(tokens):
        return Answer.QUESTION
    if _says_no(tokens, around):
        if around.confirming is not None and _rest_after_no(tokens):
            return Answer.CORRECTION
        return Answer.NO
    return Answer.OTHER


_TRAILS_OFF = frozenset({"uh", "um", "er", "erm", "hm", "hmm", "but", "and", "so", "or", "well"})


def _is_yes(
    tokens: Sequence[Token], around: Surroundings, restated: tuple[int, int] | None
) -> bool:
    first = _first_clause(tokens, restated)
    return first is not None and _harmless(tokens[first:], around)


def _first_clause(tokens: Sequence[Token], restated: tuple[int, int] | None) -> int | None:
    """Where the sentences that are the yes end: behind all of them, or before a new matter."""
    if _only_yes(tokens, restated):
        return len(tokens)
    for i, token in enumerate(tokens):
        if not i or token.low not in {".", "!", ";", ",", "and"}:
            continue
        following = tokens[i + 1].low if i + 1 < len(tokens) else ""
        if token.low == "," and following not in _NEW_MATTER:
            continue
        if _only_yes(tokens[:i], restated):
            return i
    return None


def _only_yes(tokens: Sequence[Token], restated: tuple[int, int] | None) -> bool:
    """Nothing but yes words, politeness and the value itself, and at least one yes."""
    if any(t.low == "?" for t in tokens):
        return False
    last = next((t.low for t in reversed(tokens) if not t.is_sign), "")
    if last in _TRAILS_OFF and not (last == "hmm" and phrase_at(tokens, 0, _YES) == len(tokens)):
        return False  # "right, uh": something else was about to come
    yes, i = 0, 0
    while i < len(tokens):
        if restated and restated[0] <= i < restated[1]:
            i = restated[1]
            continue
        if tokens[i].low in _SIGNS or tokens[i].is_sign:
            i += 1
            continue
        length = phrase_at(tokens, i, _YES)
        if length:
            yes, i = yes + 1, i + length
            continue
        if tokens[i].low in DOUBT:
            return False
        length = phrase_at(tokens, i, _POLITE)
        if not length:
            return False
        i += length
    return yes > 0


def _harmless(rest: Sequence[Token], around: Surroundings) -> bool:
    """What follows a yes is a new matter and takes nothing of it back."""
    words = [t for t in rest if not t.is_sign]
    if not words:
        return True
    if any(t.low in DOUBT for t in words) or find_phrase(rest, _HOLD) is not None:
        return False
    if find_phrase(rest, _HINTS) is not None or find_phrase(rest, _REPEAT) is not None:
        return False
    return around.confirming is None or len(words) >= 3


def _asks_to_repeat(tokens: Sequence[Token], words: Sequence[Token]) -> bool:
    at = find_phrase(tokens, _REPEAT)
    if at is None:
        return False
    length = phrase_at(tokens, at, _REPEAT)
    short = sum(1 for t in tokens[at : at + length] if not t.is_sign) == 1
    return len(words) <= 2 if short else len(words) <= 16


def evades(heard: Heard) -> bool:
    """Whether the caller does something else than giving a name: refuses, asks, waits, says bye."""
    tokens = heard.tokens
    words = sum(1 for t in tokens if not t.is_sign)
    for table in (_REFUSAL, _DO_NOT_KNOW, _REPEAT, _HOLD, _DNC, _HUMAN, _BYE):
        at = find_phrase(tokens, table)
        if at is not None and (phrase_at(tokens, at, table) >= 2 or words <= 2):
            return True
    return _starts_question(tokens)


def _is_question(tokens: Sequence[Token]) -> bool:
    return tokens[-1].low == "?" or _starts_question(tokens)


def _starts_question(tokens: Sequence[Token]) -> bool:
    words = [t for t in tokens if not t.is_sign]
    if len(words) < 3 or words[0].low not in QUESTION_STARTS:
        return False
    return words[1].low in QUESTION_SECONDS or any(w.low in {"you", "your"} for w in words)


def _refuses(tokens: Sequence[Token]) -> bool:
    return find_phrase(tokens, _REFUSAL) is not None


def _starts_with_no(tokens: Sequence[Token]) -> bool:
    at = 0
    while at < len(tokens) and (
        tokens[at].is_sign or tokens[at].low in {"uh", "um", "oh", "well", "sorry", "er"}
    ):
        at += 1
    return bool(at < len(tokens) and phrase_at(tokens, at, _NO))


def _says_no(tokens: Sequence[Token], around: Surroundings) -> bool:
    if _starts_with_no(tokens):
        words = [t.low for t in tokens if not t.is_sign]
        return not (words[0] in {"no", "not"} and words[1:2] != [] and words[1] in NO_OF_A_VALUE)
    at = find_phrase(tokens, _NO)
    if at is None or phrase_at(tokens, 0, _YES) or ends_an_address(tokens, at):
        return False
    del around
    length = phrase_at(tokens, at, _NO)
    if length >= 2:
        return True
    # "fifty, no sorry, fifteen thousand" corrects itself; "that one, no" says no.
    rest = [t for t in tokens[at + length :] if not t.is_sign]
    return tokens[at].low in {"no", "nope", "nah", "wrong", "incorrect"} and all(
        phrase_at([t], 0, _POLITE) for t in rest
    )


def _rest_after_no(tokens: Sequence[Token]) -> bool:
    """Whether there is more than a no: something that says what is right."""
    i, rest = 0, 0
    while i < len(tokens):
        length = phrase_at(tokens, i, _NO) or phrase_at(tokens, i, _POLITE)
        if length:
            i += length
            continue
        if not tokens[i].is_sign and tokens[i].low not in {
            "right",
            "but",
            "correct",
            "quite",
            "sorry",
            "i'm",
            "afraid",
            "actually",
        }:
            rest += 1
        i += 1
    return rest >= 1


def of_kind(kind: Kind) -> bool:
    return kind in {Kind.BOOLEAN, Kind.CONSENT}
