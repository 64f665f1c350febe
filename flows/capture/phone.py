"""Phone numbers: digits as said or written, extensions, international forms, pieces over turns.

phonenumbers (the port of Google's libphonenumber) knows the lengths and ranges of every country:
90 ms to import, 35 µs a parse after the first of a region (3 ms), so ``warm_up`` makes that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

from flows.capture.digits import groups_at
from flows.capture.english.phone import CONNECTORS, COUNTRY_CODE, EXTENSION, PHONE_WORDS
from flows.capture.model import Candidate, Kind, Surroundings
from flows.capture.phone_regions import region_known, region_said
from flows.capture.speech import negated, phrase_at, phrases, segments
from flows.capture.tokens import Heard, Token

_EXTENSION, _COUNTRY_CODE, _CONNECTORS = (
    phrases(EXTENSION),
    phrases(COUNTRY_CODE),
    phrases(CONNECTORS),
)
# E.164 has 15 digits at most; a little more allows for "oh 44" and repeated digits.
_MOST_DIGITS = 24
_MOST_READINGS = 48


@dataclass(frozen=True, slots=True)
class Digits:
    """A row of digits with all readings of it."""

    readings: tuple[str, ...]
    start: int
    end: int
    plus: bool = False
    extension: str = ""
    starts: tuple[int, ...] = ()


def read(heard: Heard, around: Surroundings) -> list[Candidate]:
    asked = around.about(Kind.PHONE)
    said = region_said(heard)
    if said is not None and said != around.region:
        abroad = _read(heard, replace(around, region=said), asked=True)
        if any(c.value is not None and c.confidence >= _SURE for c in abroad):
            return abroad
    found = _read(heard, around, asked=asked)
    at_home = any(c.value is not None and c.confidence >= _SURE for c in found)
    if asked and (not at_home or _begins_abroad(heard, around)):
        known = region_known(around)
        other = _read(heard, replace(around, region=known), asked=True) if known else []
        if any(c.value is not None and c.confidence >= _SURE for c in other):
            return other
    return found


_SURE = 0.6
# Where a national number never begins with a zero.
_NO_TRUNK_ZERO = {"US", "CA"}


def _begins_abroad(heard: Heard, around: Surroundings) -> bool:
    """ "Oh two oh seven ...": no American number, though it becomes one without its zero."""
    rows = _rows(heard.tokens, 0)
    return around.region in _NO_TRUNK_ZERO and bool(rows) and rows[0].readings[0].startswith("0")


def _read(heard: Heard, around: Surroundings, *, asked: bool) -> list[Candidate]:
    tokens = heard.tokens
    parts = segments(tokens)
    about_phone = any(t.low in PHONE_WORDS for t in tokens)
    before: list[Digits] = []
    found: list[Candidate] = []
    for start, end in parts:
        here = [r for row in _rows(tokens[:end], start) if (r := _meant(tokens, row, around))]
        for row in here:
            candidate = _whole(heard, row, around, asked or about_phone)
            if candidate is None and before:
                candidate = _mended(heard, before[-1], row, around)
            if candidate is None and (asked or about_phone):
                candidate = _piece(heard, row, around)
            if candidate is not None:
                found.append(candidate)
        before.extend(here)
    whole = [c for c in found if c.value is not None]
    if whole:
        # What was said last counts, as long as it is a number beyond doubt.
        latest = list(reversed(whole))
        return sorted(latest, key=lambda c: c.confidence < 0.6)
    joined = _joined(heard, before, around, asked)
    if joined is not None:
        return [joined]
    return sorted(found, key=lambda c: -len(c.partial or "")) if asked else found[-1:]


def _rows(tokens: Sequence[Token], start: int) -> list[Digits]:
    rows: list[Digits] = []
    at = start
    while at < len(tokens):
        row = _row_at(tokens, at)
        if row is None:
            at += 1
            continue
        rows.append(row)
        at = row.end
    return rows


def _meant(tokens: Sequence[Token], row: Digits, around: Surroundings) -> Digits | None:
    """Without the number that the caller says it is not ("not 917 600 8180, 917 600 8181")."""
    if not negated(tokens, row.start):
        return row
    length = national_lengths(around.region)[0]
    rest = tuple(r[length:] for r in row.readings if len(r) > length)
    return replace(row, readings=rest, plus=False) if rest else None


def _row_at(tokens: Sequence[Token], at: int) -> Digits | None:
    i, plus = at, False
    length = phrase_at(tokens, i, _COUNTRY_CODE)
    if tokens[i].low == "+" or tokens[i].low == "plus" or length:
        plus, i = True, i + (length or 1)
    groups: list[list[str]] = []
    among, end = plus, i
    extension = ""
    while i < len(tokens) and len(groups) < _MOST_DIGITS:
        options = groups_at(tokens, i, among_digits=among)
        if options:
            if among and _not_a_digit(tokens, i):
                break
            # Readings of one group may end at different places; keep those of the longest.
            i = max(stop for _, stop in options)
            groups.append([d for d, stop in options if stop == i])
            among, end = True, i
            continue
        if groups and (length := phrase_at(tokens, i, _EXTENSION)):
            extension, i = _extension(tokens, i + length)
            end = i if extension else end
            break
        length = phrase_at(tokens, i, _CONNECTORS)
        if not length or (not groups and not plus):
            break
        i += length
    if not groups:
        return None
    readings = tuple(
        dict.fromkeys(
            "".join(choice)
            for choice, _ in zip(product(*groups), range(_MOST_READINGS), strict=False)
        )
    )
    return Digits(readings, at, end, plus, extension)


def _not_a_digit(tokens: Sequence[Token], at: int) -> bool:
    """ "for" and "to" behind the last digit are words again, unless a digit follows."""
    from flows.capture.english.numbers import DIGIT_SOUNDS, DIGITS

    low = tokens[at].low
    if low not in DIGIT_SOUNDS or low in DIGITS:
        return False
    for following in tokens[at + 1 : at + 3]:
        if following.low in {",", "-", "."}:
            continue
        return not (following.is_digits or following.low in DIGITS or following.low in DIGIT_SOUNDS)
    return at < 3


def _extension(tokens: Sequence[Token], at: int) -> tuple[str, int]:
    digits, i = "", at
    while i < len(tokens) and len(digits) < 7:
        if tokens[i].low in {".", "-", ":", "#", "number", "is", ","} and not digits:
            i += 1
            continue
        if tokens[i].low in {",", "-"} and digits:
            i += 1
            continue
        options = groups_at(tokens, i, among_digits=True)
        if not options:
            break
        digits, i = digits + options[0][0], options[0][1]
    return digits, i


def _whole(heard: Heard, row: Digits, around: Surroundings, expected: bool) -> Candidate | None:
    best: tuple[float, str] | None = None
    for rank, reading in enumerate(row.readings):
        if not 6 <= len(reading) <= _MOST_DIGITS:
            continue
        for value, sure in _parse(reading, row.plus, row.extension, around.region):
            confidence = (0.9 if sure else 0.5) - 0.02 * min(rank, 5)
            if not expected:
                confidence -= 0.1 if sure and len(reading) >= 10 else 0.4
            if best is None or confidence > best[0]:
                best = (confidence, value)
            if sure:
                break
        if best is not None and best[0] > 0.6:
            break
    if best is None or best[0] < 0.2:
        return None
    span = (row.start, row.end)
    return Candidate(Kind.PHONE, best[1], best[0], heard.words(*span), span, "digits")


def _mended(heard: Heard, before: Digits, row: Digits, around: Surroundings) -> Candidate | None:
    """ "... oh one nine nine, no, oh one nine eight": the end again, right this time."""
    for old in before.readings:
        for new in row.readings:
            for length in national_lengths(around.region):
                keep = length - len(new)
                if len(new) >= 2 and 0 < keep <= len(old):
                    for value, sure in _parse(old[:keep] + new, before.plus, "", around.region):
                        if sure:
                            span = (before.start, row.end)
                            text = heard.words(*span)
                            return Candidate(Kind.PHONE, value, 0.75, text, span, "mended")
    return None


def _joined(
    heard: Heard, rows: list[Digits], around: Surroundings, asked: bool
) -> Candidate | None:
    """Rows that other words separate ("area code 415, and then the number is 555 0198")."""
    if len(rows) < 2 or not asked:
        return None
    value = complete([row.readings[0] for row in rows], around.region)
    if value is None:
        return None
    span = (rows[0].start, rows[-1].end)
    return Candidate(Kind.PHONE, value, 0.7, heard.words(*span), span, "joined")


def _piece(heard: Heard, row: Digits, around: Surroundings) -> Candidate | None:
    digits = row.readings[0]
    if len(digits) < 2:
        return None
    span = (row.start, row.end)
    text = ("+" if row.plus else "") + digits
    return Candidate(Kind.PHONE, None, 0.3, heard.words(*span), span, "piece", partial=text)


def complete(parts: Sequence[str], region: str = "US") -> str | None:
    """E.164 of the pieces of a number, said or keyed one after the other; None if not whole.

    A piece that repeats the end of what is already there is counted once.
    """
    digits, plus = "", bool(parts and parts[0].startswith("+"))
    for part in parts:
        new = "".join(c for c in part if c.isdigit())
        digits = digits + new
    for value, sure in _parse(digits, plus, "", region):
        if sure:
            return value
    joined = ""
    for part in parts:
        new = "".join(c for c in part if c.isdigit())
        overlap = next(
            (n for n in range(min(len(joined), len(new)), 2, -1) if joined.endswith(new[:n])), 0
        )
        joined += new[overlap:]
    for value, sure in _parse(joined, plus, "", region):
        if sure:
            return value
    return None


def join(parts: Sequence[str], region: str = "US") -> Candidate | None:
    """The pieces as one candidate: whole where they are, else ``partial`` with all digits."""
    value = complete(parts, region)
    digits = "".join(c for part in parts for c in part if c.isdigit() or c == "+")
    if value is None and not digits:
        return None
    text = " ".join(parts)
    partial = None if value else digits
    return Candidate(Kind.PHONE, value, 0.7 if value else 0.3, text, (0, 0), "joined", partial)


def national_lengths(region: str) -> tuple[int, ...]:
    """How many digits a national number of a region may have, the commonest first."""
    import phonenumbers

    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region.upper())
    if metadata is None or metadata.general_desc is None:
        return (10,)
    lengths = sorted(set(metadata.general_desc.possible_length), reverse=True)
    with_zero = [n + 1 for n in lengths] if region.upper() != "US" else []
    return tuple(dict.fromkeys([*lengths, *with_zero]))


def _parse(digits: str, plus: bool, extension: str, region: str) -> list[tuple[str, bool]]:
    """E.164 forms of a row of digits, with whether libphonenumber calls them valid."""
    import phonenumbers

    forms: list[tuple[str, str | None]] = []
    if plus:
        forms.append(("+" + digits, None))
        # "+44 (0)20": the zero of the national form has no place behind the country's code.
        forms.extend(
            ("+" + code + digits[len(code) + 1 :], None)
            for code in ("44", "49", "33", "39", "61", "31", "43", "41", "46")
            if digits.startswith(code + "0")
        )
    else:
        forms.append((digits, region))
        if digits.startswith("00") and len(digits) > 9:
            forms.append(("+" + digits[2:], None))
        elif len(digits) >= 11:
            forms.append(("+" + digits, None))
        half = len(digits) // 2
        if len(digits) >= 14 and digits[:half] == digits[half:]:
            forms.append((digits[:half], region))
    found: list[tuple[str, bool]] = []
    for text, home in forms:
        try:
            number = phonenumbers.parse(text, home)
        except phonenumbers.NumberParseException:
            continue
        if not phonenumbers.is_possible_number(number):
            continue
        local_only = (
            phonenumbers.is_possible_number_with_reason(number)
            == phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY
        )
        if local_only:
            continue
        value = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        sure = phonenumbers.is_valid_number(number) or _drama(value)
        if extension:
            value += f";ext={extension}"
        found.append((value, sure))
        if sure:
            break
    return sorted(found, key=lambda f: not f[1])


def valid(number: str) -> str | None:
    """E.164 of a number with its country code, or None where it is not valid."""
    found = [value for value, sure in _parse(number.lstrip("+"), True, "", "US") if sure]
    return found[0] if found else None


def _drama(value: str) -> bool:
    """Numbers that Ofcom keeps for films (and so for examples) are no valid ones to the library."""
    return value.startswith(("+447700900", "+441632960", "+442079460", "+443069990"))
