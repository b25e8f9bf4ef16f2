# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs: one event per line, ids and numbers only.

What is written is an allow-list. A key that is not on it is dropped, an
exception is shown as its type and its frames without its text, and what
libraries say is shown without what they put into it: their messages may hold
tickets, addresses and tokens.
"""

from __future__ import annotations

import errno
import logging
import os
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO, cast

import structlog

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger
    from structlog.typing import EventDict, Processor, WrappedLogger

ALLOWED = frozenset(
    {
        # who and what
        "time",
        "level",
        "event",
        "logger",
        "run_id",
        "account",
        "role",
        "loop",
        "stream",
        "version",
        # ids
        "ticket_id",
        "obligation_id",
        "message_id",
        "job_id",
        "organization_id",
        "statement",
        # decisions
        "rule",
        "policy",
        "code",
        "tier",
        "measure",
        "cycle",
        "step",
        "recipient",
        "channel",
        "field",
        "decision",
        "reason",
        "result",
        "outcome",
        "state",
        # numbers and instants
        "attempt",
        "count",
        "tickets",
        "pages",
        "writes",
        "messages",
        "calls",
        "problems",
        "duration_ms",
        "retry_after_s",
        "late_by_s",
        "at",
        "until",
        # the other side
        "endpoint",
        "status",
        "bucket",
        "bind",
        # faults
        "error",
        "trace",
        "detail",
        "error_id",
    }
)
MAX_VALUE = 300
MAX_FRAMES = 12

# At DEBUG these print whole tickets, rows, or addresses with their tokens. Apprise
# does too, but `worker.notify.apprise_url` keeps its lines to itself. Alembic tells at
# every start of what it found in itself.
TALKATIVE = ("requests", "urllib3", "zenpy", "sqlalchemy", "asyncio", "psycopg", "alembic")
TRUSTED = ("rules", "connector", "worker", "stipt")

_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")
_QUERY = re.compile(r"\?\S+")


def get_logger(name: str) -> BoundLogger:
    """A logger whose lines obey the allow-list, whether or not logs are configured yet.

    Args:
        name: `__name__` of the module.
    """
    logger = structlog.wrap_logger(
        logging.getLogger(name),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            _stamp,
            _exception_without_text,
            keep_allowed,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    return cast("BoundLogger", logger)


def configure_logs(
    *, level: str = "info", log_format: str = "", stream: TextIO | None = None
) -> None:
    """Send all logs of the process to one stream.

    Args:
        level: debug, info, warning or error.
        log_format: console or json; empty: console on a terminal, else json.
        stream: standard error where none is given.
    """
    target = stream or sys.stderr
    terminal = log_format == "console" or (log_format == "" and target.isatty())
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        _formatter(_console(target) if terminal else structlog.processors.JSONRenderer())
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_to_the_terminal() -> None:
    """Make warnings readable for whoever runs a command, where no logs are configured."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(_formatter(_console(sys.stderr)))


def _formatter(renderer: Processor) -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            _stamp,
            _foreign,
            _exception_without_text,
            keep_allowed,
        ],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def keep_allowed(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Drop every key that is not on the list, and make the values harmless.

    E-mail addresses and what follows a question mark in an address are cut
    out even of allowed values; long ones are shortened.
    """
    kept = {key: _harmless(value) for key, value in event.items() if key in ALLOWED}
    # structlog's own bookkeeping, removed again before the line is written
    kept |= {key: value for key, value in event.items() if key in ("_record", "_from_structlog")}
    return kept


def without_addresses(text: str) -> str:
    """The text with e-mail addresses and query strings replaced."""
    return _QUERY.sub("?…", _EMAIL.sub("[address]", text))


def _harmless(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | frozenset | set):
        return [_harmless(one) for one in list(value)[:20]]
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    return without_addresses(text)[:MAX_VALUE]


def _stamp(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["time"] = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return event


def _exception_without_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = _kind(error)
        event["trace"] = trace(error)
    return event


def _kind(error: BaseException) -> str:
    """The error's type, and the system's or database's own name for it, but not its text."""
    kind = type(error).__qualname__
    if isinstance(error, OSError) and error.errno is not None:
        return f"{kind} ({errno.errorcode.get(error.errno, error.errno)})"
    driver: object = getattr(error, "orig", None)  # SQLAlchemy wraps what the driver raised
    if not isinstance(driver, BaseException):
        return kind
    names = (getattr(driver, name, None) for name in ("sqlite_errorname", "sqlstate"))
    own = next((name for name in names if name), None)
    return f"{kind} ({own or type(driver).__qualname__})"


def trace(error: BaseException) -> list[str]:
    """Where an error came from, innermost first: file, line and function, no values."""
    frames = traceback.extract_tb(error.__traceback__)
    return [
        f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}"
        for frame in reversed(frames[-MAX_FRAMES:])
    ]


def _foreign(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A library's line, told by its template; f-strings hold values, so they are not told."""
    record: logging.LogRecord = event["_record"]
    event["detail"] = f"{record.module}:{record.lineno} {record.funcName}"
    if record.exc_info:
        event["exc_info"] = record.exc_info
    template = str(record.msg)
    trusted = record.name.split(".")[0] in TRUSTED
    if trusted or event["event"] != template:  # something was filled in, so this is without it
        event["detail"] = f"{event['detail']}: {template}"
    event["event"] = "library_message"
    return event


def _console(target: TextIO) -> Processor:
    colours = target.isatty() and not os.environ.get("NO_COLOR")
    return structlog.dev.ConsoleRenderer(colors=colours, timestamp_key="time")
