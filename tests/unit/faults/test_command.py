"""`leadline bench faults`: what it refuses, and what it prints."""

from __future__ import annotations

import asyncio
import builtins
import io
import json
import os
import signal
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from bot.bench.faults.benchmark import Report, row
from bot.bench.faults.matrix import FaultClass, Injection, Moment, Service
from bot.bench.faults.outcome import Outcome
from bot.bench.faults.report import document, show
from bot.bench.faults.rig import rig
from bot.bench.faults.statistics import spread
from bot.commands.bench import _until_terminated, app
from bot.errors import LeadlineError, UsageError


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--classes", "refuse,typo"], "--classes: 'typo' is not one of: refuse, unauthorized"),
        (["--services", "sst"], "--services: 'sst' is not one of: stt, llm, tts, all"),
        (["--moments", ","], "--moments: names none"),
    ],
)
def test_a_name_that_does_not_exist_is_named(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["faults", *arguments])
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)


async def test_without_the_emulators_it_says_where_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = builtins.__import__

    def installed(name: str, *rest: Any) -> Any:
        if name.startswith("tests."):
            raise ModuleNotFoundError("No module named 'tests'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", installed)
    with pytest.raises(LeadlineError, match="bench faults in a clone"):
        async with rig([]):
            pass


def report() -> Report:
    found = [
        Outcome(
            injection=Injection(FaultClass.EMPTY, Service.TTS, Moment.READBACK),
            call=3,
            struck=2,
            answered=True,
            added_s=0.42,
            longest_s=1.9,
            twice=["is that"] if n else [],
        )
        for n in range(2)
    ]
    return Report(
        seed=9,
        calls=2,
        control_calls=1,
        busy_calls=1,
        control_first=spread([0.9, 1.1]),
        control_longest=spread([1.0, 1.2]),
        control_defects=[],
        rows=[row("empty", "tts", found)],
        total=row("all", "all", found),
        outcomes=found,
    )


def test_the_table_has_the_figures_and_each_defect_with_its_call() -> None:
    printed = io.StringIO()
    show(report(), Console(file=printed, width=140))
    text = printed.getvalue()
    assert "1/2" in text
    assert "0.42 / 0.42 / 0.42" in text
    assert "seed 9" in text
    assert "In 1 calls this machine stood still" in text
    assert "call 3, empty of tts (readback): twice: is that" in text


def test_the_json_document_can_be_read_back() -> None:
    read = json.loads(json.dumps(document(report())))
    assert read["rows"][0]["survived"] == 1
    assert read["rows"][0]["added"]["p95"] == 0.42
    assert [outcome["survived"] for outcome in read["outcomes"]] == [True, False]
    assert read["outcomes"][1]["injection"] == {
        "kind": "empty",
        "service": "tts",
        "moment": "readback",
    }


async def test_a_run_that_is_told_to_go_ends_what_it_has_started() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()
        finally:
            ended.append("livekit-server")

    with pytest.raises(asyncio.CancelledError):
        await _until_terminated(work())
    assert ended == ["livekit-server"]
    asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
