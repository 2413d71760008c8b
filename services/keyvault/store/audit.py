"""The audit chain and its signed heads. Rows are only ever added: triggers refuse to change or delete them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping, insert, select, text
from sqlalchemy.exc import DBAPIError

from services.keyvault.crypto.audit_chain import BEGINNING, row_hash
from services.keyvault.domain.audit import AuditEntry, AuditRow
from services.keyvault.tables import AUDIT, AUDIT_HEADS
from shared.contracts.refusals import VaultDeniedError
from shared.contracts.vault import AuditHead
from shared.db import insert_if_absent
from shared.db.failures import unavailability_reported

_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || '.audit', 0))"
_END = "SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1"
_LOCKED_END = {"sqlite": text(_END), "postgresql": text(f"{_LOCK}; {_END}")}
"""One message to the server, two statements: the second sees what was committed while the first waited."""

_INSERT = insert(AUDIT)


class AuditRows:
    """Reads and writes them."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def append(self, entry: AuditEntry) -> AuditRow:
        """Add the next row of the chain; other writers wait until the transaction ends, so do it last.

        Raises:
            VaultDeniedError: The table takes no row.
            DatabaseUnavailableError: The database is away.
        """
        try:
            with unavailability_reported(writing=True):
                return self._append(entry)
        except DBAPIError:  # rights, triggers, no such table, … : what is not audited is not done
            raise VaultDeniedError from None

    def lock(self) -> None:
        """Let nobody else add a row until the transaction ends; on SQLite nobody can anyway."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text(_LOCK))

    def last(self) -> AuditRow | None:
        """The end of the chain."""
        query = select(AUDIT).order_by(AUDIT.c.sequence.desc()).limit(1)
        row = self._connection.execute(query).mappings().one_or_none()
        return _row(row) if row else None

    def after(self, sequence: int, limit: int) -> tuple[AuditRow, ...]:
        """The next rows, in order."""
        query = select(AUDIT).where(AUDIT.c.sequence > sequence).order_by(AUDIT.c.sequence).limit(limit)
        return tuple(_row(row) for row in self._connection.execute(query).mappings())

    def add_head(self, head: AuditHead) -> bool:
        """Keep a signed head; False if there is one of this row."""
        return insert_if_absent(self._connection, AUDIT_HEADS, **head.model_dump())

    def newest_head(self) -> AuditHead | None:
        """The head that was signed last."""
        query = select(AUDIT_HEADS).order_by(AUDIT_HEADS.c.sequence.desc()).limit(1)
        row = self._connection.execute(query).mappings().one_or_none()
        return AuditHead.model_validate(row) if row else None

    def heads(self) -> tuple[AuditHead, ...]:
        """All signed heads, in order."""
        query = select(AUDIT_HEADS).order_by(AUDIT_HEADS.c.sequence)
        return tuple(AuditHead.model_validate(row) for row in self._connection.execute(query).mappings())

    def _append(self, entry: AuditEntry) -> AuditRow:
        last = self._connection.execute(_LOCKED_END[self._connection.dialect.name]).one_or_none()
        sequence, previous = (last.sequence + 1, last.hash) if last else (1, BEGINNING)
        row = AuditRow(
            sequence=sequence,
            occurred_at=self._now,
            entry=entry,
            previous=previous,
            hash=row_hash(sequence, self._now, entry, previous),
        )
        self._connection.execute(_INSERT, _columns(row))
        return row


def _columns(row: AuditRow) -> dict[str, object]:
    return {
        **vars(row.entry),
        "sequence": row.sequence,
        "occurred_at": row.occurred_at,
        "previous": row.previous,
        "hash": row.hash,
    }


def _row(row: RowMapping) -> AuditRow:
    return AuditRow(
        sequence=row["sequence"],
        occurred_at=row["occurred_at"],
        entry=AuditEntry(
            actor=row["actor"],
            action=row["action"],
            outcome=row["outcome"],
            subject=row["subject"],
            record_id=row["record_id"],
            job_id=row["job_id"],
            grant_id=row["grant_id"],
            reason=row["reason"],
        ),
        previous=row["previous"],
        hash=row["hash"],
    )
