"""What happened to the security of an account, for its owner and nobody else to see."""

from __future__ import annotations

from datetime import timedelta

from services.auth.domain.browsers import browser_family
from services.auth.domain.records import Outcome, SecurityEvent
from services.auth.handlers.identity import Identity
from services.auth.handlers.ports import Store, Unit
from shared.contracts.accounts import ClientInfo
from shared.contracts.sessions import ListSecurityEvents, SecurityEventList

KEPT_FOR = timedelta(days=90)

NOBODY = "00000000-0000-0000-0000-000000000000"
"""Whom attempts at accounts that do not exist are written down for, so that they cost what others cost."""


class SecurityEvents:
    """Writes security events down; never with a secret (ASVS 5.0 16.2.5, 16.3.1)."""

    def record(
        self, unit: Unit, account_id: str, kind: SecurityEvent, outcome: Outcome, client: ClientInfo | None
    ) -> None:
        """Note what happened, if the transaction commits."""
        unit.events.add(
            account_id,
            kind,
            outcome,
            ip=client.ip if client else "",
            browser=browser_family(client.user_agent) if client else "",
        )

    def record_throttled(self, unit: Unit, account_id: str, kind: SecurityEvent, client: ClientInfo) -> None:
        """Note an attempt that was not looked at: the first of a row only, for they cost nothing and must not fill
        the table.
        """
        newest = unit.events.newest(account_id, 1)
        if not newest or newest[0].outcome != Outcome.THROTTLED:
            self.record(unit, account_id, kind, Outcome.THROTTLED, client)


class SecurityEventsOfAPerson:
    """Shows people what happened to their accounts."""

    def __init__(self, store: Store, identity: Identity) -> None:
        self._store = store
        self._identity = identity

    def newest(self, query: ListSecurityEvents) -> SecurityEventList:
        """The newest events of the session's account."""
        with self._store.transaction() as unit:
            session, _ = self._identity.require(unit, query.session)
            return SecurityEventList(events=unit.events.newest(session.account_id, query.limit))
