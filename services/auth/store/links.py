"""Rows of single-use links of mails."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class LinkRows:
    """Reads and writes single-use links of mails."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
