"""When to try again. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LARGEST_EXPONENT = 40


def wait_s(
    *,
    attempt: int,
    first_s: float,
    longest_s: float,
    chance: float,
    retry_after_s: float | None = None,
) -> float:
    """How long to wait after the attempt-th failure, in seconds.

    It doubles from `first_s` up to `longest_s`; between half and all of it is waited, so that what
    failed together does not come back together. A receiver's own wish is a lower bound, and
    `longest_s` its upper one.

    Args:
        attempt: from 1.
        first_s: after the first failure, at most.
        longest_s: at most, ever.
        chance: a random number from 0 to 1.
        retry_after_s: what the receiver asked for.
    """
    whole = min(longest_s, first_s * 2.0 ** min(attempt - 1, _LARGEST_EXPONENT))
    own = whole * (0.5 + chance / 2)
    if retry_after_s is None:
        return own
    # Some more than asked for: everybody was asked for the same.
    asked = retry_after_s * (1 + chance / 10)
    return min(max(own, asked), max(longest_s, own))


def parse_retry_after(value: str | None, now: datetime) -> float | None:
    """The header `Retry-After` in seconds from now: a number of them, or an HTTP date.

    https://www.rfc-editor.org/rfc/rfc9110#name-retry-after. What is neither is None, what is in
    the past is 0.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
