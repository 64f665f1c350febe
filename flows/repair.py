"""Joining what was said over several turns: pieces, and the part that was asked for again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from rapidfuzz.distance import Levenshtein

from flows.capture import Candidate, Kind, Surroundings, Utterance, read
from flows.combine import combined
from flows.lead import FieldState, same_value
from flows.phrases import RepairStep

_VOTED = (Kind.EMAIL, Kind.PHONE, Kind.NAME, Kind.COMPANY)
_NEARLY = 0.7
_NAMES_AT = re.compile(r"@|\bat\b", re.IGNORECASE)
PROVIDERS = frozenset(
    {
        "aol.com", "gmail.com", "gmx.com", "gmx.de", "googlemail.com", "hotmail.com",
        "icloud.com", "live.com", "me.com", "msn.com", "outlook.com", "proton.me",
        "protonmail.com", "yahoo.com", "ymail.com",
    }
)  # fmt: skip


def joined(
    kind: Kind,
    utterance: Utterance,
    *,
    held: FieldState,
    around: Surroundings,
    whole: Sequence[Candidate],
    step: RepairStep | None,
) -> Candidate | None:
    """A value made of this turn's words and what is already certain; None: nothing to add.

    A whole value in this turn's own words always wins over a joined one.
    """
    if any(not held.was_rejected(c.value) for c in whole if c.value is not None):
        return None
    around = around.asking(kind)
    for text in _attempts(kind, utterance.text, held, step):
        for candidate in read(kind, Utterance(text), around):
            if candidate.value is not None and not held.was_rejected(candidate.value):
                return candidate
    return None


def voted(
    kind: Kind, newest: Candidate, *, held: FieldState, around: Surroundings
) -> Candidate | None:
    """What all attempts together make likelier than the newest one; None: nothing.

    Only where the caller has said no before: a first reading is read back as it was heard.
    """
    if not held.rejected or kind not in _VOTED:
        return None
    if str(newest.value).casefold() in newest.text.casefold():
        return None  # written out, as one types it: there is nothing to mishear
    earlier = [e.value for e in held.evidence if isinstance(e.value, str)]
    around = around.asking(kind)

    def is_valid(text: str) -> bool:
        return any(same_value(c.value, text) for c in read(kind, Utterance(text), around))

    value = combined([*earlier, str(newest.value)], rejected=held.rejected, is_valid=is_valid)
    if value is None or same_value(value, newest.value):
        return None
    return replace(newest, value=value, confidence=0.5, rule="vote")


def nearly_the_same(one: str, other: str) -> bool:
    """Two hearings of one name, as far as their letters tell."""
    return likeness(one, other) >= _NEARLY


def likeness(one: str, other: str) -> float:
    """How much of their letters two texts have in common, 0 to 1."""
    return float(Levenshtein.normalized_similarity(_letters(one), _letters(other)))


def twin(kind: Kind, reading: Candidate) -> Candidate | None:
    """The amount that "fifteen" is misheard for "fifty", and the other way round."""
    value = reading.value
    if kind is Kind.COUNT and isinstance(value, int):
        other = _teen_or_ty(value)
        return replace(reading, value=other, confidence=0.5, rule="teen/ty") if other else None
    if kind is Kind.MONEY and isinstance(value, dict) and value["min"] == value["max"]:
        other = _teen_or_ty(value["min"])
        changed = {**value, "min": other, "max": other}
        return replace(reading, value=changed, confidence=0.5, rule="teen/ty") if other else None
    return None


def _teen_or_ty(number: Any) -> int | None:
    """13 <-> 30 up to 19 <-> 90, also as thousands, and behind hundreds."""
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int) or number <= 0:
        return None
    scale = 1
    while number % 1000 == 0:
        number, scale = number // 1000, scale * 1000
    hundreds, rest = divmod(number, 100)
    if 13 <= rest <= 19:
        other = (rest - 10) * 10
    elif rest in range(30, 100, 10):
        other = rest // 10 + 10
    else:
        return None
    return int((hundreds * 100 + other) * scale)


def _attempts(kind: Kind, text: str, held: FieldState, step: RepairStep | None) -> list[str]:
    attempts = []
    if held.pieces:
        attempts.append(" ".join([*held.pieces, text]))
    if held.partial and held.partial.startswith("@"):
        attempts.append(f"{text} at {held.partial[1:].replace('.', ' dot ')}")
    elif held.partial:
        attempts.append(f"{held.partial} {text}")
    if kind is Kind.EMAIL and held.value is None:
        last = next((v for v in reversed(held.rejected) if isinstance(v, str) and "@" in v), None)
        if last is not None:
            local, _, domain = last.partition("@")
            spoken_domain = domain.replace(".", " dot ")
            if step is RepairStep.DOMAIN:
                attempts.append(f"{local} at {text}")
            elif step is not None and not _NAMES_AT.search(text):
                attempts.append(f"{text} at {spoken_domain}")
    return attempts


def doubtful_part(value: str, *, name: str | None, company: str | None) -> RepairStep:
    """Which part of a rejected e-mail address to ask for again.

    A local part that is made of the caller's name is hardly wrong; then it is the domain, unless
    that is a provider everybody uses, or the company's name.
    """
    local, _, domain = value.partition("@")
    letters = _letters(local)
    names = [_letters(part) for part in (name or "").split()]
    from_name = len(names) > 1 and letters in {
        "".join(names), names[0] + names[-1], names[0][:1] + names[-1], names[-1] + names[0],
        names[0] + names[-1][:1],
    }  # fmt: skip
    if not from_name or domain in PROVIDERS:
        return RepairStep.LOCAL_PART
    if company and _letters(domain.partition(".")[0]) in _letters(company):
        return RepairStep.LOCAL_PART
    return RepairStep.DOMAIN


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())
