"""What went wrong in a call is on its record, in our own words."""

from __future__ import annotations

import asyncio

from pipecat.frames.frames import ErrorFrame
from pipecat.utils.errors import ErrorCategory

from bot.problems import AT_MOST, Problems
from bot.services.hosting import RungFailedError, failure_of
from tests.virtual_time import now


class HTTPError(Exception):
    def __init__(self, status_code: int) -> None:
        super().__init__(f"{status_code} for key sk-secret and Jane Doe")
        self.status_code = status_code


def error(status: int, category: ErrorCategory) -> ErrorFrame:
    cause = HTTPError(status)
    return ErrorFrame(str(cause), exception=cause, category=category)


async def test_each_failure_is_noted_with_its_moment() -> None:
    problems = Problems(clock=now)
    await asyncio.sleep(1.25)
    problems.add("tts:elevenlabs", RungFailedError("said nothing for 0.8 s"))
    assert [record.model_dump() for record in problems.records] == [
        {
            "service": "tts:elevenlabs",
            "what": "said nothing for 0.8 s",
            "at_s": 1.25,
            "permanent": False,
        }
    ]


async def test_a_permanent_failure_is_noted_once() -> None:
    problems = Problems(clock=now)
    for _ in range(3):
        problems.add("llm:openai", RungFailedError("401", permanent=True))
    assert len(problems.records) == 1


async def test_a_call_that_fails_for_ever_has_a_record_that_ends() -> None:
    problems = Problems(clock=now)
    for _ in range(AT_MOST + 1):
        problems.add("llm:openai", RungFailedError("500"))
    assert len(problems.records) == AT_MOST


async def test_nothing_of_what_the_provider_wrote_is_noted() -> None:
    failure = failure_of(error(401, ErrorCategory.AUTHENTICATION), content_may_be_at_fault=True)
    assert failure.what == "answered 401 (authentication)"
    assert failure.permanent


async def test_what_one_conversation_got_refused_says_nothing_about_the_next() -> None:
    bad_request = error(400, ErrorCategory.INVALID_REQUEST)
    assert not failure_of(bad_request, content_may_be_at_fault=True).permanent
    assert failure_of(bad_request, content_may_be_at_fault=False).permanent


async def test_a_model_that_does_not_exist_is_permanent() -> None:
    unknown = error(404, ErrorCategory.INVALID_REQUEST)
    assert failure_of(unknown, content_may_be_at_fault=True).permanent
