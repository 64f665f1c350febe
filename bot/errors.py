"""Errors that a user sees: one line that says what is wrong and what to do, and an exit code."""

from __future__ import annotations


class LeadlineError(Exception):
    """It failed (exit 1). The message is one line that says what and what to do."""

    exit_code = 1


class UsageError(LeadlineError):
    """Wrong usage or settings (exit 2). The line names the option, setting or field."""

    exit_code = 2
