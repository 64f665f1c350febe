"""Spoken forms to values: pure code, no I/O, a few milliseconds an utterance.

``read`` gives the candidates for one kind of value, best first; ``read_all`` gives those of several
kinds from one utterance, with spans that do not overlap; ``answer`` says what an utterance is in
the conversation; ``amend`` applies a correction to a value that is known. None of them raises on
any text; what lies behind ``tokens.MAX_CHARS`` characters is not read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

from flows.capture import (
    boolean,
    company,
    count,
    date,
    datetimes,
    email,
    money,
    name,
    phone,
    text,
)
from flows.capture.amend import amend, hinted, tail_of
from flows.capture.amend_digits import placed
from flows.capture.answer import classify
from flows.capture.chatter import on_the_matter, without_thinking
from flows.capture.model import (
    Answer,
    Candidate,
    Kind,
    Surroundings,
    Utterance,
    Value,
    Word,
)
from flows.capture.respelled import respelled
from flows.capture.titled import begins_like_an_answer
from flows.capture.tokens import Heard, tokenize

__all__ = [
    "Answer",
    "Candidate",
    "Kind",
    "Surroundings",
    "Utterance",
    "Value",
    "Word",
    "amend",
    "answer",
    "names_itself",
    "read",
    "read_all",
    "warm_up",
]

_READERS: dict[Kind, Callable[[Heard, Surroundings], list[Candidate]]] = {
    Kind.NAME: name.read,
    Kind.COMPANY: company.read,
    Kind.EMAIL: email.read,
    Kind.PHONE: phone.read,
    Kind.TEXT: text.read,
    Kind.MONEY: money.read,
    Kind.COUNT: count.read,
    Kind.DATE: date.read,
    Kind.DATETIME: datetimes.read,
    Kind.BOOLEAN: boolean.read_boolean,
    Kind.CONSENT: boolean.read_consent,
}
# Who may claim words first when several kinds could: what is hardest to mistake.
_PRECEDENCE = (
    Kind.EMAIL, Kind.PHONE, Kind.DATETIME, Kind.MONEY, Kind.COUNT, Kind.DATE, Kind.NAME,
    Kind.COMPANY, Kind.CONSENT, Kind.BOOLEAN, Kind.TEXT,
)  # fmt: skip
# An alternative of the recogniser is worth less than its first choice.
_ALTERNATIVE = 0.75
_MOST_ALTERNATIVES = 4
# So is a word that had to be put right.
_MENDED = 0.7
_FIGURES = frozenset({Kind.MONEY, Kind.COUNT, Kind.DATE, Kind.DATETIME})
_READINGS_REMEMBERED = 64


def read(kind: Kind, utterance: Utterance, around: Surroundings) -> tuple[Candidate, ...]:
    """Candidates for one kind of value, best first; empty where the utterance has none.

    One turn asks for the same reading several times; the latest ones are remembered.
    """
    try:
        return _remembered(kind, utterance, around)
    except TypeError:  # a value that is being confirmed may be a dict, which has no hash
        return _read(kind, utterance, around)


def _read(kind: Kind, utterance: Utterance, around: Surroundings) -> tuple[Candidate, ...]:
    heard = _about_it(kind, tokenize(utterance.text))
    found = [
        _weighed(_with_tail(c, heard, around), heard, utterance)
        for c in _READERS[kind](heard, around)
    ]
    if kind is around.asked and kind in _FIGURES and (mended := respelled(heard)) is not None:
        again = _READERS[kind](mended, around)
        found = [replace(c, confidence=c.confidence * _MENDED) for c in again] or found
    for alternative in utterance.alternatives[:_MOST_ALTERNATIVES]:
        other = _about_it(kind, tokenize(alternative))
        found.extend(
            replace(c, confidence=c.confidence * _ALTERNATIVE, rule=f"alternative:{c.rule}")
            for c in _READERS[kind](other, around)
        )
    return _distinct(found)


def _about_it(kind: Kind, heard: Heard) -> Heard:
    """What may answer for a kind; a need or a decision may speak of anything and anybody."""
    if kind is Kind.TEXT:
        return heard
    if kind in {Kind.BOOLEAN, Kind.CONSENT}:
        doubtful = kind is Kind.BOOLEAN
        return Heard(heard.text, tuple(without_thinking(heard.tokens, doubtful=doubtful)))
    return on_the_matter(heard)


_remembered = lru_cache(maxsize=_READINGS_REMEMBERED)(_read)


def read_all(
    kinds: Iterable[Kind], utterance: Utterance, around: Surroundings
) -> dict[Kind, tuple[Candidate, ...]]:
    """Candidates of several kinds from one utterance; the spans of different kinds are apart.

    The kind that was asked for claims its words first, then the kinds that are hardest to mistake.
    """
    wanted = set(kinds)
    order = [k for k in (around.asked, around.confirming) if k in wanted and k is not None]
    order = [k for k in order if k not in {Kind.NAME, Kind.COMPANY, Kind.TEXT}]
    order += [k for k in _PRECEDENCE if k in wanted and k not in order]
    claimed: set[int] = set()
    result: dict[Kind, tuple[Candidate, ...]] = {}
    for kind in order:
        free = tuple(
            c
            for c in read(kind, utterance, around)
            if kind in {Kind.BOOLEAN, Kind.CONSENT, Kind.TEXT}
            or c.rule.startswith("alternative:")
            or not claimed & set(range(*c.span))
        )
        if free:
            result[kind] = free
            whole = free[0].value is not None or kind is not Kind.EMAIL
            if whole and kind not in {Kind.BOOLEAN, Kind.CONSENT, Kind.TEXT}:
                claimed |= set(range(*free[0].span))
    return result


def answer(utterance: Utterance, around: Surroundings) -> Answer:
    """What the utterance is in the conversation; only an unambiguous yes is ``YES``."""
    heard = tokenize(utterance.text)
    if around.confirming is None:
        heard = Heard(heard.text, tuple(without_thinking(heard.tokens)))
    verdict = classify(heard, around, restated=_restated(heard, around))
    if verdict in {Answer.OTHER, Answer.NO} and _corrects(utterance, around):
        return Answer.CORRECTION
    return verdict


def names_itself(utterance: Utterance, around: Surroundings) -> bool:
    """Whether words that begin like an answer ("No Limits Fitness") are a company's name."""
    return begins_like_an_answer(tokenize(utterance.text).tokens, known=around.name)


