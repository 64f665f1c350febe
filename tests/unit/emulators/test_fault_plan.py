"""Which request suffers which fault."""

import pytest

from tests.emulators.faults import Fault, FaultKind, FaultPlan, Point


def taken(plan: FaultPlan, n: int, point: Point = Point.CONNECT) -> list[FaultKind | None]:
    faults = [plan.take(point, "/v1/x") for _ in range(n)]
    return [fault.kind if fault else None for fault in faults]


def test_a_fault_hits_once_by_default() -> None:
    plan = FaultPlan([Fault(kind=FaultKind.REFUSE)])
    assert taken(plan, 2) == [FaultKind.REFUSE, None]


def test_after_lets_requests_pass_and_times_counts_the_hits() -> None:
    plan = FaultPlan([Fault(kind=FaultKind.SERVER_ERROR, after=1, times=2)])
    assert taken(plan, 4) == [None, FaultKind.SERVER_ERROR, FaultKind.SERVER_ERROR, None]


def test_without_a_count_it_lasts_until_cleared() -> None:
    plan = FaultPlan([Fault(kind=FaultKind.UNAUTHORIZED, times=None)])
    assert taken(plan, 3) == [FaultKind.UNAUTHORIZED] * 3
    plan.clear()
    assert taken(plan, 1) == [None]


def test_faults_come_in_the_order_given() -> None:
    plan = FaultPlan([Fault(kind=FaultKind.SERVER_ERROR), Fault(kind=FaultKind.REFUSE)])
    assert taken(plan, 3) == [FaultKind.SERVER_ERROR, FaultKind.REFUSE, None]


def test_each_kind_strikes_at_its_place_unless_told_otherwise() -> None:
    plan = FaultPlan([Fault(kind=FaultKind.EMPTY)])
    assert taken(plan, 1, Point.CONNECT) == [None]
    assert taken(plan, 1, Point.ANSWER) == [FaultKind.EMPTY]
    plan.inject(FaultKind.STALL_BEFORE_FIRST, point=Point.CONNECT)
    assert taken(plan, 1, Point.CONNECT) == [FaultKind.STALL_BEFORE_FIRST]


def test_a_path_narrows_it() -> None:
    plan = FaultPlan([Fault(kind=FaultKind.REFUSE, path="/v1/chat")])
    assert plan.take(Point.CONNECT, "/v1/models") is None
    assert plan.take(Point.CONNECT, "/v1/chat/completions") is not None


async def test_clearing_releases_what_is_stalled() -> None:
    plan = FaultPlan()
    fault = plan.inject(FaultKind.STALL_MIDWAY)
    plan.take(Point.ANSWER)
    plan.clear()
    await fault.hold()


async def test_a_stall_can_have_a_length() -> None:
    await Fault(kind=FaultKind.STALL_MIDWAY, stall_s=0.001).hold()


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ({}, "kind"),
        ({"kind": "explode"}, "explode"),
        ({"kind": "refuse", "colour": 1}, "colour"),
        ({"kind": "refuse", "point": "nowhere"}, "nowhere"),
    ],
)
def test_a_bad_fault_says_what_is_wrong(raw: dict[str, object], names: str) -> None:
    with pytest.raises(ValueError, match=names):
        Fault.from_json(raw)


def test_a_fault_survives_json() -> None:
    fault = Fault(kind=FaultKind.RATE_LIMITED, times=3, retry_after_s=7)
    assert Fault.from_json(fault.to_json()).to_json() == fault.to_json()
