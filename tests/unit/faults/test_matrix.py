"""Every cell of the matrix is injected, each where it can strike, and controls are in between."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import pytest

from bot.bench.faults.conversation import without_a_fault
from bot.bench.faults.matrix import (
    READBACK_AT,
    SCRIPT,
    FaultClass,
    Injection,
    Moment,
    Service,
    deal,
    matrix,
)
from tests.emulators.faults import FaultKind


def test_the_classes_are_those_that_the_emulators_know() -> None:
    assert [kind.value for kind in FaultClass] == [kind.value for kind in FaultKind]


def test_every_class_strikes_every_service_as_often_as_asked() -> None:
    cells = matrix(injections=6)
    assert len(cells) == 10 * 4 * 6
    assert set(Counter((each.kind, each.service) for each in cells).values()) == {6}
    assert set(Counter(cells).values()) == {2}, "each moment twice"


def test_one_injection_each_still_meets_every_moment_of_every_service() -> None:
    met = {(each.service, each.moment) for each in matrix(injections=1)}
    assert len(met) == 4 * 3


@pytest.mark.parametrize("seed", range(5))
def test_no_injection_is_lost_or_doubled_when_it_is_dealt_to_calls(seed: int) -> None:
    cells = matrix(injections=3)
    plans = deal(cells, seed=seed, control_every=5)
    dealt = [each for plan in plans for each in plan.injections.values()]
    assert Counter(dealt) == Counter(cells)


@pytest.mark.parametrize("seed", range(5))
def test_each_fault_strikes_where_it_can_and_a_clean_exchange_follows(seed: int) -> None:
    for plan in deal(matrix(injections=3), seed=seed, control_every=5):
        struck = sorted(plan.injections.items())
        for (at, injection), (following, _) in pairwise(struck):
            assert not injection.touches_the_voice, "a voice that has failed is not heard again"
            assert following - max(at, 1) > 1
        services = [injection.service for _, injection in struck]
        assert len(services) == len(set(services)), "an open breaker would shield the second"
        for at, injection in struck:
            assert (at == 0) == (injection.moment is Moment.START)
            assert (at == READBACK_AT) == (injection.moment is Moment.READBACK)
            assert at < plan.exchanges <= len(SCRIPT)


def test_a_run_begins_with_a_control_and_has_one_for_every_five_calls() -> None:
    plans = deal(matrix(injections=2), seed=1, control_every=5)
    controls = [n for n, plan in enumerate(plans) if not plan.injections]
    assert controls == list(range(0, len(plans), 6))
    assert plans[0].exchanges == len(SCRIPT)


def test_the_same_seed_gives_the_same_calls() -> None:
    cells = matrix(injections=2)
    assert deal(cells, seed=7, control_every=5) == deal(cells, seed=7, control_every=5)
    assert deal(cells, seed=7, control_every=5) != deal(cells, seed=8, control_every=5)


def test_the_script_reads_back_where_the_matrix_says_so() -> None:
    due = without_a_fault()
    assert [n for n, reply in enumerate(due.replies) if "read that back" in reply] == [READBACK_AT]
    assert due.leads[READBACK_AT]["email"] == ("daniel@greenriverfoods.com", "validated")
    assert due.leads[-1]["email"] == ("daniel@greenriverfoods.com", "confirmed")


def test_an_injection_of_everything_touches_the_voice() -> None:
    touching = {
        service
        for service in Service
        if Injection(FaultClass.SLOW, service, Moment.ANSWER).touches_the_voice
    }
    assert touching == {Service.TTS, Service.ALL}
