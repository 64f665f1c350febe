"""How many people: numbers and ranges, in answer to the question or beside "people", "team of"."""

from __future__ import annotations

from collections.abc import Sequence

from flows.capture import count_sums
from flows.capture.english.counts import (
    ELSEWHERE,
    JUST_ME,
    NOT_PEOPLE,
    PEOPLE,
    TEAM_WORDS,
)
from flows.capture.english.money import AT_LEAST, AT_MOST, CURRENCY_SIGNS
from flows.capture.english.numbers import DIGIT_SOUNDS, DIGITS
from flows.capture.english.speech import FILLERS
from flows.capture.model import Candidate, Kind, Surroundings, Value
from flows.capture.numbers import Number, numbers
from flows.capture.speech import find_phrase, negated, phrase_at, phrases, segments
from flows.capture.tokens import Heard, Token

# More people than any customer has: such a number is a phone number or an amount.
_LARGEST = 5_000_000

_ELSEWHERE, _JUST_ME = phrases(ELSEWHERE), phrases(JUST_ME)
_AT_MOST, _AT_LEAST = phrases(AT_MOST), phrases((*AT_LEAST,))
_AFTER_LEAST = phrases(("plus", "or more", "+", "and growing", "and up", "at least", "minimum"))
_AFTER_MOST = phrases(("or less", "or fewer", "at most", "max", "maximum", "tops"))
_US = phrases(
    (
        "of us",
        "in total",
        "on the team",
        "in the team",
        "in our team",
        "on our team",
        "on my team",
        "in my team",
        "in the company",
        "in my department",
        "in our department",
        "in sales",
        "in the sales team",
        "who would use it",
        "in the department",
        "in the office",
        "altogether",
        "all together",
        "would use it",
        "will use it",
        "in the group",
        "working here",
        "work here",
    )
)


def read(heard: Heard, around: Surroundings) -> list[Candidate]:
    tokens = heard.tokens
    asked = around.about(Kind.COUNT)
    for start, end in reversed(segments(tokens)):
        found = _read_part(heard, tokens[:end], start, asked)
        if found:
            return found
    return []


def _read_part(heard: Heard, tokens: Sequence[Token], start: int, asked: bool) -> list[Candidate]:
    part = tokens[start:]
    if asked and (sound := _sound(part)) is not None:
        return [_candidate(heard, sound, (start, len(tokens)), 0.5, "sound")]
    me = find_phrase(part, _JUST_ME)
    said = [
        Number(n.value, n.start + start, n.end + start, n.scaled, n.digits)
        for n in numbers(part)
        if n.value.denominator == 1
    ]
    said = [
        n
        for n in said
        if not (negated(tokens, n.start) or n.value > _LARGEST or _is_spent(tokens, n))
    ]
    if me is not None and (asked or any(t.low in TEAM_WORDS for t in part)):
        alone = [n for n in said if n.value > 1]
        if not alone:
            length = phrase_at(part, me, _JUST_ME)
            span = (start + me, start + me + length)
            return [_candidate(heard, 1, span, 0.85, "alone")]
    others = _me_and(heard, tokens, start, said)
    if others is not None:
        return [others]
    if asked:
        counted = count_sums.pair(tokens, start, said) or count_sums.reckoned(tokens, said)
        if counted is not None:
            value, span, rule = counted
            return [_candidate(heard, value, span, 0.8, rule)]
    found: list[Candidate] = []
    i = 0
    while i < len(said):
        first = last = said[i]
        if i + 1 < len(said) and _is_range(tokens, said[i], said[i + 1]):
            last = said[i + 1]
            i += 1
        i += 1
        candidate = _one(heard, tokens, first, last, asked)
        if candidate is not None:
            found.append(candidate)
    return sorted(found, key=lambda c: -c.confidence)


def _is_spent(tokens: Sequence[Token], number: Number) -> bool:
    """ "Thirty, and the budget would be up to thirty thousand": the latter counts nobody."""
    before = [t.low for t in tokens[max(0, number.start - 8) : number.start]]
    spoken_of = [i for i, low in enumerate(before) if low in _SPENDING]
    people = [i for i, low in enumerate(before) if low in PEOPLE]
    return bool(spoken_of) and (not people or people[-1] < spoken_of[-1])


_SPENDING = {"budget", "spend", "spending", "budgeted", "pay", "afford"}


def _sound(part: Sequence[Token]) -> int | None:
    """ "To." and "For." are numbers where they are the whole answer."""
    words = [t.low for t in part if not t.is_sign and t.low not in FILLERS]
    if len(words) == 1:
        digit = DIGIT_SOUNDS.get(words[0])
        return int(digit) if digit is not None and digit != "0" else None
    # "Nine zero" and "one five": how one tells ninety from nineteen.
    digits = [DIGITS.get(w, w if len(w) == 1 and w.isdigit() else "") for w in words]
    if len(digits) != 2 or not all(digits):
        return None
    told = digits[1] == "0" or (digits[0] == "1" and int(digits[1]) >= 3)
    return int("".join(digits)) if told and digits[0] != "0" else None


def _me_and(
    heard: Heard, tokens: Sequence[Token], start: int, said: list[Number]
) -> Candidate | None:
    """ "me and two others" is three."""
    for n in said:
        before = [t.low for t in tokens[max(start, n.start - 2) : n.start]]
        after = tokens[n.end].low if n.end < len(tokens) else ""
        if before[-2:] in (["me", "and"], ["me", "plus"], ["myself", "and"]) and (
            after in {"others", "other", "colleagues", "people", "employees", "partners", ""}
        ):
            span = (n.start - 2, min(n.end + 1, len(tokens)))
            return _candidate(heard, int(n.value) + 1, span, 0.8, "me-and")
    return None


