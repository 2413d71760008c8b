"""Rows of sessions and known devices; of their tokens only hashes are stored."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, insert, or_, select, update

from services.auth.domain.records import Session
from services.auth.tables import ACCOUNTS, DEVICES, SESSIONS
from shared.contracts.sessions import Assurance
from shared.db import insert_if_absent


class SessionRows:
    """Reads and writes sessions and known devices."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, session: Session) -> None:
        """Keep a new session."""
        self._connection.execute(insert(SESSIONS).values(session_id=session.session_id, **_columns(session)))

    def by_token(self, token_hash: str) -> Session | None:
        """The session of a token, unless it was ended; it may have expired."""
        query = select(SESSIONS).where(SESSIONS.c.token_hash == token_hash, SESSIONS.c.revoked_at.is_(None))
        row = self._connection.execute(query).mappings().first()
        return _session(row) if row else None

    def of_account(self, account_id: str) -> tuple[Session, ...]:
        """Sessions that were not ended, the newest first; some may have idled out."""
        query = (
            select(SESSIONS)
            .where(SESSIONS.c.account_id == account_id, SESSIONS.c.revoked_at.is_(None))
            .where(SESSIONS.c.expires_at > self._now)
            .order_by(SESSIONS.c.opened_at.desc(), SESSIONS.c.session_id.desc())
        )
        return tuple(_session(row) for row in self._connection.execute(query).mappings())

    def touch(self, session_id: str) -> None:
        """A session is used now."""
        theirs = SESSIONS.c.session_id == session_id
        self._connection.execute(update(SESSIONS).where(theirs).values(last_used_at=self._now))

    def renew(self, renewed: Session, old_token_hash: str) -> bool:
        """Put a session in the place of what it was; False if that token is not its token any more.

        The condition is in the statement that writes, so of two that renew at the same time one gets False.
        """
        unchanged = (
            SESSIONS.c.session_id == renewed.session_id,
            SESSIONS.c.token_hash == old_token_hash,
            SESSIONS.c.revoked_at.is_(None),
        )
        return self._connection.execute(update(SESSIONS).where(*unchanged).values(_columns(renewed))).rowcount == 1

    def revoke(self, account_id: str, session_id: str) -> bool:
        """End a session of an account; False if it has none of that id that lives."""
        living = (
            SESSIONS.c.session_id == session_id,
            SESSIONS.c.account_id == account_id,
            SESSIONS.c.revoked_at.is_(None),
        )
        return self._connection.execute(update(SESSIONS).where(*living).values(revoked_at=self._now)).rowcount == 1

    def forget_ended(self, limit: int) -> int:
        """Delete sessions that have expired or were ended; returns how many."""
        ended = or_(SESSIONS.c.expires_at <= self._now, SESSIONS.c.revoked_at.is_not(None))
        old = select(SESSIONS.c.session_id).where(ended).limit(limit)
        return self._connection.execute(delete(SESSIONS).where(SESSIONS.c.session_id.in_(old))).rowcount

    # Known devices

    def knows_device(self, account_key: str, token_hash: str) -> bool:
        """Whether an account, named by its id or its address key, logged in on that device before."""
        query = (
            select(DEVICES.c.account_id)
            .join(ACCOUNTS, ACCOUNTS.c.account_id == DEVICES.c.account_id)
            .where(DEVICES.c.token_hash == token_hash)
            .where(or_(ACCOUNTS.c.address_key == account_key, ACCOUNTS.c.account_id == account_key))
        )
        return self._connection.scalar(query) is not None

    def has_devices(self, account_id: str) -> bool:
        """Whether an account ever logged in, as far as is known."""
        query = select(DEVICES.c.token_hash).where(DEVICES.c.account_id == account_id).limit(1)
        return self._connection.scalar(query) is not None

    def use_device(self, account_id: str, token_hash: str) -> bool:
        """A known device is used now; False if it is not known."""
        known = (DEVICES.c.account_id == account_id, DEVICES.c.token_hash == token_hash)
        return self._connection.execute(update(DEVICES).where(*known).values(last_seen_at=self._now)).rowcount == 1

    def add_device(self, account_id: str, token_hash: str) -> None:
        """Know a device from now on."""
        insert_if_absent(
            self._connection,
            DEVICES,
            account_id=account_id,
            token_hash=token_hash,
            first_seen_at=self._now,
            last_seen_at=self._now,
        )

    def forget_devices(self, account_id: str) -> None:
        """All devices of an account are strangers again."""
        self._connection.execute(delete(DEVICES).where(DEVICES.c.account_id == account_id))

    def forget_old_devices(self, before: datetime, limit: int) -> int:
        """Delete devices that were last used before a moment; returns how many."""
        old = select(DEVICES.c.token_hash).where(DEVICES.c.last_seen_at < before).limit(limit)
        return self._connection.execute(delete(DEVICES).where(DEVICES.c.token_hash.in_(old))).rowcount


def _columns(session: Session) -> dict[str, object]:
    return {
        "account_id": session.account_id,
        "token_hash": session.token_hash,
        "assurance": session.assurance.value,
        "ip": session.ip,
        "browser": session.browser,
        "opened_at": session.opened_at,
        "authenticated_at": session.authenticated_at,
        "last_used_at": session.last_used_at,
        "expires_at": session.expires_at,
    }


def _session(row: RowMapping) -> Session:
    return Session(
        session_id=row["session_id"],
        account_id=row["account_id"],
        token_hash=row["token_hash"],
        assurance=Assurance(row["assurance"]),
        ip=row["ip"],
        browser=row["browser"],
        opened_at=row["opened_at"],
        authenticated_at=row["authenticated_at"],
        last_used_at=row["last_used_at"],
        expires_at=row["expires_at"],
    )
