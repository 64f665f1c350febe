"""The breaker's states, by a clock that only the tests move."""

from __future__ import annotations

import pytest

from bot.services.breaker import Breaker, BreakerNews, BreakerPolicy, Breakers, BreakerState
from bot.services.breaker_store import InMemoryBreakerStore

POLICY = BreakerPolicy(
    failures=3,
    window_s=30,
    cooldown_s=5,
    max_cooldown_s=40,
    jitter=0.2,
    probe_timeout_s=10,
    permanent_cooldown_s=300,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker("stt:deepgram", policy=POLICY, clock=clock, uniform=lambda *_: 0.0)


def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        breaker.failed(reason="refused")


def test_a_new_one_is_closed_and_lets_everything_through(breaker: Breaker) -> None:
    assert breaker.state is BreakerState.CLOSED
    assert all(breaker.allow() for _ in range(5))
    assert breaker.reason == ""


def test_enough_failures_within_the_window_open_it(breaker: Breaker) -> None:
    fail(breaker, 2)
    assert breaker.allow()
    fail(breaker)
    assert not breaker.allow()
    assert breaker.state is BreakerState.OPEN
    assert breaker.reason == "refused"


def test_failures_far_apart_do_not(breaker: Breaker, clock: Clock) -> None:
    for _ in range(10):
        fail(breaker)
        clock.now += 16
    assert breaker.state is BreakerState.CLOSED


def test_successes_in_between_do_not_excuse_a_provider_that_fails_often(breaker: Breaker) -> None:
    for _ in range(3):
        breaker.succeeded()
        fail(breaker)
    assert breaker.state is BreakerState.OPEN


def test_a_permanent_error_opens_it_at_once_and_for_long(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(permanent=True, reason="401: bad key")
    clock.now += 299
    assert not breaker.allow()
    assert breaker.is_permanent
    assert breaker.reason == "401: bad key"
    breaker.succeeded()
    assert not breaker.allow()
    breaker.reset()
    assert breaker.allow()


def test_a_key_that_was_set_right_at_the_provider_is_found_out_by_one_probe(
    breaker: Breaker, clock: Clock
) -> None:
    breaker.failed(permanent=True, reason="401: bad key")
    clock.now += 300
    assert [breaker.allow(), breaker.allow()] == [True, False]
    breaker.failed(permanent=True, reason="401: bad key")
    assert not breaker.allow()
    clock.now += 300
    assert breaker.allow()
    breaker.succeeded()
    assert (breaker.state, breaker.is_permanent) == (BreakerState.CLOSED, False)


def test_after_the_cool_down_exactly_one_probe_is_let_through(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, 3)
    clock.now += 4.9
    assert not breaker.allow()
    clock.now += 0.1
    assert breaker.allow()
    assert breaker.state is BreakerState.HALF_OPEN
    assert not breaker.allow()


def test_a_probe_that_succeeds_closes_it(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 5
    breaker.allow()
    breaker.succeeded()
    assert breaker.state is BreakerState.CLOSED
    fail(breaker, 2)
    assert breaker.state is BreakerState.CLOSED  # the failures from before are forgotten


def test_each_probe_that_fails_doubles_the_cool_down_up_to_a_bound(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, 3)
    cooldowns = []
    for _ in range(6):
        cooldowns.append(breaker.retry_in_s)
        clock.now += breaker.retry_in_s
        assert breaker.allow()
        fail(breaker)
    assert cooldowns == [5, 10, 20, 40, 40, 40]


def test_the_doubling_goes_on_if_it_opens_again_soon_and_begins_anew_later(
    breaker: Breaker, clock: Clock
) -> None:
    fail(breaker, 3)
    clock.now += 5
    assert breaker.allow()
    breaker.succeeded()
    fail(breaker, 3)
    assert breaker.retry_in_s == 10
    clock.now += 10
    assert breaker.allow()
    breaker.succeeded()
    clock.now += 41
    fail(breaker, 3)
    assert breaker.retry_in_s == 5


def test_a_probe_of_which_nothing_is_heard_is_given_up(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 5
    assert breaker.allow()
    clock.now += 9
    assert not breaker.allow()
    clock.now += 1
    assert breaker.allow()


def test_a_probe_that_is_called_off_leaves_room_for_another(breaker: Breaker, clock: Clock) -> None:
    fail(breaker, 3)
    clock.now += 5
    assert breaker.allow()
    breaker.withdrawn()
    assert breaker.state is BreakerState.OPEN
    assert breaker.allow()


def test_late_news_from_before_it_opened_changes_nothing(breaker: Breaker) -> None:
    fail(breaker, 3)
    before = breaker.retry_in_s
    breaker.succeeded()
    fail(breaker, 5)
    assert breaker.state is BreakerState.OPEN
    assert breaker.retry_in_s == before


def test_the_cool_down_varies_by_the_jitter(clock: Clock) -> None:
    shortest = Breaker("x", policy=POLICY, clock=clock, uniform=lambda low, _: low)
    longest = Breaker("x", policy=POLICY, clock=clock, uniform=lambda _, high: high)
    fail(shortest, 3)
    fail(longest, 3)
    assert shortest.retry_in_s == pytest.approx(4)
    assert longest.retry_in_s == pytest.approx(6)


class TestShared:
    @pytest.fixture
    def processes(self, clock: Clock) -> tuple[Breakers, Breakers]:
        store = InMemoryBreakerStore(clock=clock)
        one, other = (
            Breakers(store, policy=POLICY, clock=clock, uniform=lambda *_: 0.0) for _ in range(2)
        )
        one.of("tts"), other.of("tts")
        return one, other

    async def test_what_one_process_finds_the_others_know(
        self, processes: tuple[Breakers, Breakers], clock: Clock
    ) -> None:
        one, other = processes
        fail(one.of("tts"), 3)
        clock.now += 1
        await one.sync()
        clock.now += 2
        await other.sync()
        assert other.of("tts").state is BreakerState.OPEN
        assert other.of("tts").reason == "refused"
        assert not other.of("tts").allow()

    async def test_while_one_process_probes_the_others_hold_back(
        self, processes: tuple[Breakers, Breakers], clock: Clock
    ) -> None:
        one, other = processes
        fail(one.of("tts"), 3)
        await one.sync()
        await other.sync()
        clock.now += 5
        assert one.of("tts").allow()
        await one.sync()
        await other.sync()
        assert not other.of("tts").allow()
        one.of("tts").succeeded()
        await one.sync()
        await other.sync()
        assert other.of("tts").state is BreakerState.CLOSED

    async def test_a_permanent_error_elsewhere_is_an_ordinary_opening_here(
        self, processes: tuple[Breakers, Breakers], clock: Clock
    ) -> None:
        one, other = processes
        one.of("tts").failed(permanent=True, reason="bad key")
        await one.sync()
        await other.sync()
        assert not other.of("tts").allow()
        assert not other.of("tts").is_permanent
        clock.now += POLICY.permanent_cooldown_s - 1
        one.of("tts").failed(permanent=True, reason="bad key")
        clock.now += 1
        assert other.of("tts").allow()
        other.of("tts").succeeded()
        await other.sync()
        await one.sync()
        assert not one.of("tts").allow()  # its own key is still bad

    async def test_a_store_that_fails_leaves_each_process_its_own_state(self, clock: Clock) -> None:
        class Broken(InMemoryBreakerStore):
            away = True

            async def publish(self, name: str, news: BreakerNews) -> None:
                if self.away:
                    raise ConnectionError
                await super().publish(name, news)

        store = Broken(clock=clock)
        one = Breakers(store, policy=POLICY, clock=clock)
        other = Breakers(store, policy=POLICY, clock=clock)
        fail(one.of("tts"), 3)
        await one.sync()
        assert not one.of("tts").allow()
        assert other.of("tts").allow()
        store.away = False
        await one.sync()  # what could not be sent is sent now
        await other.sync()
        assert not other.of("tts").allow()

    async def test_old_news_does_not_reopen_what_has_changed_since(
        self, processes: tuple[Breakers, Breakers], clock: Clock
    ) -> None:
        one, other = processes
        fail(one.of("tts"), 3)
        await one.sync()
        await other.sync()
        clock.now += 3
        await other.sync()
        assert other.of("tts").retry_in_s == pytest.approx(2)
