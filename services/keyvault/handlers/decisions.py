"""How every call is decided: its effect and its audit row in one transaction, or a refusal and its audit row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from services.keyvault.domain.audit import Action, AuditOutcome
from services.keyvault.domain.limits import DENIALS
from services.keyvault.domain.records import Record
from services.keyvault.handlers.ports import Audit, Limits, Store, Unit
from shared.bus.context import Caller
from shared.contracts.refusals import KeyUnavailableError, RecordCorruptError, VaultDeniedError
from shared.errors import StudiomaticError

UNSIGNED = "-"
"""Actor of a call that nobody signed."""

R = TypeVar("R")

_log = structlog.get_logger(__name__)


class RefusedError(Exception):
    """A step ends here; nothing of it takes effect. Never leaves the handlers.

    Args:
        reason: For the audit only; a word of a closed set.
        error: What the caller is told.
        unreadable: A record that did not open; it is set aside.
    """

    def __init__(
        self,
        reason: str,
        error: StudiomaticError | None = None,
        *,
        record_id: str = "",
        unreadable: Record | None = None,
    ) -> None:
        super().__init__()
        self.reason = reason
        self.error = error or VaultDeniedError()
        self.record_id = record_id or (unreadable.record_id if unreadable else "")
        self.unreadable = unreadable


@dataclass(frozen=True, kw_only=True)
class Decided(Generic[R]):
    """What was decided.

    Attributes:
        record_id: What the audit names; only of a record that was found, never a caller's own words.
        outcome, reason: For the audit.
    """

    reply: R
    record_id: str = ""
    outcome: AuditOutcome = AuditOutcome.ALLOWED
    reason: str = ""


class Decisions:
    """Runs the steps of calls and audits how they end."""

    def __init__(self, store: Store, audit: Audit, limits: Limits) -> None:
        self._store = store
        self._audit = audit
        self._limits = limits

    def make(self, caller: Caller, action: Action, step: Callable[[Unit], Decided[R]]) -> R:
        """Run one step in a transaction.

        Raises:
            VaultDeniedError: It was refused, or cannot be audited.
            StudiomaticError: Whatever else the step said.
        """
        try:
            with self._store.transaction() as unit:
                decided = step(unit)
                self._record(unit, caller, action, decided.record_id, decided.outcome, decided.reason)
                return decided.reply
        except RefusedError as refused:
            self._refuse(caller, action, refused)
            error = refused.error
        raise error from None

    def _refuse(self, caller: Caller, action: Action, refused: RefusedError) -> None:
        """Write down why; of a flood of refusals only that there is one."""
        with self._store.transaction() as unit:
            if refused.unreadable is not None:
                self._set_aside(unit, refused.unreadable)
            over = self._limits.count(unit, DENIALS, caller.signer or UNSIGNED)
            if over is None:
                self._record(unit, caller, action, refused.record_id, AuditOutcome.DENIED, refused.reason)
            elif over.first:
                self._record(unit, caller, action, "", AuditOutcome.LIMITED, over.limit.name)

    def _set_aside(self, unit: Unit, record: Record) -> None:
        unit.records.quarantine(record.record_id, record.sealed)
        _log.error("record_quarantined", record_id=record.record_id, user_key_version=record.user_key_version)

    def _record(
        self, unit: Unit, caller: Caller, action: Action, record_id: str, outcome: AuditOutcome, reason: str
    ) -> None:
        self._audit.record(
            unit,
            actor=caller.signer or UNSIGNED,
            action=action,
            account_id=caller.account_id,
            record_id=record_id,
            outcome=outcome,
            reason=reason,
        )


def unreadable(record: Record, error: RecordCorruptError | KeyUnavailableError) -> RefusedError:
    """The refusal for a record that does not open; one whose key is only missing is not set aside."""
    return RefusedError(
        error.code,
        error,
        record_id=record.record_id,
        unreadable=record if isinstance(error, RecordCorruptError) else None,
    )