def _is_range(tokens: Sequence[Token], low: Number, high: Number) -> bool:
    between = [t.low for t in tokens[low.end : high.start]]
    if low.value >= high.value and not high.scaled:
        return False
    if between == ["and"]:
        return low.start > 0 and tokens[low.start - 1].low == "between"
    return between in (["to"], ["-"], ["–"], ["or"], ["—"], ["maybe"], [",", "maybe"], ["or", "so"],
                       ["or", "maybe"], [",", "or"], ["people", "to"]) or _guessed_higher(
        between, low, high
    )  # fmt: skip


def _guessed_higher(between: list[str], low: Number, high: Number) -> bool:
    """ "Twenty five, twenty six" and "eight agents, maybe nine" hesitate between two numbers."""
    words = [word for word in between if word not in PEOPLE]
    if words == [","] and len(words) == len(between):
        return high.value == low.value + 1
    return words in ([",", "maybe"], [",", "possibly"], [",", "or", "maybe"])


def _one(
    heard: Heard, tokens: Sequence[Token], first: Number, last: Number, asked: bool
) -> Candidate | None:
    end, start = last.end, first.start
    after = [t.low for t in tokens[end : end + 4]]
    if after[:1] == ["-"]:
        after = after[1:]
    if after[:2] == ["or", "so"] or after[:1] == ["odd"]:
        after = after[2 if after[0] == "or" else 1 :]
    if after[:2] == ["-", "odd"]:
        after = after[2:]
    if start and tokens[start - 1].low in CURRENCY_SIGNS:
        return None
    if first.value == 1 and after[:2] in (["of", "the"], ["of", "those"], ["of", "our"]):
        return None  # "I'm one of the founders"
    if after and after[0] in NOT_PEOPLE and not (after[0] == "a" and asked):
        return None
    people = next((k for k, low in enumerate(after[:3]) if low in PEOPLE), None)
    near = after[: people + 1] if people is not None else []
    close = people is not None and not any(low in {"and", ",", "."} for low in near)
    before = [t.low for t in tokens[max(0, start - 4) : start]]
    team_of = before[-2:] == ["team", "of"] or before[-2:] in (["group", "of"], ["staff", "of"])
    for at in range(end, min(end + 3, len(tokens))):
        if phrase_at(tokens, at, _ELSEWHERE):
            return None
    of_us = (
        phrase_at(tokens, end, _US)
        or before[-2:] == ["are", "we"]
        or (before[-2:] in (["of", "us"], ["there", "are"]) and asked)
    )
    if not (asked or close or team_of or of_us):
        return None
    if not asked and close and not (_own(tokens, before, start) or _users(near, before)):
        return None
    low, high = int(first.value), int(last.value)
    if last.scaled and not first.scaled and low * 1000 <= high:
        low *= 1000
    elif tokens[last.end - 1].low == "hundred" and low < 10 and low * 100 <= high:
        low *= 100
    value: Value = low if low == high else {"min": low, "max": high}
    if first is last:
        value = _bounded(tokens, first, value)
    confidence = 0.6 + 0.15 * asked + 0.15 * bool(close or team_of or of_us)
    if asked and not (close or team_of or of_us) and after and after[0].isalpha():
        confidence -= 0.15
    if any(phrase_at(tokens, at, _WOULD_USE) for at in range(end, min(end + 4, len(tokens)))):
        confidence += 0.1  # "we are forty, but only nine would use it"
    stop = end + (people + 1 if close and people is not None else 0)
    return _candidate(heard, value, (start, min(stop, len(tokens))), confidence, "number")


def _users(near: list[str], before: list[str]) -> bool:
    """ "Twenty thousand for twelve users": users are ours, unless somebody else has them."""
    others = {"has", "had", "they", "their", "with", "you"}
    return bool(near) and near[-1] in _USERS and not others & set(before)


_USERS = {"users", "user", "seats", "licenses", "licences", "logins"}
_WOULD_USE = phrases(("would use it", "will use it", "would be using", "need it", "would need it",
                      "will be using it", "use it", "using it"))  # fmt: skip


def _own(tokens: Sequence[Token], before: list[str], start: int) -> bool:
    """Unasked, only the caller's own people count: "we're fifty people", "my team is"."""
    words = {t.low for t in tokens[max(0, start - 12) : start]}
    own = {"we", "we're", "our", "team", "company", "have", "us", "i", "employ", "there's",
           "we've", "with", "my", "about", "are"}  # fmt: skip
    return not words or bool(words & own)


def _bounded(tokens: Sequence[Token], number: Number, value: Value) -> Value:
    # The longest phrase counts: "no more than" holds "more than".
    for at in range(max(0, number.start - 3), number.start):
        if (n := phrase_at(tokens, at, _AT_MOST)) and at + n >= number.start:
            return {"min": None, "max": value if isinstance(value, int) else None}
        if (n := phrase_at(tokens, at, _AT_LEAST)) and at + n >= number.start:
            return {"min": value if isinstance(value, int) else None, "max": None}
    if phrase_at(tokens, number.end, _AFTER_LEAST):
        return {"min": value if isinstance(value, int) else None, "max": None}
    if phrase_at(tokens, number.end, _AFTER_MOST):
        return {"min": None, "max": value if isinstance(value, int) else None}
    return value


def _candidate(
    heard: Heard, value: Value, span: tuple[int, int], confidence: float, rule: str
) -> Candidate:
    return Candidate(Kind.COUNT, value, confidence, heard.words(*span), span, rule)
