"""Corrections of digits: "the last four are 0199", "the area code is 416", "nine, not five"."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flows.capture import phone
from flows.capture.digits import groups_at
from flows.capture.english.corrections import AREA_CODE, COUNTS, FIRST_DIGITS, LAST_DIGITS
from flows.capture.english.numbers import ORDINALS
from flows.capture.model import Candidate, Kind, Surroundings
from flows.capture.speech import find_phrase, phrase_at, phrases
from flows.capture.tokens import Heard, Token

_AREA_CODE = phrases(AREA_CODE)
_EXTENSION = phrases(("extension", "ext"))
_NOT = phrases(("not", "instead of", "rather than", "isn't"))


def amend_phone(value: str, heard: Heard, around: Surroundings) -> Candidate | None:
    """The number with the digits that the caller corrects, if it is a valid one then."""
    whole = [c for c in phone.read(heard, around) if c.value is not None]
    if whole and whole[0].value != value:
        return whole[0]
    number, _, extension = value.partition(";ext=")
    digits = number.lstrip("+")
    tokens = heard.tokens
    rows = _rows(tokens)
    if not rows:
        return None
    right = [(text, at) for text, at, wrong in rows if not wrong]
    wrong = [text for text, _, is_wrong in rows if is_wrong]
    if find_phrase(tokens, _EXTENSION) is not None and right:
        return _checked(f"{number};ext={right[-1][0]}", heard, 0.8)
    changed = _placed(digits, tokens, right, around.region)
    if changed is None and len(wrong) == 1 and len(right) == 1:
        changed = _swapped(digits, wrong[0], right[0][0])
    if changed is None and len(right) == 1:
        changed = _matched(digits, right[0][0])
    if changed is None:
        return None
    suffix = f";ext={extension}" if extension else ""
    return _checked(f"+{changed}{suffix}", heard, 0.75)


def placed(candidate: Candidate, heard: Heard, around: Surroundings) -> Candidate | None:
    """ "... oh one four five, sorry, the last digit is four": put right in the same breath."""
    tail = heard.tokens[candidate.span[1] :]
    at = find_phrase(tail, _PLACES)
    if at is None or len(tail) - at > _LONGEST_PLACE:
        return None
    changed = amend_phone(str(candidate.value), Heard(heard.text, tail[at:]), around)
    if changed is None or changed.value == candidate.value:
        return None
    span = (candidate.span[0], len(heard.tokens))
    return replace(candidate, value=changed.value, span=span, text=heard.words(*span))


_PLACES = phrases(("the last digit", "last digit", "the last two", "the last three",
                   "the last four", "the area code is", "the first three", "the first digit",
                   "it ends in", "ending is"))  # fmt: skip
_LONGEST_PLACE = 12


def _rows(tokens: Sequence[Token]) -> list[tuple[str, int, bool]]:
    """Rows of digits, where each begins, and whether it is said to be wrong."""
    rows: list[tuple[str, int, bool]] = []
    at, current, start, end = 0, "", 0, -9
    while at < len(tokens):
        options = [] if _counts(tokens, at) else groups_at(tokens, at, among_digits=bool(current))
        if options and tokens[at].low not in {"for", "to", "too"}:
            if not current:
                start = at
            current += options[0][0]
            at = end = options[0][1]
            continue
        if current and tokens[at].low not in {",", "-", "and"}:
            rows.append((current, start, _is_wrong(tokens, start)))
            current = ""
        at += 1
    if current:
        rows.append((current, start, _is_wrong(tokens, start)))
    del end
    return rows


def _counts(tokens: Sequence[Token], at: int) -> bool:
    """ "four" in "the last four are" and "one" in "the last one is" count digits."""
    before = tokens[at - 1].low if at else ""
    return before in {*LAST_DIGITS, *FIRST_DIGITS, "middle", "next"} and tokens[at].low in COUNTS


def _is_wrong(tokens: Sequence[Token], at: int) -> bool:
    return any(
        (length := phrase_at(tokens, at - back, _NOT)) and at - back + length >= at
        for back in (1, 2)
        if at - back >= 0
    )


def _placed(
    digits: str, tokens: Sequence[Token], right: list[tuple[str, int]], region: str
) -> str | None:
    """Digits with a place: the last four, the area code, the third digit."""
    if not right:
        return None
    new, at = right[-1]
    national = _national(digits, region)
    lows = [t.low for t in tokens[:at]] + [t.low for t in tokens[at + 1 :]]
    if find_phrase(tokens, _AREA_CODE) is not None and len(new) >= 2:
        return digits[: len(digits) - len(national)] + new + national[len(new) :]
    if any(low in LAST_DIGITS for low in lows) or "ends" in lows or "ending" in lows:
        wanted = _count_said(tokens, LAST_DIGITS) or len(new)
        if wanted != len(new):
            return None
        return digits[: -len(new)] + new
    if any(low in FIRST_DIGITS for low in lows):
        wanted = _count_said(tokens, FIRST_DIGITS) or len(new)
        if wanted != len(new):
            return None
        return digits[: len(digits) - len(national)] + new + national[len(new) :]
    if "middle" in lows and len(new) == 3 and len(national) == 10:
        return digits[:-7] + new + digits[-4:]
    for i, low in enumerate(lows[:-1]):
        if low in ORDINALS and lows[i + 1] in {"digit", "number"} and len(new) == 1:
            place = ORDINALS[low] - 1
            if place < len(national):
                changed = national[:place] + new + national[place + 1 :]
                return digits[: len(digits) - len(national)] + changed
    return None


def _count_said(tokens: Sequence[Token], leads: Sequence[str]) -> int | None:
    for i in range(len(tokens) - 1):
        if tokens[i].low in leads:
            return COUNTS.get(tokens[i + 1].low)
    return None


def _swapped(digits: str, wrong: str, right: str) -> str | None:
    """ "sixteen, not sixty": the last place where the wrong digits stand."""
    places = [i for i in range(len(digits)) if digits.startswith(wrong, i)]
    if len(places) == 1 or (places and len(wrong) == 1 and digits.endswith(wrong)):
        at = places[-1]
        return digits[:at] + right + digits[at + len(wrong) :]
    return None


def _matched(digits: str, new: str) -> str | None:
    """A group said again: it belongs where it differs least; the last four are the usual ones."""
    if not 2 <= len(new) <= len(digits) - 2:
        return None
    places = range(len(digits) - len(new) + 1)
    differences = {
        at: sum(a != b for a, b in zip(digits[at : at + len(new)], new, strict=True))
        for at in places
    }
    least = min(differences.values())
    best = [at for at, n in differences.items() if n == least]
    last = len(digits) - len(new)
    if least == 0 or (least > 1 and len(new) < 4):
        return None
    if last in best or (len(new) == 4 and differences[last] <= 2):
        return digits[:last] + new
    if len(best) == 1:
        return digits[: best[0]] + new + digits[best[0] + len(new) :]
    return None


def _national(digits: str, region: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse("+" + digits, region)
    except phonenumbers.NumberParseException:
        return digits
    return digits[len(str(number.country_code)) :]


def _checked(value: str, heard: Heard, confidence: float) -> Candidate | None:
    number, _, extension = value.partition(";ext=")
    valid = phone.valid(number)
    if valid is None:
        return None
    whole = f"{valid};ext={extension}" if extension else valid
    span = (0, len(heard.tokens))
    return Candidate(Kind.PHONE, whole, confidence, heard.text, span, "amend:digits")
