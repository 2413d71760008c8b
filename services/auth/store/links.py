"""Rows of links in mails; only hashes of their tokens are stored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, select, update

from services.auth.domain.records import Link, LinkPurpose
from services.auth.tables import ACCOUNTS, LINKS


class LinkRows:
    """Reads and writes links in mails."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(
        self, token_hash: str, *, account_id: str, purpose: LinkPurpose, email: str, expires_at: datetime
    ) -> None:
        """Keep a new link; an earlier one of the same account, purpose and address is dead."""
        self._connection.execute(
            delete(LINKS)
            .where(LINKS.c.account_id == account_id, LINKS.c.purpose == purpose.value)
            .where(LINKS.c.email == email)
        )
        self._connection.execute(
            LINKS.insert().values(
                token_hash=token_hash,
                account_id=account_id,
                purpose=purpose.value,
                email=email,
                issued_at=self._now,
                expires_at=expires_at,
            )
        )

    def use(self, token_hash: str, purposes: tuple[LinkPurpose, ...]) -> Link | None:
        """Use a link up; of two that try at the same time one gets None.

        The condition is in the statement that writes: PostgreSQL makes the second wait for the first and then
        looks again. Its account is locked first, as everywhere, so that nobody waits for each other.
        """
        whose = select(LINKS.c.account_id).where(LINKS.c.token_hash == token_hash).scalar_subquery()
        self._connection.execute(
            select(ACCOUNTS.c.account_id).where(ACCOUNTS.c.account_id == whose).with_for_update()
        )
        used = self._connection.execute(
            update(LINKS)
            .where(LINKS.c.token_hash == token_hash, LINKS.c.used_at.is_(None), LINKS.c.expires_at > self._now)
            .where(LINKS.c.purpose.in_([purpose.value for purpose in purposes]))
            .values(used_at=self._now)
        ).rowcount
        if not used:
            return None
        row = self._connection.execute(select(LINKS).where(LINKS.c.token_hash == token_hash)).mappings().one()
        return _link(row)

    def look(self, token_hash: str, purposes: tuple[LinkPurpose, ...]) -> Link | None:
        """A link that could be used now; it stays as it is."""
        good = (LINKS.c.token_hash == token_hash, LINKS.c.used_at.is_(None), LINKS.c.expires_at > self._now)
        query = select(LINKS).where(*good, LINKS.c.purpose.in_([purpose.value for purpose in purposes]))
        row = self._connection.execute(query).mappings().first()
        return _link(row) if row else None

    def end(
        self, account_id: str, purposes: tuple[LinkPurpose, ...], *, issued_since: datetime | None = None
    ) -> None:
        """Make the account's links for these purposes useless; only those from a moment on, if one is given."""
        ended = (
            delete(LINKS)
            .where(LINKS.c.account_id == account_id)
            .where(LINKS.c.purpose.in_([purpose.value for purpose in purposes]))
        )
        if issued_since is not None:
            ended = ended.where(LINKS.c.issued_at >= issued_since)
        self._connection.execute(ended)

    def forget_ended(self, before: datetime, limit: int) -> int:
        """Delete links that ended before a moment; returns how many there were."""
        ended = select(LINKS.c.token_hash).where(LINKS.c.expires_at <= before).limit(limit)
        return self._connection.execute(delete(LINKS).where(LINKS.c.token_hash.in_(ended))).rowcount


def _link(row: RowMapping) -> Link:
    return Link(
        account_id=row["account_id"],
        purpose=LinkPurpose(row["purpose"]),
        email=row["email"],
        issued_at=row["issued_at"],
    )
