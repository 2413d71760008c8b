"""Keeps the signed heads of the vault's audit where keyvault cannot change them: a cut end shows."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

import structlog

from shared.contracts.envelope import Envelope, read
from shared.contracts.vault import AuditHead, AuditHeadList, AuditHeadSigned, ListAuditHeads

CONSUMER = "gdpr.audit_heads"

_log = structlog.get_logger(__name__)


class Unit(Protocol):
    """What can be done inside one transaction of the store."""

    def first_time(self, consumer: str, message_id: str) -> bool: ...
    def add_head(self, head: AuditHead) -> bool: ...
    def heads(self, limit: int) -> tuple[AuditHead, ...]: ...


class Store(Protocol):
    """Gdpr's state."""

    def transaction(self) -> AbstractContextManager[Unit]: ...
    def reading(self) -> AbstractContextManager[Unit]: ...


class AuditHeads:
    """Hears and lists heads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def hear(self, envelope: Envelope) -> None:
        """Keep a head; a copy changes nothing. The bus has checked that keyvault signed the fact."""
        head = read(envelope, AuditHeadSigned).head
        with self._store.transaction() as unit:
            new = unit.first_time(CONSUMER, envelope.id) and unit.add_head(head)
        if new:
            _log.info("audit_head_kept", sequence=head.sequence)

    def list(self, query: ListAuditHeads) -> AuditHeadList:
        """The heads that are kept, the newest first."""
        with self._store.reading() as unit:
            return AuditHeadList(heads=unit.heads(query.limit))
