"""Rows of security events."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class EventRows:
    """Reads and writes security events."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
