"""Rows of password hashes and peppers."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class PasswordRows:
    """Reads and writes password hashes and peppers."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
