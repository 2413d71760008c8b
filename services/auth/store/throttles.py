"""Rows of counts of failed attempts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class ThrottleRows:
    """Reads and writes counts of failed attempts."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
