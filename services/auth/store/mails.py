"""Rows of the outbox of letters."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class MailRows:
    """Reads and writes the outbox of letters."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
