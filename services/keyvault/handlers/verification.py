"""Have the audit verified; for administrators."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from services.keyvault.domain.audit import Action
from services.keyvault.handlers.admission import Admission
from services.keyvault.handlers.decisions import Decided, Decisions
from services.keyvault.handlers.ports import Unit
from shared.bus.context import Caller
from shared.contracts.vault import AuditHead, AuditVerified, VerifyAudit


class Verification:
    """Lets administrators verify the audit.

    Args:
        verify: Compares the chain with our heads and these; long, and outside any transaction.
    """

    def __init__(
        self,
        decisions: Decisions,
        admission: Admission,
        verify: Callable[[Iterable[AuditHead]], AuditVerified],
    ) -> None:
        self._decisions = decisions
        self._admission = admission
        self._verify = verify

    def verify(self, query: VerifyAudit, caller: Caller) -> AuditVerified:
        """Compute the whole chain anew.

        Raises:
            VaultDeniedError: Somebody else than an administrator asks.
        """
        self._decisions.make(caller, Action.VERIFY_AUDIT, lambda unit: self._admitted(unit, query, caller))
        return self._verify(query.heads)

    def _admitted(self, unit: Unit, query: VerifyAudit, caller: Caller) -> Decided[None]:
        self._admission.require_administrator(unit, caller, query.ticket, once=False)
        return Decided(reply=None)
