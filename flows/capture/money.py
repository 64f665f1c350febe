"""Budgets: amounts and ranges of money, their currency and period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from flows.capture.english.counts import NOT_PEOPLE
from flows.capture.english.money import (
    AT_LEAST,
    AT_MOST,
    CURRENCY_SIGNS,
    CURRENCY_WORDS,
    MAY_BE_MONEY,
    MISHEARD_PERIODS,
    MONEY_WORDS,
    NOT_MONEY,
    PERIODS,
    RATES,
    SIX_FIGURES,
)
from flows.capture.model import Candidate, Kind, Surroundings, Value
from flows.capture.numbers import Number, echoed, number_at
from flows.capture.speech import negated, phrase_at, phrases, segments
from flows.capture.tokens import Heard, Token

_PERIODS = {name: (phrases(words), factor, of) for name, (words, factor, of) in PERIODS.items()}
_AT_MOST, _AT_LEAST = phrases(AT_MOST), phrases(AT_LEAST)
_BETWEEN = {"to", "-", "–", "—", "and", "or", "till", "until", "through", "maybe", "possibly", ","}


@dataclass(frozen=True, slots=True)
class Amount:
    """A number with what was said right around it."""

    number: Number
    start: int
    end: int
    currency: str | None


def read(heard: Heard, around: Surroundings) -> list[Candidate]:
    tokens = heard.tokens
    parts = segments(tokens)
    for index in range(len(parts) - 1, -1, -1):
        start, end = parts[index]
        found = _read_part(heard, tokens[:end], start, around)
        if found:
            before = _amounts(tokens[: parts[index - 1][1]], parts[index - 1][0]) if index else []
            return [_in_the_same_scale(c, before) for c in found]
    return []


def _in_the_same_scale(candidate: Candidate, before: Sequence[Amount]) -> Candidate:
    """ "Fifty thousand, actually make that sixty": sixty thousand, for nothing else is said."""
    value = candidate.value
    scaled = [a for a in before if a.number.scaled and a.number.value >= _THOUSAND]
    if not scaled or not isinstance(value, dict) or candidate.rule != "amount":
        return candidate
    amount = value["max"] if value["max"] is not None else value["min"]
    if not isinstance(amount, int) or not 0 < amount < _BARE_AT_MOST or value["period"]:
        return candidate
    scale = 10**6 if scaled[-1].number.value >= 10**6 else _THOUSAND
    bounds = {k: v * scale if isinstance(v := value[k], int) else None for k in ("min", "max")}
    return replace(candidate, value={**value, **bounds}, confidence=max(candidate.confidence, 0.6))


_THOUSAND, _BARE_AT_MOST = 1000, 100
"""From a thousand on, and below a hundred: "fifty thousand, no, sixty" leaves the scale out."""


def _read_part(
    heard: Heard, tokens: Sequence[Token], start: int, around: Surroundings
) -> list[Candidate]:
    figures = _figures(heard, tokens, start, around)
    amounts = _amounts(tokens, start)
    if figures and not any(a.number.scaled for a in amounts):
        return figures  # "five figures, say forty thousand" is the latter
    if figures:
        amounts = [a for a in amounts if a.number.scaled]
    if not amounts:
        return []
    asked = around.about(Kind.MONEY)
    period_at, period, factor = _period(heard.tokens, start, amounts)
    best: list[Candidate] = []
    used = 0
    while used < len(amounts):
        group = [amounts[used]]
        if used + 1 < len(amounts) and _is_range(tokens, amounts[used], amounts[used + 1]):
            group.append(amounts[used + 1])
        used += len(group)
        candidate = _candidate(
            heard, tokens, group, around, period=(period_at, period, factor), asked=asked
        )
        if candidate is not None:
            best.append(candidate)
    return sorted(best, key=lambda c: -c.confidence)


def _amounts(tokens: Sequence[Token], start: int) -> list[Amount]:
    found: list[Amount] = []
    at = start
    while at < len(tokens):
        number = number_at(tokens, at)
        if number is None:
            at += 1
            continue
        number = echoed(tokens, number) or _in_hundreds(tokens, number) or number
        at = number.end
        if negated(tokens, number.start):
            continue
        begin, end, currency = number.start, number.end, None
        if begin > 0 and tokens[begin - 1].low in CURRENCY_SIGNS:
            currency, begin = CURRENCY_SIGNS[tokens[begin - 1].low], begin - 1
            if begin > 0 and tokens[begin - 1].low in CURRENCY_WORDS:
                currency, begin = CURRENCY_WORDS[tokens[begin - 1].low], begin - 1
        elif begin > 0 and tokens[begin - 1].low in CURRENCY_WORDS:
            word = tokens[begin - 1].low
            if len(word) == 3 and word.isalpha():
                currency, begin = CURRENCY_WORDS[word], begin - 1
        if end < len(tokens) and tokens[end].low == "-":
            end += 1 if end + 1 < len(tokens) and tokens[end + 1].low in CURRENCY_WORDS else 0
        if end < len(tokens) and tokens[end].low == "of":
            end += 1 if end + 1 < len(tokens) and tokens[end + 1].low in CURRENCY_WORDS else 0
        if end < len(tokens):
            two = f"{tokens[end].low} {tokens[end + 1].low}" if end + 1 < len(tokens) else ""
            if two in CURRENCY_WORDS:
                currency, end = CURRENCY_WORDS[two], end + 2
            elif tokens[end].low in CURRENCY_WORDS:
                currency, end = CURRENCY_WORDS[tokens[end].low], end + 1
            elif tokens[end].low in CURRENCY_SIGNS:
                currency, end = CURRENCY_SIGNS[tokens[end].low], end + 1
        found.append(Amount(number, begin, end, currency))
        at = end
    return found


def _in_hundreds(tokens: Sequence[Token], number: Number) -> Number | None:
    """ "thirty two fifty" is three thousand two hundred and fifty."""
    following = number_at(tokens, number.end, colloquial=False)
    if following is None or number.scaled or following.scaled or number.digits or following.digits:
        return None
    both = (number.value, following.value)
    if not all(10 <= n <= 99 and n.denominator == 1 for n in both):
        return None
    return Number(both[0] * 100 + both[1], number.start, following.end)


def _is_range(tokens: Sequence[Token], low: Amount, high: Amount) -> bool:
    between = [t.low for t in tokens[low.end : high.start]]
    if len(between) > 3 or not between:
        return bool(not between and tokens[low.end - 1].low == "-")
    if not all(word in _BETWEEN or word in CURRENCY_SIGNS or word == "even" for word in between):
        return False
    if between == ["and"]:
        first = low.start - 1
        return first >= 0 and tokens[first].low in {"between", "from"}
    if between == [","]:
        return high.number.scaled and not low.number.scaled and low.number.value >= 5
    return True


def _period(
    tokens: Sequence[Token], start: int, amounts: Sequence[Amount] = ()
) -> tuple[int | None, str | None, int]:
    """The period that is said last, so that "a month, sorry, a year" is a year."""
    inside = {i for a in amounts for i in range(a.number.start, a.number.end)}
    best: tuple[int | None, str | None, int] = (None, None, 1)
    at = start
    while at < len(tokens):
        length = 0
        for table, factor, of in _PERIODS.values():
            length = phrase_at(tokens, at, table) if at not in inside else 0
            if length:
                if not _denied(tokens, at):
                    best = (at, of, factor)
                break
        at += length or 1
    return best


def period_in(tokens: Sequence[Token]) -> str | None:
    """The period that is said and not denied ("a month, not a year")."""
    for at in range(len(tokens)):
        for table, _, period in _PERIODS.values():
            if phrase_at(tokens, at, table) and not _denied(tokens, at):
                return period
    return None


def _denied(tokens: Sequence[Token], at: int) -> bool:
    return at > 0 and (tokens[at - 1].low in {"not", "than"} or negated(tokens, at))


def currency_in(tokens: Sequence[Token]) -> str | None:
    """The currency that is said and not denied."""
    for at, token in enumerate(tokens):
        if token.low in CURRENCY_SIGNS:
            return CURRENCY_SIGNS[token.low]
        if at + 1 < len(tokens):
            two = f"{token.low} {tokens[at + 1].low}"
            if two in CURRENCY_WORDS and not negated(tokens, at):
                return CURRENCY_WORDS[two]
        if token.low in CURRENCY_WORDS and token.low != "won" and not negated(tokens, at):
            return CURRENCY_WORDS[token.low]
    return None


def _candidate(
    heard: Heard,
    tokens: Sequence[Token],
    group: list[Amount],
    around: Surroundings,
    *,
    period: tuple[int | None, str | None, int],
    asked: bool,
) -> Candidate | None:
    period_at, period_name, factor = period
    first, last = group[0], group[-1]
    low, high = first.number.value, last.number.value
    if len(group) == 2 and last.number.scaled and not first.number.scaled:
        # "fifteen to twenty thousand": the scale said once counts for both.
        for scale in (10**9, 10**6, 10**5, 10**3):
            if low * scale <= high and low < 1000:
                low *= scale
                break
    if len(group) == 2 and first.number.scaled and not last.number.scaled and high < 1000 <= low:
        high *= 1000 if low < 10**6 else 10**6  # "ten k, maybe twelve"
    if len(group) == 2 and low > high:
        low, high = high, low
    after = tokens[last.end].low if last.end < len(tokens) else ""
    currency = last.currency or first.currency
    if currency is None and (after in NOT_MONEY or after in NOT_PEOPLE - MAY_BE_MONEY):
        return None
    if currency is None and after == "of" and _low(tokens, last.end + 1) in {"us", "them", "you"}:
        return None
    scaled = first.number.scaled or last.number.scaled
    near = " ".join(t.low for t in tokens[max(0, first.start - 8) : first.start])
    about_money = any(word in near.split() for word in MONEY_WORDS)
    rated = period_at is not None and last.end <= period_at <= last.end + 1 and scaled
    if around.asked is Kind.TEXT:
        rated = False  # "we get fifteen thousand a month" may be calls
    if not asked and currency is None and not (rated or (about_money and (scaled or high >= 500))):
        return None
    lower: Fraction | None = low * factor
    upper: Fraction | None = high * factor
    if len(group) == 1:
        bound = _bound(tokens, first)
        if bound == "most":
            lower = None
        elif bound == "least":
            upper = None
    confidence = 0.6
    confidence += 0.15 if currency else 0.0
    confidence += 0.1 if scaled or high >= 1000 else 0.0
    confidence += 0.1 if asked or about_money else 0.0
    if high < 500 and not currency:
        confidence -= 0.25
    if last.number.digits and after in {"-", "."}:
        confidence -= 0.2
    end = last.end
    if period_at is None:
        period_name = _bare_period(tokens, last.end)
    if period_at is not None and last.end <= period_at <= last.end + 2:
        end = period_at + 1
    value: Value = {
        "min": _plain(lower),
        "max": _plain(upper),
        "currency": currency or around.currency,
        "period": period_name,
    }
    return Candidate(
        Kind.MONEY,
        value,
        max(0.1, min(0.95, confidence)),
        heard.words(first.start, end),
        (first.start, end),
        "range" if len(group) == 2 else "amount",
    )


def _low(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].low if 0 <= at < len(tokens) else ""


_NO_PERIOD = ("this", "in", "by", "one", "per", "next", "last", "each", "two", "with", "for")


def _bare_period(tokens: Sequence[Token], end: int) -> str | None:
    """ "Fifty thousand dollars year": the "a" is easily lost, or heard as something else."""
    if _low(tokens, end) in RATES and _low(tokens, end + 1) in MISHEARD_PERIODS:
        return MISHEARD_PERIODS[_low(tokens, end + 1)]
    for token in [t for t in tokens[end : end + 4] if t.low != "."][:2]:
        if token.low in ("year", "month"):
            return token.low
        if len(token.low) > 4 or token.low in _NO_PERIOD:
            return None
    return None


def _bound(tokens: Sequence[Token], amount: Amount) -> str | None:
    longest, bound = 0, None
    for at in range(max(0, amount.start - 5), amount.start):
        for table, name in ((_AT_MOST, "most"), (_AT_LEAST, "least")):
            length = phrase_at(tokens, at, table)
            if length > longest and at + length >= amount.start - 1:
                longest, bound = length, name
    if bound is not None:
        return bound
    if phrase_at(tokens, amount.end, _AFTER_MOST):
        return "most"
    if phrase_at(tokens, amount.end, _AFTER_LEAST):
        return "least"
    return None


_AFTER_MOST = phrases(
    ("max", "maximum", "at most", "tops", "or less", "at the most", "or under", "or below")
)
_AFTER_LEAST = phrases(
    ("minimum", "at least", "or more", "plus", "or above", "and up", "at the least", "+",
     "or so at least", "and above", "or higher")
)  # fmt: skip


def _figures(
    heard: Heard, tokens: Sequence[Token], start: int, around: Surroundings
) -> list[Candidate]:
    """ "six figures", "low six figures": a wide range, of low confidence."""
    for at in range(start, len(tokens) - 1):
        if tokens[at + 1].low not in {"figures", "figure"} or tokens[at].low not in SIX_FIGURES:
            continue
        size = SIX_FIGURES[tokens[at].low]
        low, high = 10 ** (size - 1), 10**size - 1
        before = tokens[at - 1].low if at else ""
        if before == "low":
            high = 3 * low
        elif before in {"mid", "middle"}:
            low, high = 4 * low, 6 * low
        elif before == "high":
            low = 7 * low
        _, period, _ = _period(tokens, start)
        value: Value = {
            "min": low, "max": high, "currency": around.currency, "period": period,
        }  # fmt: skip
        span = (at, at + 2)
        return [Candidate(Kind.MONEY, value, 0.4, heard.words(*span), span, "figures")]
    return []


def _plain(value: Fraction | None) -> int | float | None:
    if value is None:
        return None
    return int(value) if value.denominator == 1 else float(value)
