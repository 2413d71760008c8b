"""Notes what the privacy policy says is noted, and nothing else."""

from __future__ import annotations

from services.auth.domain.browsers import browser_family
from services.auth.domain.usage import UsageKind
from services.auth.handlers.identity import Identity
from services.auth.handlers.ports import Store
from shared.contracts.accounts import RecordUsage, RequestAccepted
from shared.contracts.envelope import Envelope

RENDERS = "auth.renders"


class Usage:
    """Notes pages and videos."""

    def __init__(self, store: Store, identity: Identity) -> None:
        self._store = store
        self._identity = identity

    def record(self, query: RecordUsage) -> RequestAccepted:
        """Somebody opened a page."""
        with self._store.transaction() as unit:
            session, _ = self._identity.require(unit, query.session)
            unit.usage.add(
                session.account_id,
                UsageKind.PAGE_OPENED,
                ip=query.client.ip,
                browser=browser_family(query.client.user_agent),
                page=query.page,
            )
        return RequestAccepted()

    def note_render(self, envelope: Envelope) -> None:
        """A job ended with a video; of accounts that are not ours, or not any more, nothing is noted."""
        with self._store.transaction() as unit:
            account_id = envelope.accountid
            if account_id is None or not unit.first_time(RENDERS, envelope.id):
                return
            if unit.accounts.get(account_id) is not None:
                unit.usage.add(account_id, UsageKind.VIDEO_RENDERED, ip=None, browser=None, page=None)
