"""Corrections of a value that is known: "with a K", "the last digit is nine", "dot org not com".

The part of the value that the caller does not speak of stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date as calendar_date
from datetime import datetime, time

from flows.capture import (
    amend_letters,
    caller_zone,
    company,
    count,
    date,
    datetimes,
    email,
    money,
    name,
)
from flows.capture.amend_digits import amend_phone
from flows.capture.english.corrections import DOMAIN_PART, LOCAL_PART
from flows.capture.english.domains import TLDS
from flows.capture.letters import run_at
from flows.capture.model import Candidate, Kind, Surroundings, Utterance, Value
from flows.capture.numbers import numbers
from flows.capture.speech import find_phrase, negated, phrase_at, phrases
from flows.capture.tokens import Heard, Token, fold, tokenize

_LOCAL_PART, _DOMAIN_PART = phrases(LOCAL_PART), phrases(DOMAIN_PART)


def amend(
    kind: Kind, value: object, utterance: Utterance, around: Surroundings
) -> Candidate | None:
    """The value with what the caller corrects in it, or None where nothing is to be corrected."""
    heard = tokenize(utterance.text)
    if not heard.tokens:
        return None
    near = around.asking(kind)
    if kind is Kind.EMAIL and isinstance(value, str):
        found = _amend_email(value, heard, near)
    elif kind is Kind.PHONE and isinstance(value, str):
        found = amend_phone(value, heard, near)
    elif kind in {Kind.NAME, Kind.COMPANY} and isinstance(value, str):
        found = _amend_name(kind, value, heard, near)
    elif kind is Kind.MONEY and isinstance(value, Mapping):
        found = _amend_money(value, heard, near)
    elif kind is Kind.COUNT:
        found = _amend_count(value, heard, near)
    elif kind is Kind.DATE and isinstance(value, str):
        found = _amend_date(value, heard, near)
    elif kind is Kind.DATETIME and isinstance(value, str):
        found = _amend_meeting(value, heard, near)
    else:
        return None
    return found if found is not None and found.value != value else None


def _candidate(kind: Kind, value: Value, heard: Heard, confidence: float, rule: str) -> Candidate:
    span = (0, len(heard.tokens))
    return Candidate(kind, value, confidence, heard.text, span, f"amend:{rule}")


def _amend_email(value: str, heard: Heard, around: Surroundings) -> Candidate | None:
    local, _, domain = value.partition("@")
    whole = next((c for c in email.read(heard, around) if c.value is not None), None)
    if whole is not None and whole.value != value:
        return whole
    piece = next((c.partial for c in email.read(heard, around) if c.partial), None)
    if piece and piece.startswith("@") and (new := email.valid(local + piece)):
        return _candidate(Kind.EMAIL, new, heard, 0.8, "domain")
    ending = _ending(heard.tokens)
    if ending is not None and ending != domain.rpartition(".")[2]:
        base = domain.partition(".")[0] if "." in ending else domain.rpartition(".")[0]
        if new := email.valid(f"{local}@{base}.{ending}"):
            return _candidate(Kind.EMAIL, new, heard, 0.85, "ending")
    side = _side(heard.tokens)
    swapped = _swapped_words(value, heard.tokens)
    if swapped is not None and (new := email.valid(swapped)):
        return _candidate(Kind.EMAIL, new, heard, 0.75, "words")
    base, _, ending_now = domain.rpartition(".")
    for text, name_of_side in ((local, "local"), (base, "domain")):
        if side not in {None, name_of_side}:
            continue
        changed = amend_letters.spelled_into(text, heard.tokens) or _changed(text, heard)
        if changed is None:
            continue
        whole_text = (
            f"{changed[0]}@{domain}" if text is local else f"{local}@{changed[0]}.{ending_now}"
        )
        if new := email.valid(whole_text):
            return _candidate(Kind.EMAIL, new, heard, changed[1], "letters")
    if side == "local" and piece and not piece.startswith("@"):
        new_local = piece.removesuffix("@")
        if new := email.valid(f"{new_local}@{domain}"):
            return _candidate(Kind.EMAIL, new, heard, 0.75, "local")
    digits = _swapped_digits(local, heard.tokens)
    if digits is not None and (new := email.valid(f"{digits}@{domain}")):
        return _candidate(Kind.EMAIL, new, heard, 0.75, "digits")
    alike = piece and not piece.startswith("@") and _alike(piece.removesuffix("@"), local)
    if piece and alike and (new := email.valid(f"{piece.removesuffix('@')}@{domain}")):
        return _candidate(Kind.EMAIL, new, heard, 0.6, "local")
    return None


def _alike(one: str, other: str) -> bool:
    from rapidfuzz.distance import Levenshtein

    return float(Levenshtein.normalized_similarity(one, other)) >= 0.5


def _side(tokens: tuple[Token, ...]) -> str | None:
    if find_phrase(tokens, _LOCAL_PART) is not None:
        return "local"
    if find_phrase(tokens, _DOMAIN_PART) is not None:
        return "domain"
    return None


def _ending(tokens: tuple[Token, ...]) -> str | None:
    """ "dot org not dot com", "it's org", "dot co dot uk"."""
    for i, token in enumerate(tokens):
        dotted = token.low in {"dot", "."} and i + 1 < len(tokens)
        at = i + 1 if dotted else i
        low = tokens[at].low
        if low == "i" and at + 1 < len(tokens) and tokens[at + 1].low == "o":
            low, end = "io", at + 2
        elif low == "a" and at + 1 < len(tokens) and tokens[at + 1].low == "i":
            low, end = "ai", at + 2
        else:
            end = at + 1
        if low not in TLDS or negated(tokens, i):
            continue
        common = low in {"com", "org", "net", "io", "ai", "edu", "gov", "biz", "info", "dev"}
        if not dotted and not (common and i > 0):
            continue
        following = [t.low for t in tokens[end : end + 3]]
        if low == "co" and following[:1] == ["dot"]:
            rest = "".join(following[1:3])
            if rest.startswith("uk") or following[1:2] == ["uk"]:
                return "co.uk"
        return low
    return None


def _changed(text: str, heard: Heard) -> tuple[str, float] | None:
    change = amend_letters.change_in(heard.tokens)
    if change is None:
        return None
    text = text.casefold()
    target = _target(text, heard.tokens)
    if target is not None and change.old not in {".", "-", "_"}:
        changed = amend_letters.apply(target, change)
        if changed is not None:
            return text.replace(target, changed[0], 1), changed[1]
    return amend_letters.apply(text, change)


def _target(text: str, tokens: tuple[Token, ...]) -> str | None:
    """The part that the caller names ("doe with an E at the end")."""
    parts = [p for p in amend_letters.parts_of(text.casefold()) if len(p) >= 3]
    for token in tokens:
        low = "".join(c for c in fold(token.low) if c.isalpha())
        for part in parts:
            if len(low) >= 3 and (low == part or (_alike(low, part) and low[0] == part[0])):
                return part
    return None


def _swapped_words(value: str, tokens: tuple[Token, ...]) -> str | None:
    """ "janet, not jane", "not jane, janet", "underscore instead of dot"."""
    for i, token in enumerate(tokens):
        if token.low not in {"not", "instead"}:
            continue
        wrong = i + 2 if token.low == "instead" else i + 1
        while wrong < len(tokens) and tokens[wrong].low in {"a", "the", "with"}:
            wrong += 1
        if wrong >= len(tokens) or len(tokens[wrong].low) < 3:
            continue
        old = fold(tokens[wrong].low)
        if old not in value:
            continue
        for right in (*range(wrong + 1, len(tokens)), *range(i - 1, -1, -1)):
            new = fold(tokens[right].low)
            if len(new) >= 3 and new.isalpha() and _alike(new, old) and new != old:
                return value.replace(old, new, 1)
    return None


def _swapped_digits(text: str, tokens: tuple[Token, ...]) -> str | None:
    """ "sixteen not sixty" inside an address."""
    said = numbers(tokens, colloquial=False)
    wrong = [str(n.plain) for n in said if negated(tokens, n.start)]
    right = [str(n.plain) for n in said if not negated(tokens, n.start)]
    if len(right) != 1:
        return None
    if len(wrong) == 1 and wrong[0] in text:
        return text.replace(wrong[0], right[0], 1)
    return None


def _amend_name(kind: Kind, value: str, heard: Heard, around: Surroundings) -> Candidate | None:
    changed = amend_letters.spelled_into(value, heard.tokens) or _changed(value, heard)
    if changed is not None:
        words = changed[0].split()
        old = value.split()
        written = [
            old[i] if i < len(old) and word == old[i].casefold() else name.capitalised(word, i)
            for i, word in enumerate(words)
        ]
        return _candidate(kind, " ".join(written), heard, changed[1], "letters")
    swapped = _swapped_words(value.casefold(), heard.tokens)
    if swapped is not None:
        written = [name.capitalised(word, i) for i, word in enumerate(swapped.split())]
        return _candidate(kind, " ".join(written), heard, 0.75, "words")
    reader = name.read if kind is Kind.NAME else company.read
    fresh = reader(heard, around)
    if not fresh or fresh[0].value is None:
        return None
    new = str(fresh[0].value)
    old_words, new_words = value.split(), new.split()
    if kind is Kind.NAME and len(new_words) == 1 and len(old_words) > 1:
        lows = {t.low for t in heard.tokens}
        if "first" in lows:
            return _candidate(kind, " ".join([new, *old_words[1:]]), heard, 0.7, "first")
        if "last" in lows or "surname" in lows:
            return _candidate(kind, " ".join([old_words[0], new]), heard, 0.7, "last")
        alike = [i for i, w in enumerate(old_words) if _alike(fold(w), fold(new))]
        if alike:
            old_words[alike[-1]] = new
            return _candidate(kind, " ".join(old_words), heard, 0.65, "word")
    return fresh[0]


def _amend_money(
    value: Mapping[str, object], heard: Heard, around: Surroundings
) -> Candidate | None:
    tokens = heard.tokens
    fresh = money.read(heard, around)
    changed: dict[str, int | float | str | None] = {
        k: v for k, v in value.items() if isinstance(v, int | float | str) or v is None
    }
    said = money.period_in(tokens)
    currency = money.currency_in(tokens)
    if not fresh:
        if said is None and currency is None:
            return None
        changed["period"] = said or changed.get("period")
        changed["currency"] = currency or changed.get("currency")
        return _candidate(Kind.MONEY, changed, heard, 0.75, "terms")
    new = fresh[0].value
    if not isinstance(new, dict):
        return None
    scale = _scale(value, heard)
    for bound in ("min", "max"):
        amount = new.get(bound)
        old = value.get(bound) or value.get("max") or value.get("min")
        if isinstance(amount, int | float) and isinstance(old, int | float):
            small = amount < 1000 <= old and not any(n.scaled for n in numbers(tokens))
            changed[bound] = amount * scale if small else amount
        else:
            changed[bound] = amount if amount is None else changed.get(bound)
    changed["period"] = said or changed.get("period")
    changed["currency"] = currency or changed.get("currency")
    return _candidate(Kind.MONEY, changed, heard, max(0.6, fresh[0].confidence), "amount")


def _scale(value: Mapping[str, object], heard: Heard) -> int:
    """What "sixteen" stands for beside sixty thousand."""
    old = value.get("max") or value.get("min")
    if not isinstance(old, int | float):
        return 1
    for n in numbers(heard.tokens):
        if negated(heard.tokens, n.start) and n.value:
            for scale in (1, 1000, 10**6):
                if n.plain * scale == old:
                    return scale
    return 10**6 if old >= 10**6 else 1000 if old >= 1000 else 1


def _amend_count(value: object, heard: Heard, around: Surroundings) -> Candidate | None:
    fresh = count.read(heard, around)
    del value
    return fresh[0] if fresh else None


def _amend_date(value: str, heard: Heard, around: Surroundings) -> Candidate | None:
    fresh = date.read(heard, around)
    if not fresh:
        return None
    try:
        old = calendar_date.fromisoformat(value)
    except ValueError:
        return fresh[0]
    if fresh[0].rule == "of-month":
        # "No, the sixteenth": of the month that was meant already.
        day = calendar_date.fromisoformat(str(fresh[0].value)).day
        try:
            moved = old.replace(day=day)
        except ValueError:
            return fresh[0]
        return _candidate(Kind.DATE, moved.isoformat(), heard, 0.75, "day")
    return fresh[0]


def _amend_meeting(value: str, heard: Heard, around: Surroundings) -> Candidate | None:
    fresh = datetimes.read(heard, around)
    if not fresh:
        moved = caller_zone.moved(value, heard.tokens, around)
        return _candidate(Kind.DATETIME, moved, heard, 0.75, "zone") if moved else None
    if fresh[0].value is not None:
        return fresh[0]
    partial = fresh[0].partial or ""
    try:
        old = datetime.fromisoformat(value)
        if partial.startswith("T"):
            clock = time.fromisoformat(partial[1:])
            new = old.replace(hour=clock.hour, minute=clock.minute)
        else:
            day = calendar_date.fromisoformat(partial)
            new = datetime.combine(day, old.time(), tzinfo=caller_zone.kept(old, around))
    except ValueError:
        return None
    return _candidate(Kind.DATETIME, new.isoformat(), heard, 0.75, "part")


def tail_of(heard: Heard, candidate: Candidate) -> Heard | None:
    """What follows a candidate in the same utterance, where it may correct it."""
    tokens = heard.tokens[candidate.span[1] :]
    while tokens and tokens[0].is_sign:
        tokens = tokens[1:]
    if len(tokens) < 2 or not phrase_at(tokens, 0, _TAIL_STARTS):
        return None
    return Heard(heard.text, tokens)


def hinted(value: str, tail: Heard) -> str | None:
    """The value after "with a K", "that's D O E"; None where that changes nothing."""
    local, at, domain = value.partition("@")
    if amend_letters.change_in(tail.tokens) is not None:
        change = amend_letters.change_in(tail.tokens)
        if change is not None and change.old is None and change.new in local.casefold():
            return None  # it only confirms the letter that is there
    changed = amend_letters.spelled_into(local, tail.tokens)
    if changed is None and not _spells(tail):
        changed = _changed(local, tail)
    if changed is None and at:
        base, _, ending = domain.rpartition(".")
        spelled = amend_letters.spelled_into(base, tail.tokens)
        return email.valid(f"{local}@{spelled[0]}.{ending}") if spelled else None
    if changed is None:
        return None
    if at:
        return email.valid(f"{changed[0]}@{domain}")
    old = value.split()
    return " ".join(
        old[i] if i < len(old) and word == old[i].casefold() else name.capitalised(word, i)
        for i, word in enumerate(changed[0].split())
    )


def _spells(tail: Heard) -> bool:
    """Whether a whole word is spelled, so that none of its letters is a correction."""
    return any(
        (run := run_at(tail.tokens, at)) is not None and len(run.text) > _LETTERS_OF_A_HINT
        for at in range(len(tail.tokens))
    )


_LETTERS_OF_A_HINT = 2
_TAIL_STARTS = phrases(("with a", "with an", "with two", "that's with", "that's spelled", "spelled",
                        "that's", "with one", "and that's", "but with", "spelt", "it's with",
                        "it's spelled", "where the", "and it's", "no dot", "without a",
                        "without an", "without the"))  # fmt: skip
