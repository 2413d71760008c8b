"""Rows of accounts, their addresses and states."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, select, update
from sqlalchemy.exc import IntegrityError

from services.auth.domain.records import Account
from services.auth.tables import ACCOUNTS, FIRST_ADMINISTRATOR, MAILS, METADATA, OUTBOX
from shared.contracts.accounts import AccountState, Role
from shared.db import insert_if_absent

_ACCOUNT_TABLES = [
    MAILS,
    *(
        table
        for table in METADATA.sorted_tables
        if "account_id" in table.columns and table not in (ACCOUNTS, MAILS, OUTBOX)
    ),
]
"""Every table that holds something about an account, so that a new one is never forgotten.

Mails come first: who sends one makes a link while he holds it, and nobody may wait for each other.
"""


class AccountRows:
    """Reads and writes accounts, their addresses and states."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, account: Account) -> bool:
        """Keep a new account; False if its address, in any spelling, has one."""
        return insert_if_absent(
            self._connection,
            ACCOUNTS,
            account_id=account.account_id,
            state=account.state.value,
            role=account.role.value,
            name=account.name,
            email=account.email,
            address_key=account.address_key,
            company=account.company,
            country=account.country,
            language=account.language,
            old_enough_checked_at=account.created_at,
            created_at=account.created_at,
        )

    def get(self, account_id: str) -> Account | None:
        """An account by its id."""
        return self._one(ACCOUNTS.c.account_id == account_id)

    def by_address(self, key: str) -> Account | None:
        """An account by the key of its address."""
        return self._one(ACCOUNTS.c.address_key == key)

    def lock(self, account_id: str) -> Account | None:
        """An account that nobody else can change until the transaction ends."""
        return self._one(ACCOUNTS.c.account_id == account_id, locked=True)

    def update(self, account_id: str, **columns: Any) -> None:
        """Change columns of an account."""
        self._connection.execute(update(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id).values(**columns))

    def move(self, account_id: str, *, email: str, key: str) -> bool:
        """Give an account another address, and forget the one it asked for; False if the address is taken."""
        moved = update(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id)
        try:
            with self._connection.begin_nested():
                self._connection.execute(
                    moved.values(email=email, address_key=key, new_email=None, new_address_key=None)
                )
        except IntegrityError:
            return False
        return True

    def never_confirmed(self, created_before: datetime, limit: int) -> tuple[str, ...]:
        """Ids of accounts opened before a moment whose address was not confirmed, the oldest first."""
        query = (
            select(ACCOUNTS.c.account_id)
            .where(ACCOUNTS.c.state == AccountState.UNCONFIRMED.value, ACCOUNTS.c.created_at <= created_before)
            .order_by(ACCOUNTS.c.created_at)
            .limit(limit)
        )
        return tuple(self._connection.scalars(query))

    def purge(self, account_id: str) -> bool:
        """Delete an account and all that is kept about it; False if its address was confirmed meanwhile."""
        never_confirmed = ACCOUNTS.c.state == AccountState.UNCONFIRMED.value
        gone = self._connection.execute(
            delete(ACCOUNTS).where(ACCOUNTS.c.account_id == account_id, never_confirmed)
        ).rowcount
        if gone:
            for table in _ACCOUNT_TABLES:
                self._connection.execute(delete(table).where(table.c.account_id == account_id))
        return bool(gone)

    # The first administrator

    def has_administrator(self) -> bool:
        """Whether there is an administrator."""
        query = select(ACCOUNTS.c.account_id).where(ACCOUNTS.c.role == Role.ADMINISTRATOR.value).limit(1)
        return self._connection.scalar(query) is not None

    def offer_administration(self, token_hash: str, *, issued_before: datetime) -> bool:
        """Keep the token of the first administrator; False while an earlier one is good, or was used.

        Args:
            issued_before: A token from before this moment is no good any more, and is replaced.
        """
        if insert_if_absent(
            self._connection, FIRST_ADMINISTRATOR, one=1, token_hash=token_hash, issued_at=self._now
        ):
            return True
        replaced = self._connection.execute(
            update(FIRST_ADMINISTRATOR)
            .where(FIRST_ADMINISTRATOR.c.used_at.is_(None), FIRST_ADMINISTRATOR.c.issued_at <= issued_before)
            .values(token_hash=token_hash, issued_at=self._now)
        ).rowcount
        return bool(replaced)

    def take_administration(self, token_hash: str, *, issued_after: datetime) -> bool:
        """Use the token of the first administrator up; False for a wrong, old or used one."""
        taken = self._connection.execute(
            update(FIRST_ADMINISTRATOR)
            .where(FIRST_ADMINISTRATOR.c.token_hash == token_hash)
            .where(FIRST_ADMINISTRATOR.c.used_at.is_(None), FIRST_ADMINISTRATOR.c.issued_at > issued_after)
            .values(used_at=self._now)
        ).rowcount
        return bool(taken)

    def _one(self, condition: Any, *, locked: bool = False) -> Account | None:
        query = select(ACCOUNTS).where(condition)
        if locked:
            query = query.with_for_update()
        row = self._connection.execute(query).mappings().one_or_none()
        return _account(row) if row else None


def _account(row: RowMapping) -> Account:
    return Account(
        account_id=row["account_id"],
        state=AccountState(row["state"]),
        role=Role(row["role"]),
        name=row["name"],
        email=row["email"],
        address_key=row["address_key"],
        new_email=row["new_email"],
        new_address_key=row["new_address_key"],
        company=row["company"],
        country=row["country"],
        language=row["language"],
        created_at=row["created_at"],
        confirmed_at=row["confirmed_at"],
        deletion_requested_at=row["deletion_requested_at"],
        factors_removed_at=row["factors_removed_at"],
    )