def _corrects(utterance: Utterance, around: Surroundings) -> bool:
    """Whether the utterance changes the value that was just read back."""
    kind, value = around.confirming, around.confirming_value
    if kind is None or kind in {Kind.TEXT, Kind.BOOLEAN, Kind.CONSENT}:
        return False
    if value is not None:
        return amend(kind, value, utterance, around) is not None
    if kind in {Kind.NAME, Kind.COMPANY}:
        return False
    found = _READERS[kind](tokenize(utterance.text), around)
    return bool(found) and found[0].value is not None


def _with_tail(candidate: Candidate, heard: Heard, around: Surroundings) -> Candidate:
    """ "Catherine Bell, with a K": what follows the value in the same breath corrects it."""
    if candidate.kind is Kind.PHONE and candidate.value is not None:
        return placed(candidate, heard, around) or candidate
    if candidate.kind not in {Kind.EMAIL, Kind.NAME, Kind.COMPANY} or candidate.value is None:
        return candidate
    tail = tail_of(heard, candidate)
    if tail is None:
        return candidate
    changed = hinted(str(candidate.value), tail)
    if changed is None:
        return candidate
    span = (candidate.span[0], len(heard.tokens))
    return replace(
        candidate,
        value=changed,
        text=heard.words(*span),
        span=span,
        rule=f"{candidate.rule}+hint",
    )


def _restated(heard: Heard, around: Surroundings) -> tuple[int, int] | None:
    """Where the caller says the value that was read back; ``(0, 0)`` if it is another value."""
    kind, value = around.confirming, around.confirming_value
    if kind is None or kind in {Kind.BOOLEAN, Kind.CONSENT, Kind.TEXT}:
        return None
    if kind in {Kind.NAME, Kind.COMPANY}:
        return _said_in(heard, str(value)) if value is not None else None
    whole = [c for c in _READERS[kind](heard, around) if c.value is not None]
    if not whole:
        return None
    if value is None or whole[0].value == value:
        return whole[0].span
    return 0, 0


def _said_in(heard: Heard, value: str) -> tuple[int, int] | None:
    wanted = [t.low for t in tokenize(value).tokens]
    lows = [t.low for t in heard.tokens]
    for at in range(len(lows) - len(wanted) + 1):
        if wanted and lows[at : at + len(wanted)] == wanted:
            return at, at + len(wanted)
    return None


def _weighed(candidate: Candidate, heard: Heard, utterance: Utterance) -> Candidate:
    """Less confidence where the recogniser was unsure of the words."""
    scores = [
        w.confidence
        for w in utterance.words
        if w.confidence is not None and w.text and w.text.casefold() in candidate.text.casefold()
    ]
    if not scores:
        return candidate
    weight = 0.5 + 0.5 * max(0.0, min(1.0, sum(scores) / len(scores)))
    return replace(candidate, confidence=candidate.confidence * weight)


def _distinct(found: list[Candidate]) -> tuple[Candidate, ...]:
    """One candidate a value, the order kept, whole values first."""
    seen: set[str] = set()
    result: list[Candidate] = []
    for candidate in sorted(found, key=lambda c: c.value is None):
        key = repr(candidate.value if candidate.value is not None else candidate.partial)
        if key not in seen:
            seen.add(key)
            result.append(candidate)
    return tuple(result)


def warm_up() -> None:
    """Imports what is slow and fills the caches, so that no call takes more than its time."""
    from datetime import UTC, datetime

    import phonenumbers.timezone  # noqa: F401 - asked when somebody says "my time".

    from flows.capture.letters import fuzzy_nato

    around = Surroundings(now=datetime.now(UTC))
    for kind, said in (
        (Kind.EMAIL, "jane dot doe at acme dot com, that's J A N E"),
        (Kind.PHONE, "four one five five five five oh one nine eight"),
        (Kind.PHONE, "+44 20 7946 0958"),
        (Kind.PHONE, "six nine seven, seven seven three, five seven seven five"),
        (Kind.NAME, "Jane Doe, D O E"),
        (Kind.DATETIME, "tomorrow at three eastern"),
    ):
        read(kind, Utterance.of(said), around.asking(kind))
    fuzzy_nato("kangal")
