"""The caller's time zone: stated, named beside a time, or hinted at by a phone number.

What decides, in this order: a zone beside the time ("three Pacific"); whose time it is ("my time",
"your time"); the zone that the caller has stated ("I'm in Denver"); the zone of the call. A phone
number is a hint and no statement: it counts only for "my time".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flows.capture.english.dates import TIME_ZONES
from flows.capture.english.places import AT_HOME, MY_TIME, PLACES, SPOKEN, YOUR_TIME
from flows.capture.model import Surroundings
from flows.capture.speech import find_phrase, negated, phrase_at, phrases
from flows.capture.tokens import Token, tokenize

_NAMES = PLACES | TIME_ZONES
_ZONES, _AT_HOME = phrases(_NAMES), phrases(AT_HOME)
_MINE, _YOURS = phrases(MY_TIME), phrases(YOUR_TIME)
_NOT_A_PLACE = {"ct", "et", "pt", "central", "mountain", "pacific", "eastern", "british", "french",
                "german", "indian", "irish"}  # fmt: skip
"""They name a zone only with "time" behind them: "we're in central operations"."""
_OF_A_ZONE = frozenset({"time", "standard", "daylight"})


def zone_stated(text: str) -> str | None:
    """The IANA name of the zone in which the caller says to be: "I'm in Denver", "on Pacific
    time"."""
    tokens = tokenize(text).tokens
    for at, token in enumerate(tokens):
        if token.low not in _AT_HOME:
            continue
        length = phrase_at(tokens, at, _AT_HOME)
        if not length or negated(tokens, at):
            continue
        name, end = _name_at(tokens, at + length)
        if name is not None and (name not in _NOT_A_PLACE or _low(tokens, end) == "time"):
            return _NAMES[name]
    return None


def zone_beside(tokens: Sequence[Token]) -> tzinfo | None:
    """The zone of "Pacific time, say at three"."""
    if not any(token.low in _OF_A_ZONE for token in tokens):
        return None
    for at in range(len(tokens)):
        name, end = _name_at(tokens, at)
        if name is not None and _low(tokens, end) in _OF_A_ZONE:
            return zone_named(_NAMES[name])
    return None


def zone_meant(tokens: Sequence[Token], around: Surroundings) -> tzinfo | None:
    """The zone of a time that is said without one: whose time it is, and where the caller is."""
    beside = zone_beside(tokens)
    if beside is not None:
        return beside
    if find_phrase(tokens, _YOURS) is not None:
        return around.now.tzinfo
    stated = zone_named(around.caller_zone) if around.caller_zone else None
    if find_phrase(tokens, _MINE) is not None:
        return stated or zone_of_phone(around.phone, around.now) or around.now.tzinfo
    return stated or around.now.tzinfo


@lru_cache(maxsize=64)
def zone_named(name: str) -> ZoneInfo | None:
    """None for a name that this machine's time zone database does not have."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_of_phone(number: str | None, now: datetime) -> ZoneInfo | None:
    """Where an E.164 number belongs, if that is one zone, or several with the same clock now."""
    if not number:
        return None
    from phonenumbers import NumberParseException, parse
    from phonenumbers.timezone import time_zones_for_number

    try:
        names = time_zones_for_number(parse(number.partition(";")[0]))
    except NumberParseException:
        return None
    zones = [zone for name in names if (zone := zone_named(name)) is not None]
    offsets = {now.astimezone(zone).utcoffset() for zone in zones}
    return zones[0] if len(offsets) == 1 and len(zones) == len(names) else None


def kept(moment: datetime, around: Surroundings) -> tzinfo | None:
    """The zone of a meeting whose day changes: the call's, or the one that it was said in."""
    here = around.now.tzinfo
    return here if moment.astimezone(here).utcoffset() == moment.utcoffset() else moment.tzinfo


def moved(value: str, tokens: Sequence[Token], around: Surroundings) -> str | None:
    """ "No, Pacific time", "no, my time": the same clock in another zone; None if it is none."""
    said = zone_beside(tokens) is not None or any(
        find_phrase(tokens, table) is not None for table in (_MINE, _YOURS)
    )
    if not said:
        return None
    old = datetime.fromisoformat(value)
    new = old.replace(tzinfo=zone_meant(tokens, around)).isoformat()
    return new if new != value else None


def spoken_zone(moment: datetime) -> str | None:
    """ "Pacific time" for a moment with Pacific's offset on that day; None for an unusual one."""
    for words, name in SPOKEN:
        zone = zone_named(name)
        if zone is not None and moment.astimezone(zone).utcoffset() == moment.utcoffset():
            return words
    return None


def _name_at(tokens: Sequence[Token], at: int) -> tuple[str | None, int]:
    i = at
    while _low(tokens, i) in {"the", "on", "in", "us"} and i - at < 2:
        if phrase_at(tokens, i, _ZONES):
            break
        i += 1
    length = phrase_at(tokens, i, _ZONES)
    if not length:
        return None, at
    end = i + length
    return " ".join(t.low for t in tokens[i:end] if not t.is_sign), end


def _low(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].low if 0 <= at < len(tokens) else ""
