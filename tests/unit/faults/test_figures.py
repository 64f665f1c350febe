"""The figures: percentiles, what few trials can promise, and who counts as survived."""

from __future__ import annotations

import pytest

from bot.bench.faults.audio import Silence
from bot.bench.faults.benchmark import row
from bot.bench.faults.matrix import FaultClass, Injection, Moment, Service
from bot.bench.faults.outcome import Heard, Outcome, control_silences
from bot.bench.faults.statistics import Spread, at_least, spread


def outcome(**changes: object) -> Outcome:
    well: dict[str, object] = {
        "injection": Injection(FaultClass.SLOW, Service.LLM, Moment.ANSWER),
        "call": 2,
        "struck": 1,
        "answered": True,
        "added_s": 0.5,
        "longest_s": 1.6,
    }
    return Outcome(**(well | changes))  # type: ignore[arg-type]


def test_percentiles_are_values_that_were_measured() -> None:
    assert spread([n / 100 for n in range(100, 0, -1)]) == Spread(100, 0.50, 0.95, 1.0)
    assert spread([3.0]) == Spread(1, 3.0, 3.0, 3.0)
    assert spread([]) == Spread(0, None, None, None)


@pytest.mark.parametrize(
    ("survived", "total", "promised"),
    [(200, 200, 0.981), (3, 3, 0.438), (190, 200, 0.910), (0, 10, 0.0), (0, 0, 0.0)],
)
def test_few_trials_promise_little(survived: int, total: int, promised: float) -> None:
    assert at_least(survived, total) == pytest.approx(promised, abs=0.002)


@pytest.mark.parametrize(
    "defect",
    [
        {"answered": False},
        {"not_whole": "half of it"},
        {"twice": ["nice to"]},
        {"lost": ["river"]},
        {"lead_differs": ["name: None"]},
        {"broke": "the bot left"},
    ],
)
def test_any_defect_is_no_survival(defect: dict[str, object]) -> None:
    assert outcome().survived
    assert outcome(bridged=True).survived
    assert not outcome(**defect).survived


def test_a_row_counts_injections_and_their_defects() -> None:
    figures = row(
        "slow",
        "llm",
        [
            outcome(),
            outcome(added_s=1.5, bridged=True),
            outcome(struck=0, added_s=None, twice=["to meet"], lost=["river", "foods"]),
        ],
    )
    assert (figures.survived, figures.injections, figures.struck) == (2, 3, 2)
    assert figures.added == Spread(2, 0.5, 1.5, 1.5)
    assert (figures.bridged, figures.said_twice, figures.words_lost) == (1, 1, 1)


def test_the_control_of_an_exchange_is_the_median_of_the_same_exchange() -> None:
    def control(*firsts: float | None) -> list[Heard]:
        return [
            Heard(number, answered=True, silence=Silence(first, first))
            for number, first in enumerate(firsts)
        ]

    usual = control_silences(
        [control(1.0, 1.4, None), control(2.0, 1.5, 0.9), control(9.0, 1.6, 1.1)]
    )
    assert [usual[n].first_s for n in range(3)] == [2.0, 1.5, 1.0]
