"""Rows of challenges of logins and passkeys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection


class ChallengeRows:
    """Reads and writes challenges of logins and passkeys."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now
