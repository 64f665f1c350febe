"""Chaos tests run the same calls as the end-to-end tests."""

from tests.e2e.conftest import providers, speech, start_bot

__all__ = ["providers", "speech", "start_bot"]
