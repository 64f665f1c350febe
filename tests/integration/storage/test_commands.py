"""`leadline leads`, `calls` and `db`, as users and scripts see them."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.cli import main
from bot.config import Settings
from bot.records import CallRecord, ConsentRecord, LeadRecord, ProblemRecord
from bot.storage.engine import make_engine
from bot.storage.store import Store
from tests.unit.storage.samples import PERSONAL, call_of, field_of, latency_of, lead_of, turn_of

pytestmark = pytest.mark.integration

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Runs `leadline ARGUMENTS`; returns exit code, stdout, stderr."""
    monkeypatch.setenv("LEADLINE_DATA_DIR", str(settings.data_dir))
    if settings.database_url is not None:
        monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())

    def run_command(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run_command


@pytest.fixture
def saved(settings: Settings) -> list[tuple[CallRecord, LeadRecord]]:
    """Two finished calls with their leads: one of now, one of last month."""
    now = datetime.now(UTC).replace(microsecond=0)
    pairs = []
    for name, began in (("new", now), ("old", now - timedelta(days=30))):
        call = call_of(
            name,
            started_at=began,
            ended_at=began + timedelta(seconds=75),
            end_reason="completed",
            turns=[turn_of(1), turn_of(2, text="[bold]hello\x1b[2J", heard_text="")],
            problems=[
                ProblemRecord(service="stt:deepgram", what="refused", at_s=1.25, permanent=True)
            ],
        )
        call.latency.turns.append(latency_of(1, 640))
        call.latency.p50_ms = 640
        pairs.append((call, lead_of(name, created_at=began, updated_at=began)))

    async def save() -> None:
        async with Store.opened(settings) as store:
            for call, lead in pairs:
                await store.finish_call(call, lead)

    asyncio.run(save())
    return pairs


def test_an_empty_database_is_no_error(run: Run) -> None:
    assert run("leads", "list") == (0, "No leads yet. `leadline demo` makes one.\n", "")
    assert run("calls", "list") == (0, "No calls yet. `leadline demo` makes one.\n", "")
    assert json.loads(run("leads", "list", "--json")[1]) == []
    assert json.loads(run("calls", "list", "--json")[1]) == []
    code, out, _ = run("leads", "export", "--format", "csv")
    assert (code, out.count("\n")) == (0, 1)
    assert run("leads", "export", "--format", "jsonl") == (0, "", "")


def test_leads_list_is_newest_first(run: Run, saved: list[tuple[CallRecord, LeadRecord]]) -> None:
    code, out, err = run("leads", "list", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == [lead.model_dump(mode="json") for _, lead in saved]
    table = run("leads", "list")[1]
    assert table.index("lead-new") < table.index("lead-old")
    assert PERSONAL[0] in table


@pytest.mark.parametrize(
    ("options", "ids"),
    [(["--since", "24h"], ["lead-new"]), (["--limit", "1"], ["lead-new"]), ([], None)],
)
def test_leads_list_can_be_limited(
    run: Run, saved: list[tuple[CallRecord, LeadRecord]], options: list[str], ids: list[str] | None
) -> None:
    leads = json.loads(run("leads", "list", "--json", *options)[1])
    assert [lead["lead_id"] for lead in leads] == (ids or ["lead-new", "lead-old"])


def test_leads_show_names_the_consents_to_people_and_not_in_the_document(
    run: Run, settings: Settings
) -> None:
    consent = ConsentRecord(
        matter="recording",
        verdict="refused",
        words="don't record [bold]this",
        turn=2,
        at=datetime.now(UTC),
        source="rules",
    )

    async def save() -> None:
        async with Store.opened(settings) as store:
            await store.start_call(call_of(), lead_of(consents=[consent]))

    asyncio.run(save())
    assert "consents" not in json.loads(run("leads", "show", "lead-1", "--json")[1])
    page = run("leads", "show", "lead-1")[1]
    assert "Consent to the recording: refused" in page
    assert "“don't record [bold]this”" in page


def test_leads_show_is_the_contracts_document(
    run: Run, saved: list[tuple[CallRecord, LeadRecord]]
) -> None:
    document: dict[str, Any] = json.loads(run("leads", "show", "lead-o", "--json")[1])
    assert document == saved[1][1].model_dump(mode="json")
    page = run("leads", "show", "lead-o")[1]
    assert "it is Zebulon Quark" in page
    assert "confirmed" in page


def test_calls_list_has_no_turns_and_show_has_them(
    run: Run, saved: list[tuple[CallRecord, LeadRecord]]
) -> None:
    first = json.loads(run("calls", "list", "--json")[1])[0]
    assert first["call_id"] == "call-new"
    assert "turns" not in first
    assert first["latency"]["p50_ms"] == 640
    shown = json.loads(run("calls", "show", "call-new", "--json")[1])
    assert shown == saved[0][0].model_dump(mode="json")
    page = run("calls", "show", "call-new")[1]
    assert "[bold]hello" in page
    assert "\x1b[2J" not in page
    assert "640 ms" in page
    assert "1:15 completed" in page
    assert "1.2 s stt:deepgram refused: not used any more until a setting is changed" in page


def test_export_as_csv_and_as_jsonl(run: Run, saved: list[tuple[CallRecord, LeadRecord]]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("leads", "export")[1], newline="")))
    assert [row["lead_id"] for row in rows] == ["lead-new", "lead-old"]
    assert (rows[0]["email"], rows[0]["budget_min"]) == (PERSONAL[1], "5")
    lines = run("leads", "export", "--format", "jsonl", "--since", "24h")[1].splitlines()
    assert [json.loads(line) for line in lines] == [saved[0][1].model_dump(mode="json")]


