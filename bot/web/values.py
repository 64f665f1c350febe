"""Values of a lead as a person writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}
_PERIODS = {"year": " a year", "month": " a month", "once": " once"}


def written(value: Any) -> str:
    """A field's value for people: ``$30,000 a year``, ``Tue 24 Nov 2026, 10:00``, ``yes``."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,g}" if abs(value) < 1e6 else f"{value:,.0f}"
    if isinstance(value, Mapping):
        return _range(value)
    if isinstance(value, str):
        return _date(value) or value
    return str(value)


def _range(value: Mapping[str, Any]) -> str:
    sign = _SIGNS.get(str(value.get("currency")), "")
    code = "" if sign or not value.get("currency") else f"{value['currency']} "
    low, high = value.get("min"), value.get("max")

    def amount(number: float) -> str:
        return f"{code}{sign}{number:,.0f}"

    period = _PERIODS.get(str(value.get("period")), "")
    if low is not None and high is not None:
        text = amount(low) if low == high else f"{amount(low)} to {amount(high)}"
    elif high is not None:
        text = f"up to {amount(high)}"
    else:
        text = f"from {amount(low)}" if low is not None else ""
    return f"{text}{period}" if text else ""


def _date(text: str) -> str | None:
    if len(text) < 10 or text[4:5] != "-":
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    day = f"{moment:%a} {moment.day} {moment:%b %Y}"
    return f"{day}, {moment:%H:%M}" if "T" in text else day
