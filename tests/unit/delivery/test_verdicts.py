"""What each answer means, as docs/delivery.md says it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.delivery.target import Verdict
from bot.delivery.webhook import verdict_on

NOW = datetime(2026, 3, 5, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ((200, 201, 202, 204, 299), Verdict.DELIVERED),
        ((301, 302, 303, 304, 307, 308), Verdict.RETRY),
        ((408, 409, 425, 429), Verdict.RETRY),
        ((400, 401, 403, 404, 405, 410, 413, 415, 422, 451), Verdict.REFUSED),
        ((500, 501, 502, 503, 504, 507, 599, 600), Verdict.RETRY),
    ],
)
def test_the_table_of_answers(statuses: tuple[int, ...], verdict: Verdict) -> None:
    assert {verdict_on(status, None, NOW).verdict for status in statuses} == {verdict}


def test_retry_after_counts_where_another_attempt_is_made() -> None:
    assert verdict_on(429, "7", NOW).retry_after_s == 7
    assert verdict_on(503, "Thu, 05 Mar 2026 15:00:09 GMT", NOW).retry_after_s == 9
    assert verdict_on(200, "7", NOW).retry_after_s is None
