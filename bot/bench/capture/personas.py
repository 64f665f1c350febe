"""Who calls: a caller's true values, drawn from a seed, and what sort of talker it is."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from bot.bench.capture.dice import dice

NOW = datetime.fromisoformat("2026-11-23T10:00:00-05:00")
"""The clock of every benchmark call, a Monday: "in six weeks" must mean the same each time."""

FIRST = [
    "Jane",
    "Michael",
    "Priya",
    "Wei",
    "Carlos",
    "Fatima",
    "Sean",
    "Olga",
    "Kenji",
    "Amara",
    "Giulia",
    "Lars",
    "Nadia",
    "Tomas",
    "Aisha",
    "Catherine",
    "Jose",
    "Ingrid",
    "Hassan",
    "Chloe",
    "Dmitri",
    "Mei",
    "Pablo",
    "Zoe",
    "Kwame",
    "Elena",
    "Rajesh",
    "Yuki",
    "Brian",
    "Siobhan",
    "Marcus",
    "Leila",
    "Pedro",
    "Anika",
    "Victor",
    "Hannah",
    "Samuel",
    "Bianca",
    "Omar",
    "Grace",
]
LAST = [
    "Doe",
    "Smith",
    "Patel",
    "Chen",
    "Garcia",
    "Hassan",
    "Murphy",
    "Ivanova",
    "Tanaka",
    "Okafor",
    "Rossi",
    "Andersson",
    "Novak",
    "Schmidt",
    "Nguyen",
    "Kowalski",
    "Fernandez",
    "Lindgren",
    "Haddad",
    "Dubois",
    "Petrov",
    "Zhang",
    "Moreno",
    "Papadopoulos",
    "Mensah",
    "Popescu",
    "Iyer",
    "Nakamura",
    "Walsh",
    "Bergman",
    "Johnson",
    "Rahimi",
    "Silva",
    "Kumar",
    "Weber",
    "Kaplan",
    "Brooks",
    "Costa",
    "Farouk",
    "Bennett",
]
COMPANIES = [
    "Acme Logistics",
    "Blue Harbor",
    "Northwind Traders",
    "Brightline Health",
    "Cedar Labs",
    "Summit Dental",
    "Riverstone Capital",
    "Delta Freight",
    "Green Valley Foods",
    "Pinnacle Roofing",
    "Silver Oak Media",
    "Harbor Point Insurance",
    "Maple Street Bakery",
    "Ironclad Security",
    "Clearwater Energy",
    "Redwood Homes",
    "Golden Gate Travel",
    "Stonebridge Partners",
    "Lakeside Clinic",
    "Evergreen Solar",
]
PROVIDERS = ("gmail.com", "outlook.com", "yahoo.com", "icloud.com", "hotmail.com")
TLDS = ("com", "com", "com", "io", "org", "net", "co")
AREAS = ("212", "415", "312", "617", "206", "713", "303", "404", "512", "305", "650", "718")
ABROAD = ("+442079460958", "+442071838750", "+493030901820", "+33142685300", "+4712345678")
NEEDS = (
    "We want to answer every call that comes in at night",
    "Our sales team loses track of the leads that call on weekends",
    "We need to qualify inbound calls before they reach a person",
    "We are drowning in voicemails and nobody calls them back",
    "We would like to book appointments without a receptionist",
    "Our clinic misses too many calls during lunch",
)


@dataclass(frozen=True)
class Spoken:
    """A value and its ways to be said; the first is as people mostly say it."""

    value: Any
    forms: tuple[str, ...]


@dataclass(frozen=True)
class Persona:
    seed: int
    values: dict[str, Any]
    """The truth, in the shapes of the lead, for each field that the caller gives."""
    forms: dict[str, tuple[str, ...]]
    """Whole spoken forms of budget, team_size, timeline and meeting."""
    refuses: frozenset[str] = frozenset()
    asks: frozenset[str] = frozenset()
    """Fields at whose question the caller asks something back first."""
    volunteers: bool = False
    grumbles: bool = False
    goes_back: bool = False
    """Says near the end, unasked, that the phone number is another one."""
    corrects_midway: frozenset[str] = frozenset()
    types: bool = False
    """Can type in the chat when asked to."""
    formatted: bool = False
    """The recogniser writes addresses, numbers and sentences as one writes them."""
    in_pieces: bool = False
    """Says the phone number group by group, in turns of their own."""
    group: int | None = None
    """Which recorded speaker's words the recogniser's errors come from."""


def persona(seed: int) -> Persona:
    """The caller of that seed: always the same."""
    rng = dice(f"persona-{seed}")
    first, last = rng.choice(FIRST), rng.choice(LAST)
    if rng.random() < 0.06:
        last = f"{last}-{rng.choice(LAST)}"
    company = rng.choice(COMPANIES)
    budget, team, timeline, meeting = _budget(rng), _team(rng), _timeline(rng), _meeting(rng)
    values: dict[str, Any] = {
        "name": f"{first} {last}",
        "company": company,
        "need": rng.choice(NEEDS),
        "team_size": team.value,
        "budget": budget.value,
        "timeline": timeline.value,
        "decision_maker": rng.random() < 0.7,
        "email": _email(rng, first, last, company),
        "phone": _phone(rng),
        "consent_to_contact": rng.random() < 0.95,
        "meeting": meeting.value,
    }
    refusable = ("budget", "phone", "team_size", "timeline")
    refuses = frozenset({rng.choice(refusable)} if rng.random() < 0.12 else ())
    if not values["consent_to_contact"]:
        del values["meeting"]
    for key in refuses:
        del values[key]
    return Persona(
        seed=seed,
        values=values,
        forms={
            "budget": budget.forms,
            "team_size": team.forms,
            "timeline": timeline.forms,
            "meeting": meeting.forms,
        },
        refuses=refuses,
        asks=frozenset({rng.choice(tuple(values))} if rng.random() < 0.2 else ()),
        volunteers=rng.random() < 0.2,
        grumbles=rng.random() < 0.3,
        goes_back=rng.random() < 0.08 and "phone" in values,
        corrects_midway=frozenset(
            {rng.choice(("budget", "phone", "team_size"))} - refuses if rng.random() < 0.15 else ()
        ),
        types=rng.random() < 0.8,
        formatted=rng.random() < 0.25,
        in_pieces=rng.random() < 0.1,
    )


def email_handle(first: str, last: str, rng: Random) -> str:
    """The part before the at, as people build it."""
    first, last = first.lower(), last.lower().replace("-", "")
    form = rng.randrange(8)
    year = rng.choice(("84", "1984", "7", "22", "99", "2"))
    return (
        f"{first}.{last}", f"{first[0]}{last}", f"{first}{last[0]}", first,
        f"{first}_{last}", f"{first}-{last}", f"{first}.{last}{year}", f"{last}{year}",
    )[form]  # fmt: skip


def _email(rng: Random, first: str, last: str, company: str) -> str:
    handle = email_handle(first, last, rng)
    if rng.random() < 0.3:
        return f"{handle}@{rng.choice(PROVIDERS)}"
    words = company.lower().split()
    host = rng.choice(("".join(words), words[0] if len(words) > 2 else "".join(words)))
    if rng.random() < 0.12 and len(words) > 1:
        host = "-".join(words)
    return f"{handle}@{host}.{rng.choice(TLDS)}"


def _phone(rng: Random) -> str:
    from phonenumbers import is_valid_number, parse

    if rng.random() < 0.08:
        return rng.choice(ABROAD[:4])
    while True:
        number = f"+1{rng.choice(AREAS)}{rng.randrange(2, 10)}{rng.randrange(10**6):06d}"
        if is_valid_number(parse(number)):
            break
    return f"{number};ext={rng.randrange(10, 999)}" if rng.random() < 0.06 else number


def _budget(rng: Random) -> Spoken:
    from num2words import num2words

    def words(n: int) -> str:
        return str(num2words(n)).replace(",", "")

    period = rng.choice(("year", "year", "month", None))
    tail = {"year": " a year", "month": " a month", None: ""}[period]
    thousands = rng.choice((5, 8, 12, 13, 15, 16, 18, 20, 25, 30, 40, 50, 60, 75, 80, 90, 120, 150))
    amount = thousands * 1000
    said = words(thousands)
    if rng.random() < 0.15:
        high = thousands * 2
        value = {"min": amount, "max": high * 1000, "currency": "USD", "period": period}
        return Spoken(value, (
            f"between {said} and {words(high)} thousand{tail}",
            f"{said} to {words(high)} thousand dollars{tail}",
        ))  # fmt: skip
    value = {"min": amount, "max": amount, "currency": "USD", "period": period}
    return Spoken(value, (
        f"{said} thousand dollars{tail}", f"{said} thousand{tail}", f"{said} k{tail}",
        f"{said} grand{tail}", f"${amount:,}{tail}",
    ))  # fmt: skip


def _team(rng: Random) -> Spoken:
    from num2words import num2words

    count = rng.choice(
        (3, 7, 12, 13, 14, 15, 16, 18, 19, 20, 25, 30, 40, 45, 50, 80, 120, 250, 400)
    )
    said = str(num2words(count))
    if rng.random() < 0.12:
        high = str(num2words(2 * count))
        return Spoken(
            {"min": count, "max": 2 * count},
            (f"between {said} and {high} people", f"{said} to {high} users"),
        )
    return Spoken(count, (f"{said} people", said, f"{count} users", f"{said} of us"))


_MONTHS = calendar.month_name


def _timeline(rng: Random) -> Spoken:
    today = NOW.date()
    form = rng.randrange(6)
    if form == 0:
        month = rng.choice((1, 2, 3, 4, 5, 6, 7, 8, 9))
        last = date(2027, month, calendar.monthrange(2027, month)[1])
        name = _MONTHS[month]
        return Spoken(last.isoformat(), (f"the end of {name}", f"sometime in {name}", f"in {name}"))
    if form == 1:
        month, day = rng.randrange(1, 10), rng.choice((1, 5, 13, 14, 15, 18, 20, 30))
        day = min(day, 28)
        from num2words import num2words

        said = str(num2words(day, to="ordinal"))
        name = _MONTHS[month]
        return Spoken(
            date(2027, month, day).isoformat(), (f"{name} {said}", f"the {said} of {name}")
        )
    if form == 2:
        quarter = rng.choice((1, 2, 3))
        last = date(2027, 3 * quarter, calendar.monthrange(2027, 3 * quarter)[1])
        ordinal = ("first", "second", "third")[quarter - 1]
        return Spoken(
            last.isoformat(),
            (f"the end of Q{quarter}", f"the end of the {ordinal} quarter", f"Q{quarter}"),
        )
    if form == 3:
        weeks = rng.choice((2, 3, 4, 6, 8))
        word = {2: "two", 3: "three", 4: "four", 6: "six", 8: "eight"}[weeks]
        return Spoken(
            (today + timedelta(weeks=weeks)).isoformat(),
            (f"in {word} weeks", f"within {word} weeks", f"{word} weeks from now"),
        )
    if form == 4:
        return Spoken("2026-12-31", ("the end of the year", "the end of December"))
    return Spoken("2026-12-24", ("before Christmas", "December twenty fourth"))


def _meeting(rng: Random) -> Spoken:
    days = ("Tuesday", "Wednesday", "Thursday", "Friday")
    index = rng.randrange(4)
    day = NOW.date() + timedelta(days=index + 1)
    hour, clock, part = rng.choice((
        (9, "nine", "in the morning"), (10, "ten", "in the morning"), (11, "eleven", "am"),
        (13, "one", "pm"), (14, "two", "in the afternoon"), (15, "three", "pm"), (16, "four", "pm"),
    ))  # fmt: skip
    half = rng.random() < 0.3
    clock = f"{clock} thirty" if half else clock
    value = f"{day.isoformat()}T{hour:02d}:{30 if half else 0:02d}:00-05:00"
    return Spoken(
        value,
        (f"{days[index]} at {clock} {part}", f"{clock} {part} on {days[index]}",
         f"this {days[index]}, {clock} {part}"),
    )  # fmt: skip
