"""Attempts that were each heard a little wrong are right together."""

from __future__ import annotations

import pytest

from flows.combine import combined


@pytest.mark.parametrize(
    ("attempts", "truth"),
    [
        (["jane.boe@acme.com", "jame.doe@acme.com", "jane.doe@agme.com"], "jane.doe@acme.com"),
        (["jan.doe@acme.com", "jane.do@acme.com", "jane.doe@acne.com"], "jane.doe@acme.com"),
        (["+14155552611", "+14155532671", "+14155552971"], "+14155552671"),
        (["jane.doe@acme.co", "janed.oe@acme.com", "jane.doe@ackme.com"], "jane.doe@acme.com"),
    ],
)
def test_three_attempts_wrong_in_three_places_are_right_together(
    attempts: list[str], truth: str
) -> None:
    assert combined(attempts, rejected=attempts[:-1], is_valid=lambda _: True) == truth


def test_the_newest_attempt_stands_while_nothing_speaks_against_it() -> None:
    attempts = ["jane.boe@acme.com", "jane.doe@acme.com"]
    assert combined(attempts, rejected=attempts[:1], is_valid=lambda _: True) == attempts[1]


def test_an_attempt_at_something_else_has_no_vote() -> None:
    attempts = ["sales@other-place.org", "jane.doe@acme.com"]
    assert combined(attempts, rejected=attempts[:1], is_valid=lambda _: True) is None


def test_what_was_rejected_or_is_invalid_is_not_proposed() -> None:
    attempts = ["jane.boe@acme.com", "jane.doe@acme.com", "jane.boe@acme.com"]
    assert combined(attempts, rejected=attempts, is_valid=lambda _: True) is None
    assert combined(["a@b.co", "a@c.co"], rejected=["a@b.co"], is_valid=lambda _: False) is None


def test_a_long_loop_of_a_recogniser_is_no_problem() -> None:
    loop = "d-" * 500
    assert combined([loop, loop + "x", loop], rejected=[loop], is_valid=lambda _: True) is not None
