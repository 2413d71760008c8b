"""Rows of sealed records."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from services.keyvault.domain.records import Record, RecordPurpose
from services.keyvault.tables import RECORDS
from shared.contracts.vault import KeyStatus

_R = RECORDS.c


class RecordRows:
    """Reads and writes sealed records."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, record: Record) -> None:
        """Keep a new record."""
        values = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
        self._connection.execute(RECORDS.insert().values(values))

    def get(self, account_id: str, record_id: str, purpose: RecordPurpose) -> Record | None:
        """A record of this account and purpose; of another is none."""
        query = select(RECORDS).where(
            _R.record_id == record_id, _R.account_id == account_id, _R.purpose == purpose
        )
        return record_or_none(self._connection.execute(query).first())

    def newest(self, account_id: str, provider: str) -> Record | None:
        """The provider key of that provider that was put or replaced last."""
        query = (
            select(RECORDS)
            .where(
                _R.account_id == account_id,
                _R.purpose == RecordPurpose.PROVIDER_KEY,
                _R.provider == provider,
            )
            .order_by(func.coalesce(_R.replaced_at, _R.created_at).desc(), _R.record_id.desc())
            .limit(1)
        )
        return record_or_none(self._connection.execute(query).first())

    def of_account(self, account_id: str, purpose: RecordPurpose) -> tuple[Record, ...]:
        """The newest first."""
        query = (
            select(RECORDS)
            .where(_R.account_id == account_id, _R.purpose == purpose)
            .order_by(_R.created_at.desc(), _R.record_id.desc())
        )
        return tuple(map(record_of, self._connection.execute(query)))

    def count(self, account_id: str, purpose: RecordPurpose) -> int:
        """How many the account has."""
        query = select(func.count()).where(_R.account_id == account_id, _R.purpose == purpose)
        return self._connection.scalar(query) or 0

    def update(self, record_id: str, **columns: Any) -> None:
        """Change some columns."""
        self._connection.execute(update(RECORDS).where(_R.record_id == record_id).values(columns))

    def reseal(self, record: Record, sealed: bytes, user_key_version: int) -> bool:
        """Put other bytes in the place of exactly those in ``record``; False if they are not there any more."""
        statement = (
            update(RECORDS)
            .where(_R.record_id == record.record_id, _R.sealed == record.sealed)
            .values(sealed=sealed, user_key_version=user_key_version)
        )
        return self._connection.execute(statement).rowcount == 1

    def quarantine(self, record_id: str, sealed: bytes) -> None:
        """Set aside a record that did not open, unless it was replaced meanwhile."""
        self._connection.execute(
            update(RECORDS)
            .where(_R.record_id == record_id, _R.sealed == sealed)
            .values(quarantined=True, status=KeyStatus.UNREADABLE)
        )

    def mark(self, record: Record, status: KeyStatus) -> None:
        """Note what a provider says of a key, unless it was replaced meanwhile."""
        self._connection.execute(
            update(RECORDS)
            .where(_R.record_id == record.record_id, _R.sealed == record.sealed)
            .values(status=status)
        )

    def touch(self, record_id: str, used_at: datetime) -> None:
        """It was used."""
        self.update(record_id, last_used_at=used_at)

    def remove(self, account_id: str, record_id: str, purpose: RecordPurpose) -> bool:
        """Forget one; False if the account has none of that id and purpose."""
        statement = delete(RECORDS).where(
            _R.record_id == record_id, _R.account_id == account_id, _R.purpose == purpose
        )
        return self._connection.execute(statement).rowcount == 1

    def remove_all(self, account_id: str) -> int:
        """Forget all of an account, seeds too."""
        return self._connection.execute(delete(RECORDS).where(_R.account_id == account_id)).rowcount

    def under(self, account_id: str, user_key_version: int, limit: int) -> tuple[Record, ...]:
        """Some of those that are sealed under one version of the account's key, and were not set aside."""
        query = (
            select(RECORDS)
            .where(
                _R.account_id == account_id,
                _R.user_key_version == user_key_version,
                _R.quarantined.is_(False),
            )
            .order_by(_R.record_id)
            .limit(limit)
        )
        return tuple(map(record_of, self._connection.execute(query)))


def record_or_none(row: Row[Any] | None) -> Record | None:
    """The record of a row, if there is a row."""
    return None if row is None else record_of(row)


def record_of(row: Row[Any]) -> Record:
    """The record of a row."""
    return Record(
        record_id=row.record_id,
        account_id=row.account_id,
        provider=row.provider,
        purpose=RecordPurpose(row.purpose),
        label=row.label,
        last4=row.last4,
        user_key_version=row.user_key_version,
        sealed=bytes(row.sealed),
        status=KeyStatus(row.status),
        quarantined=row.quarantined,
        last_step=row.last_step,
        created_at=row.created_at,
        replaced_at=row.replaced_at,
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
    )
