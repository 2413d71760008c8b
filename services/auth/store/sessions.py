"""Rows of sessions and known devices."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class SessionRows:
    """Reads and writes sessions and known devices."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
