"""Rows of versions of the policy, acceptances and notices."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class PolicyRows:
    """Reads and writes versions of the policy, acceptances and notices."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
