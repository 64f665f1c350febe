"""The export that a spreadsheet opens."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from bot.lead_csv import LeadCsv, guarded
from bot.records import LeadRecord
from tests.unit.storage.samples import field_of, lead_of

SHAPES = {"name": [], "phone": [], "budget": ["min", "max", "currency"]}


def rows_of(*leads: LeadRecord) -> list[dict[str, str]]:
    table = LeadCsv(SHAPES)
    text = table.header() + "".join(table.row(lead) for lead in leads)
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    "words",
    [
        "=1+1",
        "=cmd|' /C calc'!A0",
        "+SUM(A1)",
        "-2+3+cmd|' /C calc'!A0",
        "@SUM(A1)",
        "  =HYPERLINK(1)",
        "\t=1",
        "\r=1",
        "＝1+1",
    ],
)
def test_what_a_spreadsheet_would_run_is_shown_instead(words: str) -> None:
    assert guarded(words) == f"'{words}"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("+12025550147", "+12025550147"),
        ("+12025550147;ext=12", "+12025550147;ext=12"),
        (-5, "-5"),
        ("jane@acme.com", "jane@acme.com"),
        ("O'Neil", "O'Neil"),
        (True, "true"),
        (None, ""),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_what_is_harmless_stays_as_it_is(value: Any, cell: str) -> None:
    assert guarded(value) == cell


def test_structured_values_have_a_column_for_each_part() -> None:
    [row] = rows_of(lead_of())
    assert (row["budget"], row["budget_min"], row["budget_max"]) == ("", "5", "")
    assert (row["budget_currency"], row["budget_status"]) == ("USD", "heard")


def test_a_part_that_no_column_knows_is_kept_in_the_fields_own() -> None:
    fields = {"budget": field_of({"min": 5, "period": "year"}, "heard")}
    [row] = rows_of(lead_of(fields=fields))
    assert row["budget"] == '{"min": 5, "period": "year"}'


def test_commas_quotes_and_new_lines_survive() -> None:
    words = 'She said "yes, please"\nand left'
    [row] = rows_of(lead_of(summary=words))
    assert row["summary"] == words


def test_leads_of_several_playbooks_share_the_header() -> None:
    first, second = rows_of(lead_of("1"), lead_of("2", fields={"phone": field_of("+1", "heard")}))
    assert (first["phone"], second["phone"], second["name"]) == ("", "+1", "")
