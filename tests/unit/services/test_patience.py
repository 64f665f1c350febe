"""A provider is waited for as long as it usually takes, within bounds."""

from __future__ import annotations

import pytest

from bot.services.patience import ENOUGH, RECENT, Patience, PatiencePolicy, Patiences

POLICY = PatiencePolicy(floor_s=0.8, ceiling_s=2.5, factor=2.0, start_s=1.2)


def after(*latencies_s: float) -> float:
    patience = Patience(POLICY)
    for latency_s in latencies_s:
        patience.took(latency_s)
    return patience.timeout_s


def test_before_enough_is_known_the_starting_value_holds() -> None:
    assert after() == 1.2
    assert after(*[0.6] * (ENOUGH - 1)) == 1.2


def test_then_the_recent_p99_times_the_factor() -> None:
    assert after(*[0.6] * ENOUGH) == pytest.approx(1.2)
    assert after(*[0.5] * ENOUGH, 0.7) == pytest.approx(1.4)


def test_one_outlier_in_over_a_hundred_does_not_count() -> None:
    assert after(5.0, *[0.5] * 110) == pytest.approx(1.0)


@pytest.mark.parametrize(("latency_s", "timeout_s"), [(0.01, 0.8), (60.0, 2.5)])
def test_never_below_the_floor_nor_above_the_ceiling(latency_s: float, timeout_s: float) -> None:
    assert after(*[latency_s] * ENOUGH) == timeout_s


def test_what_is_long_ago_is_forgotten() -> None:
    assert after(*[2.0] * 50, *[0.5] * RECENT) == pytest.approx(1.0)


@pytest.mark.parametrize("nonsense", [float("nan"), float("inf"), -1.0])
def test_a_latency_that_is_none_is_ignored(nonsense: float) -> None:
    assert after(*[0.6] * ENOUGH, nonsense) == pytest.approx(1.2)


def test_bounds_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="floor_s"):
        PatiencePolicy(floor_s=3.0, ceiling_s=1.0)


def test_each_provider_has_its_own() -> None:
    patiences = Patiences()
    assert patiences.of("a", POLICY) is patiences.of("a", POLICY)
    assert patiences.of("a", POLICY) is not patiences.of("b", POLICY)
