"""Wires gdpr."""

from __future__ import annotations

from services.gdpr.handlers.audit_heads import AuditHeads
from services.gdpr.store import GdprStore
from services.gdpr.tables import INBOX, OUTBOX
from shared.bus.inbox import Inbox
from shared.bus.outbox import Outbox
from shared.bus.relay import Publish, Relay
from shared.clock import SystemClock
from shared.config import Settings
from shared.db import open_service_database
from shared.migrate import migrate

SERVICE = "gdpr"


class Gdpr:
    """The service's use cases."""

    def __init__(self, settings: Settings, *, publish: Publish, epoch: str) -> None:
        self._database = open_service_database(settings, SERVICE)
        migrate(self._database, SERVICE)
        self.audit_heads = AuditHeads(GdprStore(self._database, SystemClock()))
        self.relay = Relay(self._database, Outbox(OUTBOX), publish, epoch, Inbox(INBOX))

    def start(self) -> None:
        """Purge what was heard long ago, now and then."""
        self.relay.start()

    def stop(self) -> None:
        """End."""
        self.relay.stop()
        self._database.close()
