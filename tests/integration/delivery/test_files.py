"""Files that take leads: one whole line a revision, whoever writes and whoever dies."""

from __future__ import annotations

import asyncio
import csv
import errno
import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.files import CsvTarget, JsonlTarget
from bot.delivery.target import Parcel, Verdict
from bot.delivery.targets import columns_of
from bot.records import LeadRecord
from tests.unit.storage.samples import field_of, lead_of

pytestmark = pytest.mark.integration


def csv_target(path: Path) -> CsvTarget:
    return CsvTarget(name="csv", path=path, shapes=columns_of)


def jsonl_target(path: Path) -> JsonlTarget:
    return JsonlTarget(name="jsonl", path=path)


def parcel(lead: LeadRecord, attempt: int = 1) -> Parcel:
    return Parcel(delivery_id="id", lead=lead, attempt=attempt)


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


async def test_jsonl_gets_the_document_of_the_export(tmp_path: Path) -> None:
    path = tmp_path / "new" / "leads.jsonl"
    for n in (1, 2):
        outcome = await jsonl_target(path).deliver(parcel(lead_of(str(n))))
        assert outcome.verdict is Verdict.DELIVERED
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert lines == [lead_of(str(n)).model_dump(mode="json") for n in (1, 2)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_the_csv_of_the_first_lead_has_columns_for_the_next_ones_values(
    tmp_path: Path,
) -> None:
    target, path = csv_target(tmp_path / "leads.csv"), tmp_path / "leads.csv"
    first = lead_of("1", fields={"budget": field_of(None, "open")})
    money = {"min": 5, "max": None, "currency": "USD", "period": "year"}
    second = lead_of("2", fields={"budget": field_of(money, "validated")})
    await target.deliver(parcel(first))
    await target.deliver(parcel(second))
    rows = table(path)
    assert [row["lead_id"] for row in rows] == ["lead-1", "lead-2"]
    assert (rows[1]["budget_min"], rows[1]["budget_currency"]) == ("5", "USD")
    assert rows[1]["budget_status"] == "validated"


async def test_fields_of_another_playbook_go_into_the_last_column(tmp_path: Path) -> None:
    target, path = csv_target(tmp_path / "leads.csv"), tmp_path / "leads.csv"
    await target.deliver(parcel(lead_of("1")))
    other = field_of("Ferret", "confirmed")
    await target.deliver(parcel(lead_of("2", fields={"pet": other, "name": other})))
    last = table(path)[1]
    assert json.loads(last["other_fields"]) == {"pet": other}
    assert last["name"] == "Ferret"


@pytest.mark.parametrize("formula", ['=HYPERLINK("http://x","y")', "@SUM(A1)", "-2+3", "\t=1"])
async def test_no_cell_is_a_formula(formula: str, tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    lead = lead_of(fields={"name": field_of(formula, "heard")}, summary=formula)
    await csv_target(path).deliver(parcel(lead))
    [row] = table(path)
    assert row["name"] == row["summary"] == f"'{formula}"
    # Also what goes into the last column begins with a brace.
    await csv_target(path).deliver(parcel(lead_of("2", fields={"=x": field_of(formula, "heard")})))
    assert table(path)[1]["other_fields"].startswith("{")


async def test_lines_within_a_value_stay_within_their_cell(tmp_path: Path) -> None:
    path = tmp_path / "leads.csv"
    summary = 'two\r\nlines, "quoted"'
    await csv_target(path).deliver(parcel(lead_of("1", summary=summary)))
    await csv_target(path).deliver(parcel(lead_of("2")))
    assert [row["lead_id"] for row in table(path)] == ["lead-1", "lead-2"]
    assert table(path)[0]["summary"] == summary


@pytest.mark.parametrize("make", [csv_target, jsonl_target], ids=["csv", "jsonl"])
async def test_a_line_that_was_written_before_its_process_died_is_not_repeated(
    make: Any, tmp_path: Path
) -> None:
    path = tmp_path / "leads"
    await make(path).deliver(parcel(lead_of("1")))
    before = path.read_bytes()
    again = await make(path).deliver(parcel(lead_of("1"), attempt=2))
    assert (again.verdict, again.detail) == (Verdict.DELIVERED, "the line was there already")
    assert path.read_bytes() == before
    await make(path).deliver(parcel(lead_of("1", revision=2), attempt=2))
    assert path.read_bytes() != before


@pytest.mark.parametrize("make", [csv_target, jsonl_target], ids=["csv", "jsonl"])
async def test_many_writers_at_once_mix_no_lines(make: Any, tmp_path: Path) -> None:
    path = tmp_path / "leads"
    leads = [lead_of(str(n), summary=f"{n} " * 3000) for n in range(24)]
    targets = [make(path) for _ in range(4)]
    outcomes = await asyncio.gather(
        *(targets[n % 4].deliver(parcel(lead)) for n, lead in enumerate(leads))
    )
    assert {outcome.verdict for outcome in outcomes} == {Verdict.DELIVERED}
    if make is csv_target:
        found = {row["lead_id"]: row["summary"] for row in table(path)}
    else:
        documents = [json.loads(line) for line in path.read_text().splitlines()]
        found = {document["lead_id"]: document["summary"] for document in documents}
    assert found == {lead.lead_id: lead.summary for lead in leads}


@pytest.mark.parametrize("make", [csv_target, jsonl_target], ids=["csv", "jsonl"])
async def test_a_full_disk_leaves_no_half_line_and_is_tried_again(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "leads"
    await make(path).deliver(parcel(lead_of("1")))
    before = path.read_bytes()
    write = os.write

    def half(file: int, data: bytes) -> int:
        return write(file, data[: len(data) // 2])

    def full(_file: int, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "full")

    for broken in (half, full):
        monkeypatch.setattr(os, "write", broken)
        outcome = await make(path).deliver(parcel(lead_of("2")))
        monkeypatch.undo()
        assert outcome.verdict is Verdict.RETRY
        assert "No space left" in outcome.detail
        assert path.read_bytes() == before


async def test_a_torn_last_line_does_not_swallow_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "leads.jsonl"
    path.write_text('{"lead_id": "to')
    await jsonl_target(path).deliver(parcel(lead_of("1")))
    assert json.loads(path.read_text().splitlines()[1])["lead_id"] == "lead-1"


async def test_somebody_elses_csv_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_bytes(b"my,own,table\r\n")
    outcome = await csv_target(path).deliver(parcel(lead_of()))
    assert outcome.verdict is Verdict.REFUSED
    assert "move it away" in outcome.detail
    assert path.read_bytes() == b"my,own,table\r\n"


async def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = await jsonl_target(tmp_path / "file" / "leads.jsonl").deliver(parcel(lead_of()))
    assert outcome.verdict is Verdict.RETRY
    assert "cannot be written" in outcome.detail
