"""The call's clock: what "next Thursday" is counted from."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def call_clock(now: datetime | None) -> Callable[[], datetime]:
    """An aware clock that runs on from `now` (LEADLINE_NOW), or the wall clock in UTC."""
    if now is None:
        return lambda: datetime.now(UTC)
    started = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - started)
