"""Says, once in each process, that a built-in provider is at work and what would be better."""

from __future__ import annotations

from functools import cache

import structlog

_log = structlog.get_logger(__name__)


@cache
def warn_builtin(kind: str, name: str) -> None:
    """Log ``builtin_provider_used`` unless this process has said so for ``kind`` and ``name``."""
    _log.warning("builtin_provider_used", kind=kind, provider=name, remedy="add a provider key for better results")
