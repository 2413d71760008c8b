"""Nothing waits to be sent, and nobody is making anything."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, MetaData, select

from services.content.domain.ledger import LedgerState
from services.content.tables import LEDGER
from shared.bus.outbox import outbox_table
from shared.clock import SystemClock

_OUTBOX = outbox_table(MetaData())


def outbox_violations(connection: Connection, service: str) -> Iterator[str]:
    """Messages of a service that its outbox still holds."""
    query = (
        select(_OUTBOX.c.message_id, _OUTBOX.c.type, _OUTBOX.c.stored_at)
        .where(_OUTBOX.c.sent_at.is_(None))
        .order_by(_OUTBOX.c.position)
    )
    for row in connection.execute(query):
        yield f"the outbox of {service} still holds {row.type} {row.message_id}, stored at {row.stored_at}"


def ledger_violations(connection: Connection) -> Iterator[str]:
    """Requests to providers that somebody still makes; what a dead maker left is free and harms nobody."""
    now = SystemClock().now()
    query = select(LEDGER).where(LEDGER.c.state != LedgerState.STORED.value, LEDGER.c.lease_until > now)
    for row in connection.execute(query):
        yield (
            f"entry {row.digest[:12]} in the ledger of {row.account_id} ({row.kind}) is {row.state} by execution"
            f" {row.execution_id} until {row.lease_until}"
        )
