"""Rows of accounts, their addresses and states."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class AccountRows:
    """Reads and writes accounts, their addresses and states."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
