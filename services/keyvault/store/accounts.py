"""Which accounts and sessions may do nothing any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, exists, select, text, update

from services.keyvault.tables import CLOSED_ACCOUNTS, REVOKED_SESSIONS, SHREDDED
from shared.db import insert_if_absent

_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.account.' || :account_id, 0))")


class AccountRows:
    """Reads and writes closed and shredded accounts and revoked sessions."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def lock(self, account_id: str) -> None:
        """Let nobody else change anything of the account until the transaction ends.

        SQLite has one writer at a time anyway.
        """
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(_LOCK, {"account_id": account_id})

    def is_closed(self, account_id: str) -> bool:
        """Whether nothing may be done in its name."""
        rows = CLOSED_ACCOUNTS.c
        query = select(exists().where(rows.account_id == account_id, rows.closed))
        return bool(self._connection.scalar(query))

    def close(self, account_id: str, reason: str, as_of: datetime) -> bool:
        """Refuse from now on; False if something newer is known."""
        return self._set(account_id, reason, closed=True, as_of=as_of)

    def reopen(self, account_id: str, reason: str, as_of: datetime) -> bool:
        """Take back one reason; the account stays closed as long as there is another."""
        return self._set(account_id, reason, closed=False, as_of=as_of)

    def _set(self, account_id: str, reason: str, *, closed: bool, as_of: datetime) -> bool:
        said = {"closed": closed, "as_of": as_of}
        if insert_if_absent(self._connection, CLOSED_ACCOUNTS, account_id=account_id, reason=reason, **said):
            return True
        rows = CLOSED_ACCOUNTS.c
        statement = (
            update(CLOSED_ACCOUNTS)
            .where(rows.account_id == account_id, rows.reason == reason, rows.as_of < as_of)
            .values(said)
        )
        return self._connection.execute(statement).rowcount == 1

    def is_shredded(self, account_id: str) -> bool:
        """Whether nothing may be made for it ever again."""
        return self.records_shredded(account_id) is not None

    def records_shredded(self, account_id: str) -> int | None:
        """How many records were lost with its key; None if the key was not destroyed."""
        query = select(SHREDDED.c.records).where(SHREDDED.c.account_id == account_id)
        records: int | None = self._connection.scalar(query)
        return records

    def remember_shredded(self, account_id: str, records: int) -> None:
        """Its key is destroyed."""
        insert_if_absent(self._connection, SHREDDED, account_id=account_id, records=records, shredded_at=self._now)

    def revoke_session(self, session_id: str, *, by_logout: bool) -> None:
        """Refuse its tickets, and its job tokens unless its owner only logged out."""
        ended = {"revoked_at": self._now, "by_logout": by_logout}
        insert_if_absent(self._connection, REVOKED_SESSIONS, session_id=session_id, **ended)

    def is_revoked(self, session_id: str) -> bool:
        """Whether its tickets are refused."""
        query = select(exists().where(REVOKED_SESSIONS.c.session_id == session_id))
        return bool(self._connection.scalar(query))

    def has_jobs_stopped(self, session_id: str) -> bool:
        """Whether its job tokens are refused."""
        rows = REVOKED_SESSIONS.c
        query = select(exists().where(rows.session_id == session_id, rows.by_logout.is_(False)))
        return bool(self._connection.scalar(query))

    def forget_sessions(self, revoked_before: datetime) -> int:
        """Drop sessions whose tickets and job tokens have all expired."""
        old = delete(REVOKED_SESSIONS).where(REVOKED_SESSIONS.c.revoked_at < revoked_before)
        return self._connection.execute(old).rowcount
