"""Logs: to stderr only, one line a record, without secrets and without callers' data."""

from __future__ import annotations

import json as json_module
import logging
import sys
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from loguru import logger

from bot.config import LogLevel, Settings
from bot.telemetry.redaction import redact, secrets_of, without_speech

if TYPE_CHECKING:
    from loguru import Record

_OURS = {"bot", "processors", "flows"}
_DEBUG = 10
_WARNING = 30
_ERROR = 40

# Libraries that log each request, each packet, or headers with keys: never below these levels.
_NOISY = {
    "aioice": logging.WARNING,
    "aiortc": logging.WARNING,
    "aiosqlite": logging.WARNING,
    "alembic": logging.WARNING,
    "asyncio": logging.WARNING,
    "deepgram": logging.WARNING,
    "httpcore": logging.WARNING,
    "httpx": logging.WARNING,
    "livekit": logging.WARNING,
    "openai": logging.WARNING,
    "py.warnings": logging.ERROR,
    "sqlalchemy": logging.WARNING,
    "stamina": logging.ERROR,
    "urllib3": logging.WARNING,
    "uvicorn.access": logging.WARNING,
    "uvicorn.error": logging.WARNING,
    "websockets": logging.WARNING,
}
_COLOURED = "<dim>{time:HH:mm:ss.SSS}</dim> <level>{level: <7}</level> <dim>{name}</dim> {message}"


def configure_logging(
    level: LogLevel = "INFO",
    json: bool = False,
    quiet: bool = False,
    *,
    settings: Settings | None = None,
    stream: TextIO | None = None,
) -> None:
    """Send all logs, ours and the libraries', to stderr; replaces what was configured before.

    An exception is one line (its type and message); its stack follows only from DEBUG down, and
    never with the values of variables, which are callers' data.

    Args:
        level: the lowest level that is shown.
        json: one JSON object a line: time, level, logger, message, and what was bound.
        quiet: only our own warnings and the libraries' errors, for a screen that people read.
        settings: their secrets are replaced wherever they occur.
        stream: stderr by default.
    """
    hidden = secrets_of(settings) if settings is not None else ()
    target = stream or sys.stderr
    lowest = logger.level(level).no

    def clean(record: Record) -> None:
        _clean(record, hidden)

    def is_shown(record: Record) -> bool:
        return not quiet or record["level"].no >= (_WARNING if _is_ours(record) else _ERROR)

    logger.remove()
    logger.configure(patcher=clean)
    logger.add(
        target,
        level=level,
        format=_json_format if json else _line_format(with_stack=lowest <= _DEBUG),
        filter=is_shown,
        colorize=None if not json else False,
        backtrace=False,
        diagnose=False,
    )
    _intercept_standard_logging(lowest)


class _ToLoguru(logging.Handler):
    """Hands records of the standard library's logging to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            message = str(record.msg)  # A library's mistake must not end a call.
        bound = logger.bind(_logger=record.name)
        bound.opt(exception=record.exc_info).log(level, "{}", message)


def _intercept_standard_logging(lowest: int) -> None:
    logging.captureWarnings(capture=True)
    logging.basicConfig(handlers=[_ToLoguru()], level=lowest, force=True)
    # Some libraries install handlers of their own, which would print a record twice or in clear.
    for name in list(logging.root.manager.loggerDict):
        child = logging.getLogger(name)
        child.handlers.clear()
        child.propagate = True
    for name, floor in _NOISY.items():
        logging.getLogger(name).setLevel(max(floor, lowest))


def _clean(record: Record, secrets: tuple[str, ...]) -> None:
    extra = record["extra"]
    record["name"] = str(extra.pop("_logger", record["name"]))
    message = record["message"]
    if not _is_ours(record):
        message = without_speech(message)
    if record["exception"] is not None:
        kind, value, stack = record["exception"]
        name = kind.__name__ if kind else "Error"
        message = f"{message} ({name}: {value})" if str(value) else f"{message} ({name})"
        extra["_stack"] = redact("".join(traceback.format_tb(stack, limit=-10)), secrets)
        # The sink would print it a second time, and in clear.
        record["exception"] = None
    record["message"] = " ".join(redact(message, secrets).splitlines())
    for key, value in extra.items():
        if isinstance(value, str) and key != "_stack":
            extra[key] = redact(value, secrets)


def _is_ours(record: Record) -> bool:
    return str(record["name"]).partition(".")[0] in _OURS


def _line_format(*, with_stack: bool) -> Callable[[Record], str]:
    def line(record: Record) -> str:
        stack = "{extra[_stack]}" if with_stack and record["extra"].get("_stack") else ""
        return f"{_COLOURED}\n{stack}"

    return line


def _json_format(record: Record) -> str:
    extra = {key: value for key, value in record["extra"].items() if not key.startswith("_")}
    document = {
        "time": record["time"].isoformat(),
        "level": record["level"].name,
        "logger": record["name"],
        "message": record["message"],
        **extra,
    }
    record["extra"]["_json"] = json_module.dumps(document, default=str, ensure_ascii=False)
    return "{extra[_json]}\n"
