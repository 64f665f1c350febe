"""Meeting times in the caller's time zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from flows.capture import Kind, Surroundings, Utterance, amend, read
from flows.capture.caller_zone import zone_of_phone, zone_stated
from flows.speakable import say
from tests.unit.flows.talk import Talk

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=ZoneInfo("America/New_York"))
"""A Monday, in New York, where the call is."""
AROUND = Surroundings(now=NOW, asked=Kind.DATETIME)
CALIFORNIAN = "+14155552671"


def meeting(text: str, around: Surroundings = AROUND) -> object:
    found = read(Kind.DATETIME, Utterance.of(text), around)
    return found[0].value if found else None


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("tomorrow at three pm", "2026-11-24T15:00:00-05:00"),
        ("tomorrow at three pm Pacific", "2026-11-24T15:00:00-08:00"),
        ("tomorrow at 3 p.m. Pacific time", "2026-11-24T15:00:00-08:00"),
        ("Pacific time, tomorrow at three pm", "2026-11-24T15:00:00-08:00"),
        ("tomorrow at three pm London time", "2026-11-24T15:00:00+00:00"),
        ("tomorrow in the afternoon at three, Central European time", "2026-11-24T15:00:00+01:00"),
        ("tomorrow at three pm your time", "2026-11-24T15:00:00-05:00"),
        ("tomorrow at three pm my time", "2026-11-24T15:00:00-05:00"),
        ("July 6th at ten am Pacific", "2027-07-06T10:00:00-07:00"),
    ],
)
def test_a_zone_that_is_named(said: str, value: str) -> None:
    assert meeting(said) == value


def test_my_time_is_where_the_caller_says_to_be() -> None:
    denver = replace(AROUND, caller_zone="America/Denver", phone=CALIFORNIAN)
    assert meeting("tomorrow at three pm my time", denver) == "2026-11-24T15:00:00-07:00"
    assert meeting("tomorrow at three pm", denver) == "2026-11-24T15:00:00-07:00"
    assert meeting("tomorrow at three pm your time", denver) == "2026-11-24T15:00:00-05:00"
    assert meeting("tomorrow at three pm Eastern", denver) == "2026-11-24T15:00:00-05:00"


def test_a_phone_number_is_a_hint_for_my_time_and_nothing_else() -> None:
    around = replace(AROUND, phone=CALIFORNIAN)
    assert meeting("tomorrow at three pm my time", around) == "2026-11-24T15:00:00-08:00"
    assert meeting("tomorrow at three pm", around) == "2026-11-24T15:00:00-05:00"


@pytest.mark.parametrize(
    ("number", "zone"),
    [
        (CALIFORNIAN, "America/Los_Angeles"),
        ("+442079460958", "Europe/London"),
        ("+493012345678", "Europe/Berlin"),
        ("+18005550100", None),
        ("nonsense", None),
        (None, None),
    ],
)
def test_where_a_number_belongs(number: str | None, zone: str | None) -> None:
    found = zone_of_phone(number, NOW)
    wanted = ZoneInfo(zone) if zone else None
    assert (found and NOW.astimezone(found).utcoffset()) == (
        wanted and NOW.astimezone(wanted).utcoffset()
    )


def test_tomorrow_is_the_callers_tomorrow() -> None:
    late = replace(AROUND, now=NOW.replace(hour=23), caller_zone="Europe/London")
    assert meeting("tomorrow at three pm", late) == "2026-11-25T15:00:00+00:00"


@pytest.mark.parametrize(
    ("said", "zone"),
    [
        ("I'm in Denver", "America/Denver"),
        ("we're based in London", "Europe/London"),
        ("I'm calling from San Francisco", "America/Los_Angeles"),
        ("I'm on Pacific time", "America/Los_Angeles"),
        ("my time zone is Central time", "America/Chicago"),
        ("we are on the West Coast", "America/Los_Angeles"),
        ("I'm in the UK", "Europe/London"),
        ("I live in Arizona", "America/Phoenix"),
        ("I'm in sales", None),
        ("I'm in Central Operations", None),
        ("we sell to London", None),
        ("I'm not in Denver", None),
        ("my name is Paris Berlin", None),
        ("I'm in", None),
        ("", None),
    ],
)
def test_where_a_caller_says_to_be(said: str, zone: str | None) -> None:
    assert zone_stated(said) == zone


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("2026-11-26T15:00:00-08:00", "Thursday, November 26th at 3 PM Pacific time"),
        ("2026-11-26T15:00:00-07:00", "Thursday, November 26th at 3 PM Mountain time"),
        ("2026-11-26T15:00:00+00:00", "Thursday, November 26th at 3 PM London time"),
        ("2026-11-26T15:00:00+01:00", "Thursday, November 26th at 3 PM Central European time"),
        ("2026-11-26T15:00:00+03:00", "Thursday, November 26th at 3 PM UTC plus 3"),
        ("2026-11-26T15:00:00-05:00", "Thursday, November 26th at 3 PM"),
    ],
)
def test_another_zone_than_the_calls_is_said_and_read_back_the_same(value: str, words: str) -> None:
    spoken = say(Kind.DATETIME, datetime.fromisoformat(value).isoformat(), now=NOW)
    assert spoken == words
    assert meeting(f"I've noted {spoken}.") == value


def test_in_a_conversation_the_stated_zone_is_kept_and_said_with_the_time() -> None:
    talk = Talk().says("My name is Jane Doe").says("Acme Corporation, and I'm in Denver")
    talk.up_to("meeting").says("Thursday at two pm")
    assert talk.value("meeting") == "2026-11-26T14:00:00-07:00"
    assert "2 PM Mountain time" in talk.bot
    assert talk.echoed == {"meeting": "2026-11-26T14:00:00-07:00"}
    assert talk.conversation.snapshot()["committed"]["caller_zone"] == "America/Denver"


def test_my_time_takes_the_confirmed_phone_number_as_a_hint() -> None:
    talk = Talk().up_to("meeting").says("Thursday at two pm my time")
    assert talk.value("meeting") == "2026-11-26T14:00:00-08:00"
    assert "2 PM Pacific time" in talk.bot


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("no, Pacific time", "2026-11-26T14:00:00-08:00"),
        ("no, my time", "2026-11-26T14:00:00-07:00"),
        ("no, on Friday", "2026-11-27T14:00:00-05:00"),
    ],
)
def test_a_correction_of_the_zone_keeps_the_clock(said: str, value: str) -> None:
    around = replace(AROUND, confirming=Kind.DATETIME, caller_zone="America/Denver")
    amended = amend(Kind.DATETIME, "2026-11-26T14:00:00-05:00", Utterance.of(said), around)
    assert amended is not None
    assert amended.value == value


def test_a_correction_of_the_day_keeps_the_zone() -> None:
    around = replace(AROUND, confirming=Kind.DATETIME)
    amended = amend(
        Kind.DATETIME, "2026-11-26T14:00:00-08:00", Utterance.of("no, on Friday"), around
    )
    assert amended is not None
    assert amended.value == "2026-11-27T14:00:00-08:00"


def test_a_day_and_a_time_in_two_turns_make_a_meeting() -> None:
    talk = Talk().says("I'm Jane Doe, and I'm in Denver").up_to("meeting")
    talk.says("Thursday").says("at two pm")
    assert talk.value("meeting") == "2026-11-26T14:00:00-07:00"
