"""How often each grant was used."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, text, update

from services.keyvault.tables import GRANT_USES
from shared.db import UtcDateTime

_ONE_MORE = text(
    "INSERT INTO grant_uses (grant_id, uses, expires_at) VALUES (:grant_id, 1, :expires_at)"
    " ON CONFLICT (grant_id) DO UPDATE SET uses = grant_uses.uses + 1 WHERE grant_uses.uses < :most"
).bindparams(bindparam("expires_at", type_=UtcDateTime()))


class GrantUseRows:
    """The uses of grants."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def use(self, grant_id: str, *, most: int, expires_at: datetime) -> bool:
        """Count one use, if the transaction commits; False when all are used up.

        Any number of callers at the same time get True exactly ``most`` times: each waits for the row.
        """
        words = {"grant_id": grant_id, "expires_at": expires_at, "most": most}
        return self._connection.execute(_ONE_MORE, words).rowcount == 1

    def give_back(self, grant_id: str) -> None:
        """A use that delivered nothing does not count."""
        one_less = update(GRANT_USES).where(GRANT_USES.c.grant_id == grant_id, GRANT_USES.c.uses > 0)
        self._connection.execute(one_less.values(uses=GRANT_USES.c.uses - 1))

    def purge(self) -> int:
        """Forget grants that have expired; returns how many there were."""
        return self._connection.execute(delete(GRANT_USES).where(GRANT_USES.c.expires_at < self._now)).rowcount
