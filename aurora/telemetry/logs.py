"""Log lines: one JSON object each, with the request's ids, without secrets, without anybody's words.

Writing is synchronous and on the loop, so lines stay few and small: no locals in tracebacks, no payloads.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import msgspec
import structlog
from structlog.typing import FilteringBoundLogger, WrappedLogger

from aurora.telemetry.families import log_lines_dropped

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "warn": 30, "error": 40}
_SECRETS = (
    "authorization", "token", "secret", "password", "passwd", "api_key", "apikey", "api-key", "admin_key",
    "cookie", "pepper", "dsn", "database_url", "signed_url", "otp", "message_text", "email",
)  # fmt: skip
_HIDDEN = "[hidden]"
_MAX_FRAMES = 20
_MAX_TEXT = 500
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)

Event = MutableMapping[str, Any]


def configure_logging(level: str = "info") -> None:
    """Set structlog up for this process. `level`: debug, info, warning or error; anything else means info."""
    structlog.configure(
        processors=[
            _unless_quiet,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
            _describe_exception,
            _redact,
            _encode,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS.get(level.lower(), logging.INFO)),
        logger_factory=_LineLoggerFactory(),
        cache_logger_on_first_use=True,
    )
    _listen_to_libraries()


class _FromLibraries(logging.Handler):
    """Warnings of libraries that log the standard way, as lines like ours: which logger, never what it says.

    Their texts and tracebacks quote what they were given, and that may be somebody's words or a password.
    """

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        known = {"error": describe(error)} if error is not None else {}
        place = f"{record.module}:{record.lineno}"
        structlog.get_logger().log(record.levelno, "library", logger=record.name, place=place, **known)


def _listen_to_libraries() -> None:
    root = logging.getLogger()
    if not any(isinstance(handler, _FromLibraries) for handler in root.handlers):
        root.addHandler(_FromLibraries(logging.WARNING))


def get_logger() -> FilteringBoundLogger:
    """The process's logger; bound context comes from `bind_ids`."""
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def bind_ids(request_id: str, trace_id: str = "") -> None:
    """Put the request's ids on every line of this task and of the tasks it starts."""
    if trace_id:
        structlog.contextvars.bind_contextvars(request_id=request_id, trace_id=trace_id)
    else:
        structlog.contextvars.bind_contextvars(request_id=request_id)


def clear_ids() -> None:
    """Forget the bound ids (long-lived tasks)."""
    structlog.contextvars.clear_contextvars()


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing is logged by the body: what is played again must not look as if it happened again."""
    before = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(before)


def _unless_quiet(_logger: WrappedLogger, _method: str, event: Event) -> Event:
    if _quiet.get():
        raise structlog.DropEvent
    return event


class _LineLogger:
    """Writes whole lines to stderr. A line that cannot be written is counted, never raised."""

    def msg(self, line: bytes) -> None:
        try:
            sys.stderr.buffer.write(line)
            sys.stderr.buffer.flush()
        except (OSError, ValueError, AttributeError):  # closed pipe, full disk, a stderr without bytes
            log_lines_dropped.inc()

    debug = info = warning = warn = error = critical = exception = failure = fatal = log = msg


class _LineLoggerFactory:
    def __call__(self, *_args: Any) -> _LineLogger:
        return _LineLogger()


def _describe_exception(_logger: WrappedLogger, _method: str, event: Event) -> Event:
    info = event.pop("exc_info", None)
    if not info:
        return event
    error = (
        info if isinstance(info, BaseException) else info[1] if isinstance(info, tuple) else sys.exc_info()[1]
    )
    if error is not None:
        event["error"] = describe(error)
    return event


def describe(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """An exception without what it was about: type, place, cause.

    Its text may hold somebody's words, so it stays out; operating system errors keep theirs.
    """
    found: dict[str, Any] = {"type": type(error).__qualname__, "frames": _frames(error.__traceback__)}
    if isinstance(error, OSError) and error.strerror:
        found["text"] = error.strerror[:_MAX_TEXT]
    if depth < 3:
        if isinstance(error, BaseExceptionGroup):
            found["errors"] = [describe(part, depth + 1) for part in error.exceptions[:5]]
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is not None:
            found["cause"] = describe(cause, depth + 1)
    return found


def _frames(trace: TracebackType | None) -> list[str]:
    return [
        f"{frame.filename.rsplit('/site-packages/', 1)[-1]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace)[-_MAX_FRAMES:]
    ]


def _redact(_logger: WrappedLogger, _method: str, event: Event) -> Event:
    for key, value in event.items():
        low = key.lower()
        if any(word in low for word in _SECRETS):
            event[key] = _HIDDEN
        elif isinstance(value, bytes | bytearray):
            event[key] = f"[{len(value)} bytes]"
        elif isinstance(value, str) and len(value) > _MAX_TEXT:
            event[key] = value[:_MAX_TEXT] + "…"
    return event


def _plain(value: Any) -> Any:
    return type(value).__qualname__


_encoder = msgspec.json.Encoder(enc_hook=_plain)


def _encode(_logger: WrappedLogger, _method: str, event: Event) -> bytes:
    return _encoder.encode(event) + b"\n"
