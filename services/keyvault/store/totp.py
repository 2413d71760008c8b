"""Rows of second-factor seeds among the sealed records."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, or_, select, update

from services.keyvault.domain.records import Record, RecordPurpose
from services.keyvault.store.records import record_or_none
from services.keyvault.tables import RECORDS

_R = RECORDS.c


class TotpRows:
    """Reads and writes seeds."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def confirmed(self, account_id: str) -> Record | None:
        """The seed of the account."""
        query = (
            select(RECORDS)
            .where(_R.account_id == account_id, _R.purpose == RecordPurpose.TOTP)
            .order_by(_R.created_at.desc(), _R.record_id.desc())
            .limit(1)
        )
        return record_or_none(self._connection.execute(query).first())

    def pending(self, account_id: str, record_id: str) -> Record | None:
        """A seed that waits for its first code, unless it is too old."""
        query = select(RECORDS).where(
            _R.record_id == record_id,
            _R.account_id == account_id,
            _R.purpose == RecordPurpose.TOTP_PENDING,
            _R.expires_at > self._now,
        )
        return record_or_none(self._connection.execute(query).first())

    def use_step(self, record_id: str, step: int) -> bool:
        """Use up a time step; False if this one or a newer one was used before: of many callers one wins."""
        statement = (
            update(RECORDS)
            .where(_R.record_id == record_id, or_(_R.last_step.is_(None), _R.last_step < step))
            .values(last_step=step, last_used_at=self._now)
        )
        return self._connection.execute(statement).rowcount == 1

    def remove(self, account_id: str, purpose: RecordPurpose) -> int:
        """Forget the account's seeds, confirmed or pending."""
        statement = delete(RECORDS).where(_R.account_id == account_id, _R.purpose == purpose)
        return self._connection.execute(statement).rowcount

    def remove_expired(self) -> int:
        """Forget pending seeds that nobody confirmed in time."""
        statement = delete(RECORDS).where(_R.purpose == RecordPurpose.TOTP_PENDING, _R.expires_at <= self._now)
        return self._connection.execute(statement).rowcount
