"""One line a record, on stderr, without what nobody may read."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from loguru import logger

from bot.config import Settings
from bot.telemetry.logging import configure_logging

SECRET = "sekrit-key-0123"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield io.StringIO()
    logger.remove()
    logger.configure(patcher=lambda _record: None)
    logging.captureWarnings(capture=False)
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def as_module(name: str) -> Any:
    """A logger whose records come from that module."""
    return logger.bind(_logger=name)


def fail_with(message: str) -> None:
    caller_email = "jane@acme.com"
    raise ValueError(f"{message} {caller_email}")


def test_a_record_is_one_line(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    as_module("bot.call").info("first\nsecond\r\nthird")
    assert stream.getvalue().count("\n") == 1
    assert "INFO    bot.call first second third" in stream.getvalue()


def test_nothing_goes_to_stdout(capsys: pytest.CaptureFixture[str], stream: io.StringIO) -> None:
    del stream
    configure_logging()
    logger.info("hello")
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "hello" in printed.err


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
def test_secrets_and_contact_data_are_replaced(
    stream: io.StringIO, as_json: bool, level: Any
) -> None:
    configure_logging(level, json=as_json, stream=stream, settings=Settings(OPENAI_API_KEY=SECRET))
    as_module("bot.call").bind(key=SECRET).warning(
        "{} of jane@acme.com, {}", SECRET, "415-555-0134"
    )
    try:
        fail_with(SECRET)
    except ValueError:
        as_module("bot.call").exception("it failed")
    logging.getLogger("some.package").warning("%s for jane@acme.com", SECRET)
    text = stream.getvalue()
    assert "it failed" in text
    for leaked in (SECRET, "jane@", "0134"):
        assert leaked not in text


def test_an_exception_is_one_line_with_its_type(stream: io.StringIO) -> None:
    configure_logging("INFO", stream=stream)
    try:
        fail_with("refused")
    except ValueError:
        as_module("bot.call").exception("could not connect")
    assert "could not connect (ValueError: refused [email])" in stream.getvalue()
    assert stream.getvalue().count("\n") == 1


def test_at_debug_its_stack_follows_without_values(stream: io.StringIO) -> None:
    configure_logging("DEBUG", stream=stream)
    try:
        fail_with("refused")
    except ValueError:
        as_module("bot.call").exception("could not connect")
    assert "in fail_with" in stream.getvalue()
    assert "jane@" not in stream.getvalue()


def test_what_the_framework_quotes_at_debug_is_not_printed(stream: io.StringIO) -> None:
    configure_logging("DEBUG", stream=stream)
    as_module("pipecat.services.tts_service").debug("TTS#0: Generating TTS [Hello Jane Doe]")
    as_module("pipecat.services.stt").debug("Transcription: [Jane]")
    assert "Generating TTS" in stream.getvalue()
    assert "Jane" not in stream.getvalue()


def test_json_is_one_document_a_line_with_what_was_bound(stream: io.StringIO) -> None:
    configure_logging(json=True, stream=stream)
    as_module("bot.call").bind(call_id="c1").info("answered {ms} ms", ms=12)
    [line] = stream.getvalue().splitlines()
    document = json.loads(line)
    assert datetime.fromisoformat(document.pop("time")).tzinfo is not None
    assert document == {
        "level": "INFO",
        "logger": "bot.call",
        "message": "answered 12 ms",
        "call_id": "c1",
        "ms": 12,
    }


def test_a_message_with_braces_or_tags_is_printed_as_it_is(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    logging.getLogger("some.package").warning("{'a': <b>} {0}")
    assert "{'a': <b>} {0}" in stream.getvalue()


def test_libraries_that_log_requests_and_headers_stay_silent_even_at_debug(
    stream: io.StringIO,
) -> None:
    configure_logging("DEBUG", stream=stream)
    for name in ("httpx", "websockets.client", "openai._base_client", "aiortc.rtcpeerconnection"):
        logging.getLogger(name).info("request with headers")
    assert stream.getvalue() == ""


def test_quiet_leaves_our_warnings_and_the_libraries_errors(stream: io.StringIO) -> None:
    configure_logging("DEBUG", quiet=True, stream=stream)
    as_module("bot.call").info("ours, info")
    as_module("bot.call").warning("ours, warning")
    as_module("pipecat.pipeline").warning("theirs, warning")
    as_module("pipecat.pipeline").error("theirs, error")
    lines = [line.split(maxsplit=3)[3] for line in stream.getvalue().splitlines()]
    assert lines == ["ours, warning", "theirs, error"]


def test_configuring_again_replaces_the_first(stream: io.StringIO) -> None:
    configure_logging(stream=stream)
    configure_logging(stream=stream)
    logging.getLogger("some.package").warning("once")
    assert stream.getvalue().count("once") == 1
