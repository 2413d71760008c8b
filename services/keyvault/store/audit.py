"""The audit chain and its signed heads."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class AuditRows:
    """Reads and writes them."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
