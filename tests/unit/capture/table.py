"""Reads the tables in ``cases/``: what was said, and what it is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from flows.capture import Kind, Surroundings

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=ZoneInfo("America/New_York"))
FILES = {
    "email": Kind.EMAIL,
    "phone": Kind.PHONE,
    "money": Kind.MONEY,
    "count": Kind.COUNT,
    "date": Kind.DATE,
    "meeting": Kind.DATETIME,
    "name": Kind.NAME,
    "company": Kind.COMPANY,
    "need": Kind.TEXT,
    "decision_maker": Kind.BOOLEAN,
    "consent": Kind.CONSENT,
}


@dataclass(frozen=True)
class Case:
    """One line of a table. ``piece`` is the expected part of a value that is not whole."""

    kind: Kind
    group: str
    said: str
    value: Any
    piece: str | None
    around: Surroundings

    @property
    def name(self) -> str:
        return f"{self.kind.value}, {self.group}: {self.said}"


def load(name: str) -> Any:
    path = Path(__file__).parent / "cases" / f"{name}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def value_of(kind: Kind, written: Any) -> Any:
    """The value of a table's cell in the shape that capture gives."""
    if written is None:
        return None
    if isinstance(written, datetime):
        raise TypeError(f"write {written} in quotes")
    if isinstance(written, date):
        return written.isoformat()
    if kind is Kind.MONEY:
        amounts, currency, period = str(written).split()
        low, high = _bounds(amounts)
        return {
            "min": low,
            "max": high,
            "currency": currency,
            "period": None if period == "-" else period,
        }
    if kind is Kind.COUNT and isinstance(written, str):
        low, high = _bounds(written)
        return {"min": low, "max": high}
    return written


def _bounds(text: str) -> tuple[int | None, int | None]:
    low, _, high = text.partition("..")
    first = None if low == "-" else int(low)
    if not high:
        return first, first
    return first, None if high == "-" else int(high)


def cases() -> list[Case]:
    found: list[Case] = []
    for name, kind in FILES.items():
        for group, lines in load(name).items():
            region = match[1] if (match := re.match(r"in the (\w\w) region", group)) else "US"
            asked = None if group == "unasked" else kind
            around = Surroundings(now=NOW, asked=asked, region=region)
            for said, written in lines.items():
                piece = None
                cell = written
                if isinstance(cell, str) and cell.startswith("piece: "):
                    piece, cell = cell.removeprefix("piece: "), None
                value = value_of(kind, cell)
                found.append(Case(kind, group, str(said), value, piece, around))
    return found
