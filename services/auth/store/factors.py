"""Rows of second factors and recovery codes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class FactorRows:
    """Reads and writes second factors and recovery codes."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
