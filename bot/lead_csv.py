"""Leads as CSV that a spreadsheet opens safely: one column for each value, no formulas."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.records import LeadRecord

_FIRST = (
    "lead_id",
    "call_id",
    "revision",
    "playbook",
    "disposition",
    "score",
    "created_at",
    "updated_at",
)
_LAST = ("summary", "next_action")
OTHER = "other_fields"

# https://owasp.org/www-community/attacks/CSV_Injection: what a spreadsheet takes for a formula.
_FORMULA = re.compile(r"[\s\x00-\x1f]*[=+\-@＝＋－＠|%\t\r]")
# A number or a telephone number (E.164) calculates nothing.
_HARMLESS = re.compile(r"[+-]?\d+(\.\d+)?(;ext=\d+)?")


def guarded(value: Any) -> str:
    """A cell that a spreadsheet shows and does not run: a formula gets an apostrophe in front."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if _FORMULA.match(text) and not _HARMLESS.fullmatch(text):
        return f"'{text}"
    return text


class LeadCsv:
    """Header and rows.

    Each field has a column of its name, one of its status, and for a structured value one for
    each of its parts (`budget_min`); the column of the name then stays empty.
    """

    def __init__(self, shapes: Mapping[str, Sequence[str]], *, open_ended: bool = False) -> None:
        """Settle the columns.

        Args:
            shapes: each field with the keys of its structured values, see `Store.field_shapes`.
            open_ended: one more column, `other_fields`, takes fields that are not in `shapes`, as
                JSON: for a file that outlives its playbook.
        """
        self._shapes = shapes
        self._open_ended = open_ended
        last = (*_LAST, OTHER) if open_ended else _LAST
        self._columns = [*_FIRST, *self._field_columns(), *last]

    @classmethod
    def from_header(cls, line: str) -> LeadCsv:
        """The open-ended table whose first line this is.

        Raises:
            ValueError: it is not the header of such a table.
        """
        columns = next(csv.reader([line]), [])
        middle = columns[len(_FIRST) : -(len(_LAST) + 1)]
        table = cls(_shapes_of(middle), open_ended=True)
        if table._columns != columns:
            raise ValueError("this is not the header of a table of leads")
        return table

    def header(self) -> str:
        """The first line."""
        return _line(self._columns)

    def row(self, lead: LeadRecord) -> str:
        """The lead's line."""
        document = lead.model_dump(mode="json")
        cells = {name: document[name] for name in (*_FIRST, *_LAST)}
        for name in self._shapes:
            cells |= self._cells(name, lead.fields.get(name, {}))
        if self._open_ended:
            others = {n: state for n, state in lead.fields.items() if n not in self._shapes}
            cells[OTHER] = others or None
        return _line([guarded(cells.get(column)) for column in self._columns])

    def _field_columns(self) -> list[str]:
        columns: list[str] = []
        for name, keys in self._shapes.items():
            columns += [name, *(f"{name}_{key}" for key in keys), f"{name}_status"]
        return columns

    def _cells(self, name: str, state: Mapping[str, Any]) -> dict[str, Any]:
        value = state.get("value")
        cells = {f"{name}_status": state.get("status")}
        # A value that was saved after the header was written may have other keys: kept whole.
        if isinstance(value, dict) and set(value) <= set(self._shapes[name]):
            return cells | {f"{name}_{key}": item for key, item in value.items()}
        return cells | {name: value}


def _shapes_of(columns: Sequence[str]) -> dict[str, list[str]]:
    """The fields' columns back to their shapes: name, its parts, its status, the next name."""
    shapes: dict[str, list[str]] = {}
    name: str | None = None
    for column in columns:
        if name is None:
            name = column
            shapes[name] = []
        elif column == f"{name}_status":
            name = None
        else:
            shapes[name].append(column.removeprefix(f"{name}_"))
    return shapes


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()
