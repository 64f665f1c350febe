"""The thread on which a model runs."""

from __future__ import annotations

import threading

import pytest

from bot.services.local.engine import EngineOverloadedError, InferenceThread, Urgency


@pytest.fixture
def gate() -> threading.Event:
    return threading.Event()


def test_what_a_caller_waits_for_overtakes_the_rest(gate: threading.Event) -> None:
    engine, done = InferenceThread("test"), list[str]()
    engine.submit(lambda: gate.wait(10))
    jobs = [
        engine.submit(lambda name=name: done.append(name), urgency=urgency)  # type: ignore[misc]
        for name, urgency in [
            ("interim", Urgency.NICE_TO_HAVE),
            ("piece 1", Urgency.SOON),
            ("piece 2", Urgency.SOON),
            ("final", Urgency.CALLER_WAITS),
        ]
    ]
    gate.set()
    for job in jobs:
        job.result(10)

    assert done == ["final", "piece 1", "piece 2", "interim"]


def test_a_cancelled_job_never_runs_and_takes_no_room(gate: threading.Event) -> None:
    engine, ran = InferenceThread("test", max_pending=1), threading.Event()
    engine.submit(lambda: gate.wait(10))
    while engine.pending:
        pass
    cancelled = engine.submit(ran.set)
    assert cancelled.cancel()
    assert engine.pending == 0
    after = engine.submit(lambda: "after")
    gate.set()

    assert after.result(10) == "after"
    assert not ran.is_set()


def test_a_full_queue_refuses_work_and_says_what_to_do(gate: threading.Event) -> None:
    engine = InferenceThread("test", max_pending=1)
    engine.submit(lambda: gate.wait(10))
    while engine.pending:
        pass
    engine.submit(lambda: None)
    with pytest.raises(EngineOverloadedError, match="run fewer calls"):
        engine.submit(lambda: None)
    gate.set()


def test_a_failing_job_fails_alone() -> None:
    engine = InferenceThread("test")
    failed = engine.submit(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        failed.result(10)
    assert engine.submit(lambda: 2).result(10) == 2


def test_all_jobs_run_on_one_thread() -> None:
    engine = InferenceThread("test")
    idents = {engine.submit(threading.get_ident).result(10) for _ in range(5)}

    assert len(idents) == 1
    assert threading.get_ident() not in idents
