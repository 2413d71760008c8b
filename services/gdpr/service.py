"""Gdpr's entrypoints: translate messages to use cases, nothing else."""

from __future__ import annotations

from services.gdpr.dependencies import SERVICE, Gdpr
from shared.bus.context import Caller
from shared.bus.dependency import Provided, Wiring
from shared.bus.entrypoints import answer, listen
from shared.contracts.envelope import Envelope
from shared.contracts.vault import AuditHeadList, ListAuditHeads


def _gdpr(wiring: Wiring) -> Gdpr:
    return Gdpr(wiring.settings, publish=wiring.publisher.publish, epoch=wiring.epoch)


class GdprService:
    """Keeps what proves that others keep their promises."""

    name = SERVICE
    gdpr: Gdpr = Provided(_gdpr)

    @listen("gdpr.audit_heads")
    def keep_audit_head(self, envelope: Envelope) -> None:
        """Keyvault signed the end of its audit."""
        self.gdpr.audit_heads.hear(envelope)

    @answer(ListAuditHeads)
    def list_audit_heads(self, query: ListAuditHeads, _caller: Caller) -> AuditHeadList:
        """Read the heads that are kept."""
        return self.gdpr.audit_heads.list(query)
