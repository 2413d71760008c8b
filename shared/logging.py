"""Logs: structlog, JSON or console, ids bound once per message, secrets masked whatever a caller passes.

Events are static snake_case facts (``attempt_started``); fields are ids and numbers with units.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TextIO

import structlog
from pydantic import SecretBytes, SecretStr
from structlog.typing import EventDict, WrappedLogger

from shared.config import LogFormat

MASK = "********"

_SECRET_NAME = re.compile(
    r"(password|passwd|secret|token|api_?key|private_?key|access_?key|authorization|cookie|credential)", re.I
)
_SECRET_FORMS = (
    re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"),  # user:password in a URL
    re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9+/=._~-]{8,}", re.I),
    re.compile(r"\b(sk|pk|rk|xi)[-_][A-Za-z0-9_-]{12,}\b"),  # the form of most providers' keys
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"),  # JSON web tokens
    re.compile(r"(?<=X-Amz-Signature=)[0-9a-f]{16,}", re.I),  # presigned addresses
)


def configure_logging(log_format: LogFormat, level: str, *, service: str) -> None:
    """Set up logging of this process; standard library loggers go the same way.

    Args:
        level: ``debug``, ``info``, ``warning`` or ``error``.
        service: Name that every line carries.
    """
    shared_processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        _service_adder(service),
        structlog.processors.format_exc_info,
        mask_secrets,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if log_format is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=32)
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared_processors, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(_Unbreakable(sys.stderr)),  # type: ignore[arg-type]
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_Unbreakable(sys.stderr))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared_processors,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(threshold, logging.WARNING))


class _Unbreakable:
    """A stream that drops what cannot be written: a full disk must not end the process that would say so."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what looks like a secret, by the field's name or by the value's form, at any depth."""
    return {name: _masked(name, value) for name, value in event.items()}


def mask_text(text: str) -> str:
    """Replace what has the form of a secret inside ``text``."""
    for form in _SECRET_FORMS:
        text = form.sub(MASK, text)
    return text


def _masked(name: str, value: Any) -> Any:
    if isinstance(value, SecretStr | SecretBytes):
        return MASK
    if _SECRET_NAME.search(name) and value is not None and not isinstance(value, bool | int | float):
        return MASK
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {key: _masked(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked("", item) for item in value]
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, BaseException):
        return mask_text(f"{type(value).__name__}: {value}")
    return value


def _service_adder(service: str) -> Any:
    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    return add_service
