"""Writes the audit, signs its end now and then, and verifies the whole of it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from services.keyvault.crypto.audit_chain import ChainVerifier, is_by_keyvault, signed_head
from services.keyvault.domain.audit import NOBODY, AuditEntry, AuditRow, Verdict
from shared.contracts.message import Fact
from shared.contracts.refusals import VaultDeniedError
from shared.contracts.vault import AuditHead, AuditHeadSigned, AuditVerified
from shared.signing import Signer, Verifier

ROWS_PER_HEAD = 100
HEAD_AFTER = timedelta(seconds=60)
"""No row stays unsigned for longer, however few there are."""

_ROWS_AT_ONCE = 1_000

_log = structlog.get_logger(__name__)


class AuditRows(Protocol):
    """The chain and its heads."""

    def append(self, entry: AuditEntry) -> AuditRow: ...
    def lock(self) -> None: ...
    def last(self) -> AuditRow | None: ...
    def after(self, sequence: int, limit: int) -> tuple[AuditRow, ...]: ...
    def add_head(self, head: AuditHead) -> bool: ...
    def newest_head(self) -> AuditHead | None: ...
    def heads(self) -> tuple[AuditHead, ...]: ...


class Pseudonyms(Protocol):
    """How the audit names accounts."""

    def pseudonym(self, account_id: str) -> str | None: ...


class AuditUnit(Protocol):
    """What the audit needs of a transaction."""

    @property
    def now(self) -> datetime: ...
    @property
    def audit(self) -> AuditRows: ...
    @property
    def user_keys(self) -> Pseudonyms: ...
    def publish(self, message: Fact) -> None: ...


class AuditStore(Protocol):
    """Where the audit is kept."""

    def transaction(self) -> AbstractContextManager[AuditUnit]: ...
    def reading(self) -> AbstractContextManager[AuditUnit]: ...


class Audit:
    """The chain of who did what to which record."""

    def __init__(self, store: AuditStore, signer: Signer, pins: Verifier) -> None:
        self._store = store
        self._signer = signer
        self._pins = pins

    def record(
        self,
        unit: AuditUnit,
        *,
        actor: str,
        action: str,
        account_id: str,
        outcome: str,
        record_id: str = "",
        job_id: str = "",
        grant_id: str = "",
        reason: str = "",
        subject: str | None = None,
    ) -> None:
        """Add a row in the transaction of the decision itself, as its last step: other writers wait for it.

        Args:
            account_id: Written as its pseudonym, and not at all if the account has no key here.
            subject: That pseudonym, where it is known already.
            record_id, job_id, grant_id: Only such as are known to exist; a caller's own words never come here.

        Raises:
            VaultDeniedError: It cannot be written; what is not audited is not done.
        """
        entry = AuditEntry(
            actor=actor,
            action=action,
            outcome=outcome,
            subject=subject or unit.user_keys.pseudonym(account_id) or NOBODY,
            record_id=record_id,
            job_id=job_id,
            grant_id=grant_id,
            reason=reason,
        )
        try:
            row = unit.audit.append(entry)
        except VaultDeniedError:
            _log.error("audit_not_writable", action=str(action))
            raise
        if row.sequence % ROWS_PER_HEAD == 0:
            self._sign(unit, row)

    def sign_if_due(self) -> int:
        """Sign the end of the chain if a row waits for it for a minute; returns how many heads that gave."""
        with self._store.transaction() as unit:
            unit.audit.lock()
            head, last = unit.audit.newest_head(), unit.audit.last()
            unsigned = unit.audit.after(head.sequence if head else 0, 1)
            if last is None or not unsigned or unit.now - unsigned[0].occurred_at < HEAD_AFTER:
                return 0
            self._sign(unit, last)
        return 1

    def verify(self, heads: Iterable[AuditHead]) -> AuditVerified:
        """Compute the whole chain anew and compare it with our own heads and those that others keep."""
        with self._store.reading() as unit:
            known = (*unit.audit.heads(), *heads)
        verdict = self._forged(known) or self._verdict(known)
        return AuditVerified(
            rows=verdict.rows, whole=verdict.whole, first_bad=verdict.first_bad, reason=verdict.reason
        )

    def _verdict(self, heads: Iterable[AuditHead]) -> Verdict:
        """Some rows at a time: others may work in between, and memory stays flat."""
        chain, sequence = ChainVerifier(heads), 0
        while True:
            with self._store.reading() as unit:
                rows = unit.audit.after(sequence, _ROWS_AT_ONCE)
            if not rows:
                return chain.end()
            failure = chain.failure(rows)
            if failure is not None:
                return failure
            sequence = rows[-1].sequence

    def _forged(self, heads: Iterable[AuditHead]) -> Verdict | None:
        """A head that its pinned key did not sign; heads by keys that are pinned no more are only compared."""
        for head in heads:
            if self._pins.service_of(head.kid) is not None and not is_by_keyvault(head, self._pins):
                return Verdict(first_bad=head.sequence, reason="a head has a forged signature")
        return None

    def _sign(self, unit: AuditUnit, row: AuditRow) -> None:
        head = signed_head(row, self._signer, unit.now)
        if unit.audit.add_head(head):
            unit.publish(AuditHeadSigned(head=head))
