"""`leadline deliveries` as operators see it, and `leadline chat`, whose lead goes out by itself."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from bot.cli import main
from bot.config import Settings, load_settings
from bot.delivery import target as target_module
from bot.delivery.deliverer import Deliverer
from bot.delivery.target import Outcome, Parcel, Verdict, register
from bot.storage.store import Store
from tests.integration.delivery.conftest import SECRET, finished_call
from tests.unit.storage.samples import PERSONAL

pytestmark = pytest.mark.integration

Run = Callable[..., tuple[int, str, str]]


class NotedCrm:
    """A CRM as a package of somebody else would bring it."""

    name = "noted"
    at_once = 2
    timeout_s = 5.0

    def __init__(self, *outcomes: Outcome | Exception) -> None:
        self.outcomes = list(outcomes)
        self.parcels: list[Parcel] = []

    async def deliver(self, parcel: Parcel) -> Outcome:
        self.parcels.append(parcel)
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome(verdict=Verdict.DELIVERED)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def aclose(self) -> None:
        pass


@pytest.fixture
def crm(monkeypatch: pytest.MonkeyPatch, data_dir: Path) -> NotedCrm:
    """Chosen in the environment; it refuses the first parcel, stumbles over the second."""
    monkeypatch.setattr(target_module, "_registered", {})
    crm = NotedCrm(
        Outcome(verdict=Verdict.REFUSED, detail="unknown owner"), RuntimeError(PERSONAL[0])
    )
    register("noted", lambda _: crm)
    monkeypatch.setenv("LEADLINE_DELIVERY_CRM", "noted")
    return crm


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `leadline ARGUMENTS`; returns exit code, stdout, stderr."""

    def run_command(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            main(list(arguments))
        except SystemExit as end:
            code = int(end.code or 0)
        return code, *capsys.readouterr()

    return run_command


def save_and_deliver(*names: str) -> None:
    settings: Settings = load_settings()

    async def work() -> None:
        async with Store.opened(settings) as store:
            for name in names:
                await finished_call(store, name)
            await Deliverer(settings, store).drain(timeout_s=60)

    asyncio.run(work())


def rows(run: Run, *options: str) -> list[dict[str, Any]]:
    code, out, _ = run("deliveries", "list", "--json", *options)
    assert code == 0
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_an_operator_finds_what_is_dead_and_retries_it(run: Run, crm: NotedCrm) -> None:
    save_and_deliver("1")
    [dead] = rows(run, "--state", "dead")
    assert (dead["target"], dead["attempts"]) == ("noted", 1)
    assert dead["detail"].startswith("unknown owner")
    code, out, _ = run("deliveries", "list")
    assert code == 0
    assert dead["delivery_id"] in out
    code, out, _ = run("deliveries", "retry", dead["delivery_id"][:10])
    assert (code, out) == (0, f"{dead['delivery_id']} to noted is due now.\n")
    save_and_deliver()
    [stumbled] = rows(run)
    # The exception's words are the lead's.
    assert (stumbled["state"], stumbled["detail"]) == ("pending", "failed (RuntimeError)")
    run("deliveries", "retry", dead["delivery_id"])
    code, out, _ = run("deliveries", "run", "--once", "--json")
    assert (code, json.loads(out)) == (0, {"delivered": 1, "retried": 0, "dead": 0})
    assert [parcel.attempt for parcel in crm.parcels] == [1, 2, 3]
    code, _, err = run("deliveries", "retry", dead["delivery_id"])
    assert (code, "was delivered already" in err) == (1, True)
    assert run("deliveries", "retry", "--all-dead")[1] == "0 deliveries are due now.\n"


def test_wrong_usage_is_one_line(run: Run, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("deliveries", "list")[1].startswith("No deliveries. No target is set")
    for arguments in (["run"], ["retry"], ["retry", "abc", "--all-dead"]):
        code, _, err = run("deliveries", *arguments)
        assert (code, err.count("\n")) == (2, 1)
    code, _, err = run("deliveries", "retry", "abc")
    assert (code, "no delivery has an id" in err) == (1, True)
    monkeypatch.setenv("LEADLINE_DELIVERY_CRM", "nobody")
    code, _, err = run("deliveries", "run", "--once")
    assert (code, "no target is called 'nobody'" in err) == (2, True)


def test_a_new_secret_is_one_that_the_settings_take(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = run("deliveries", "secret")
    assert code == 0
    monkeypatch.setenv("LEADLINE_WEBHOOK_URL", "https://crm.example/leads")
    monkeypatch.setenv("LEADLINE_WEBHOOK_SECRET", out.strip())
    assert load_settings().webhooks[0].secrets == (out.strip(),)
    assert out != run("deliveries", "secret")[1]
    assert Webhook(out.strip()) is not None
    assert out.strip() != SECRET


def test_the_lead_of_a_chat_goes_out_when_the_chat_is_over(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.commands.chat import run_chat
    from bot.playbooks import load_playbook

    path = tmp_path / "leads.jsonl"
    monkeypatch.setenv("LEADLINE_DELIVERY_JSONL", str(path))
    monkeypatch.setattr("bot.commands.chat._read_line", lambda: None)
    settings = load_settings()
    playbook = load_playbook(settings.playbook)
    run_chat(settings=settings, playbook=playbook, scripted=True, as_json=True)
    [line] = path.read_text().splitlines()
    assert json.loads(line)["disposition"] == "incomplete"
