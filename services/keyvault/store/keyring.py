"""Rows about the keyring: which versions this vault was used with, and how far a rewrap is. Never a key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select, update

from services.keyvault.tables import KEYRING_VERSIONS, REWRAPS
from shared.db import insert_if_absent


class KeyringRows:
    """Reads and writes them."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def check_values(self) -> dict[int, str]:
        """Of every version that was ever used and is not destroyed."""
        query = select(KEYRING_VERSIONS.c.version, KEYRING_VERSIONS.c.check_value).where(
            KEYRING_VERSIONS.c.destroyed_at.is_(None)
        )
        return {row.version: row.check_value for row in self._connection.execute(query)}

    def remember(self, version: int, check_value: str) -> None:
        """A version is used from now on."""
        insert_if_absent(
            self._connection,
            KEYRING_VERSIONS,
            version=version,
            check_value=check_value,
            first_used_at=self._now,
        )

    def mark_destroyed(self, version: int) -> None:
        """A version is gone for good."""
        self._connection.execute(
            update(KEYRING_VERSIONS)
            .where(KEYRING_VERSIONS.c.version == version, KEYRING_VERSIONS.c.destroyed_at.is_(None))
            .values(destroyed_at=self._now)
        )

    def begin_rewrap(self, to_version: int) -> None:
        """Start one, or start a finished one anew; one that is under way goes on."""
        fresh = {"cursor": "", "rewrapped": 0, "started_at": self._now, "finished_at": None}
        if insert_if_absent(self._connection, REWRAPS, to_version=to_version, **fresh):
            return
        self._connection.execute(
            update(REWRAPS)
            .where(REWRAPS.c.to_version == to_version, REWRAPS.c.finished_at.is_not(None))
            .values(fresh)
        )

    def rewrap_cursor(self, to_version: int) -> str | None:
        """After which account to go on; None if none is under way."""
        query = select(REWRAPS.c.cursor).where(REWRAPS.c.to_version == to_version, REWRAPS.c.finished_at.is_(None))
        cursor: str | None = self._connection.scalar(query)
        return cursor

    def advance_rewrap(self, to_version: int, cursor: str, rewrapped: int) -> None:
        """So many more are done, up to and including this account."""
        self._connection.execute(
            update(REWRAPS)
            .where(REWRAPS.c.to_version == to_version)
            .values(cursor=cursor, rewrapped=REWRAPS.c.rewrapped + rewrapped)
        )

    def finish_rewrap(self, to_version: int) -> None:
        """Nothing is left to do."""
        self._connection.execute(
            update(REWRAPS).where(REWRAPS.c.to_version == to_version).values(finished_at=self._now)
        )
