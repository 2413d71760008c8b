"""Audits calls that the bus refused: unsigned, altered, rerouted or repeated. Nothing in them is true for sure."""

from __future__ import annotations

from services.keyvault.domain.audit import Action, AuditOutcome
from services.keyvault.domain.grants import Denial
from services.keyvault.domain.limits import FORGERIES
from services.keyvault.handlers.audit import Audit
from services.keyvault.handlers.decisions import UNSIGNED
from services.keyvault.handlers.limits import Limits, LimitStore
from shared.bus.guarding import ReplayedError
from shared.contracts.envelope import Envelope
from shared.errors import NotGenuineError


class RefusedCalls:
    """Writes down what was tried, without a word of what was said."""

    def __init__(self, store: LimitStore, audit: Audit, limits: Limits) -> None:
        self._store = store
        self._audit = audit
        self._limits = limits

    def record(self, envelope: Envelope, error: NotGenuineError) -> None:
        """Audit one call; when there are very many only that there are."""
        with self._store.transaction() as unit:
            over = self._limits.count(unit, FORGERIES)
            if over is not None and not over.first:
                return
            self._audit.record(
                unit,
                actor=UNSIGNED,
                action=action_of(envelope.type),
                account_id="",
                outcome=AuditOutcome.DENIED if over is None else AuditOutcome.LIMITED,
                reason=_reason(error) if over is None else FORGERIES.name,
            )


def action_of(message_type: str) -> Action:
    """What a call of this wire name tries, e.g. ``keyvault.put_key.v1``."""
    return Action(message_type.split(".")[1])


def _reason(error: NotGenuineError) -> Denial:
    return Denial.REPLAY if isinstance(error, ReplayedError) else Denial.NOT_GENUINE