@pytest.mark.parametrize(
    "arguments",
    [
        ("leads", "show", "nope"),
        ("leads", "erase", "nope", "--yes"),
        ("calls", "show", "nope"),
        ("calls", "replay", "nope"),
        ("calls", "erase", "nope", "--yes"),
    ],
)
def test_an_unknown_id_is_one_line_and_exit_1(run: Run, arguments: tuple[str, ...]) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (1, "")
    assert err.count("\n") == 1
    assert "'nope'" in err


def test_an_ambiguous_id_is_one_line_and_exit_1(
    run: Run, saved: list[tuple[CallRecord, LeadRecord]]
) -> None:
    code, _, err = run("leads", "show", "lead-")
    assert (code, err.count("\n")) == (1, 1)
    assert "lead-new, lead-old" in err


@pytest.mark.parametrize("noun", ["lead", "call"])
def test_erase_wants_a_yes_and_then_erases(
    run: Run, saved: list[tuple[CallRecord, LeadRecord]], noun: str
) -> None:
    code, _, err = run(f"{noun}s", "erase", f"{noun}-new")
    assert (code, "--yes" in err) == (2, True)
    assert len(json.loads(run("leads", "list", "--json")[1])) == 2
    assert run(f"{noun}s", "erase", f"{noun}-new", "--yes")[0] == 0
    assert [x["lead_id"] for x in json.loads(run("leads", "list", "--json")[1])] == ["lead-old"]
    code, _, err = run(f"{noun}s", "show", f"{noun}-new")
    assert (code, "erased on" in err) == (1, True)


def test_a_wrong_since_is_a_usage_error(run: Run) -> None:
    code, _, err = run("leads", "list", "--since", "soon")
    assert (code, err.count("\n")) == (2, 1)
    assert "--since" in err


def test_db_upgrade_and_current(run: Run) -> None:
    assert run("db", "current")[1].startswith("empty (head: ")
    assert "from empty to" in run("db", "upgrade")[1]
    assert run("db", "current")[1].endswith("(up to date)\n")
    assert run("db", "upgrade")[1].startswith("Nothing to do")


@pytest.mark.parametrize(
    "command",
    [
        *("leads list", "leads show", "leads export", "leads erase"),
        *("calls list", "calls show", "calls replay", "calls erase"),
        *("db upgrade", "db current"),
    ],
)
def test_every_command_has_help_with_an_example(run: Run, command: str) -> None:
    code, out, _ = run(*command.split(), "--help")
    assert code == 0
    assert f"Example: leadline {command}" in out


def test_replay_shows_what_todays_code_makes_of_it(run: Run, settings: Settings) -> None:
    turns = [
        turn_of(1, text="May I ask your full name?", heard_text="May I ask your full name?"),
        turn_of(2, text="my name is Jane Doe", heard_text="my name is Jane Doe"),
    ]
    lead = lead_of(fields={"name": field_of("Jane Dow", "validated"), "shoe": field_of(8, "heard")})

    async def save() -> None:
        async with Store.opened(settings) as store:
            await store.finish_call(call_of(turns=turns), lead)

    asyncio.run(save())
    code, out, err = run("calls", "replay", "call-1", "--json")
    assert (code, err) == (0, "")
    changes = {d["what"]: (d["before"], d["after"]) for d in json.loads(out)["differences"]}
    before, after = changes["name"]
    assert (before["value"], after["value"]) == ("Jane Dow", "Jane Doe")
    assert changes["shoe"] == ({"value": 8, "status": "heard"}, None)
    page = run("calls", "replay", "call-1")[1]
    assert "Jane Dow (validated)" in page
    assert "not in the playbook" in page


@pytest.mark.parametrize("command", ["db current", "db upgrade", "leads list", "calls list"])
def test_a_newer_database_is_one_line_and_exit_1(
    run: Run, settings: Settings, command: str
) -> None:
    run("db", "upgrade")

    async def make_newer() -> None:
        engine = make_engine(settings)
        async with engine.begin() as connection:
            await connection.execute(text("UPDATE alembic_version SET version_num = 'later'"))
            await connection.execute(text("UPDATE schema_compat SET oldest_code = 'later'"))
        await engine.dispose()

    asyncio.run(make_newer())
    code, out, err = run(*command.split())
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "revision later" in err
