"""Which bot is killed when."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from bot.bench.recovery.plan import EXCHANGES, Phase, Target, deal
from bot.commands.bench import app
from bot.errors import UsageError


@pytest.mark.parametrize("kills", [1, 7, 100])
@pytest.mark.parametrize("target", list(Target))
def test_every_kill_is_dealt_to_a_call(kills: int, target: Target) -> None:
    plans = deal(tuple(Phase), kills=kills, target=target, seed=3)
    assert sum(plan.count for plan in plans) == kills


def test_a_worker_is_killed_once_in_a_call() -> None:
    plans = deal(tuple(Phase), kills=20, target=Target.WORKER, seed=3)
    assert {plan.count for plan in plans} == {1}


def test_between_two_kills_of_a_call_there_is_an_exchange_without() -> None:
    for plan in deal(tuple(Phase), kills=60, target=Target.JOB, seed=3):
        assert set(plan.kills) <= set(EXCHANGES)


def test_a_call_with_an_end_to_be_killed_is_held_to_its_end() -> None:
    (plan,) = deal((Phase.ENDING,), kills=1, target=Target.JOB, seed=3)
    assert plan.last_exchange is None
    (plan,) = deal((Phase.THINKING,), kills=1, target=Target.JOB, seed=3)
    assert plan.last_exchange == max(plan.kills) + 1


def test_the_same_seed_gives_the_same_run() -> None:
    one, two = (deal(tuple(Phase), kills=30, target=Target.JOB, seed=9) for _ in range(2))
    assert one == two


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--phases", "sleeping"], "--phases: 'sleeping' is not one of: listening"),
        (["--target", "host"], "--target: 'host' is not one of: job, worker"),
    ],
)
def test_a_name_that_does_not_exist_is_named(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(app, ["recovery", *arguments])
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)
