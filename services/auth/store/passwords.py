"""Rows of password hashes, and of the peppers that were used for them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from services.auth.domain.passwords import StoredPassword
from services.auth.tables import PASSWORDS, PEPPERS
from shared.db import insert_if_absent


class PasswordRows:
    """Reads and writes password hashes and peppers."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def get(self, account_id: str) -> StoredPassword | None:
        """What is kept of an account's password."""
        query = select(PASSWORDS).where(PASSWORDS.c.account_id == account_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            return None
        return StoredPassword(phc=row["phc"], pepper_version=row["pepper_version"], must_change=row["must_change"])

    def set(self, account_id: str, phc: str, pepper_version: int, must_change: bool = False) -> None:
        """Keep a new password, whatever was there before."""
        values = {
            "phc": phc,
            "pepper_version": pepper_version,
            "changed_at": self._now,
            "must_change": must_change,
        }
        theirs = PASSWORDS.c.account_id == account_id
        if self._connection.execute(update(PASSWORDS).where(theirs).values(values)).rowcount == 0:
            self._connection.execute(insert(PASSWORDS).values(account_id=account_id, **values))

    def replace(self, account_id: str, old: StoredPassword, phc: str, pepper_version: int) -> bool:
        """Set a new password in place of ``old``; False if that is not the password any more."""
        changed = {
            "phc": phc,
            "pepper_version": pepper_version,
            "changed_at": self._now,
            "must_change": False,
        }
        return self._change(account_id, old, changed)

    def rehash(self, account_id: str, old: StoredPassword, phc: str, pepper_version: int) -> bool:
        """Keep a better hash of the same password; False if that is not the password any more."""
        return self._change(account_id, old, {"phc": phc, "pepper_version": pepper_version})

    def flag(self, account_id: str) -> None:
        """The password was found in a breach."""
        theirs = PASSWORDS.c.account_id == account_id
        self._connection.execute(update(PASSWORDS).where(theirs).values(must_change=True))

    def pepper_versions_in_use(self) -> frozenset[int]:
        """Versions without which somebody could not log in; 0 needs no pepper."""
        versions = self._connection.scalars(select(PASSWORDS.c.pepper_version).distinct())
        return frozenset(version for version in versions if version)

    def pepper_checks(self) -> dict[int, str]:
        """Check values of the peppers that were ever used here, by version."""
        return {row.version: row.check_value for row in self._connection.execute(select(PEPPERS))}

    def add_pepper_check(self, version: int, check_value: str) -> bool:
        """Remember a pepper; False if its version is known."""
        return insert_if_absent(self._connection, PEPPERS, version=version, check_value=check_value)

    def _change(self, account_id: str, old: StoredPassword, values: dict[str, object]) -> bool:
        unchanged = (PASSWORDS.c.account_id == account_id, PASSWORDS.c.phc == old.phc)
        return self._connection.execute(update(PASSWORDS).where(*unchanged).values(values)).rowcount == 1
