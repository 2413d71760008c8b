"""Rows of usage events."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class UsageRows:
    """Reads and writes usage events."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
