"""Requests and tickets that were seen before; they survive a restart."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, text

from services.keyvault.tables import REPLAYS
from shared.db import UtcDateTime

_SEEN = text(
    "INSERT INTO replays (request_id, seen_at) VALUES (:request_id, :seen_at) ON CONFLICT DO NOTHING"
).bindparams(bindparam("seen_at", type_=UtcDateTime()))


class ReplayRows:
    """The ids that may not come again."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def first_seen(self, request_id: str) -> bool:
        """Remember an id, if the transaction commits; of several at the same time one gets True."""
        return self._connection.execute(_SEEN, {"request_id": request_id, "seen_at": self._now}).rowcount == 1

    def purge(self, older_than: timedelta) -> int:
        """Forget ids that are too old to be accepted anyway; returns how many there were."""
        old = delete(REPLAYS).where(REPLAYS.c.seen_at < self._now - older_than)
        return self._connection.execute(old).rowcount
