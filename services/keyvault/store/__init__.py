"""Reads and writes keyvault's tables: one file for each subject, all of them in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from services.keyvault.store.accounts import AccountRows
from services.keyvault.store.audit import AuditRows
from services.keyvault.store.grant_uses import GrantUseRows
from services.keyvault.store.holdings import HoldingRows
from services.keyvault.store.keyring import KeyringRows
from services.keyvault.store.limits import LimitRows
from services.keyvault.store.records import RecordRows
from services.keyvault.store.replays import ReplayRows
from services.keyvault.store.totp import TotpRows
from services.keyvault.store.user_keys import UserKeyRows
from services.keyvault.tables import INBOX, OUTBOX
from shared.bus.inbox import Inbox
from shared.bus.outbox import Outbox
from shared.bus.outgoing import fact
from shared.clock import Clock
from shared.contracts.envelope import enclose
from shared.contracts.message import Fact
from shared.db import Database

SERVICE = "keyvault"


class KeyvaultStore:
    """Keyvault's state."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @contextmanager
    def transaction(self) -> Iterator[KeyvaultUnit]:
        """One atomic change."""
        with self._database.transaction() as connection:
            yield KeyvaultUnit(connection, self._clock)

    @contextmanager
    def reading(self) -> Iterator[KeyvaultUnit]:
        """A consistent look that changes nothing."""
        with self._database.reading() as connection:
            yield KeyvaultUnit(connection, self._clock)


class KeyvaultUnit:
    """What can be done inside one transaction.

    Attributes:
        now: The one moment at which all of it happens.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.now = clock.now()
        self._connection = connection
        self._clock = clock
        self._outbox = Outbox(OUTBOX)
        self._inbox = Inbox(INBOX)
        self.accounts = AccountRows(connection, self.now)
        self.user_keys = UserKeyRows(connection, self.now)
        self.records = RecordRows(connection, self.now)
        self.totp = TotpRows(connection, self.now)
        self.keyring = KeyringRows(connection, self.now)
        self.audit = AuditRows(connection, self.now)
        self.replays = ReplayRows(connection, self.now)
        self.grant_uses = GrantUseRows(connection, self.now)
        self.limits = LimitRows(connection, self.now)
        self.holdings = HoldingRows(connection, self.now)

    def publish(self, message: Fact) -> None:
        """Tell whoever listens, if the transaction commits."""
        envelope = enclose(message, source=f"/studiomatic/{SERVICE}", clock=self._clock)
        self._outbox.add(self._connection, fact(envelope, SERVICE))

    def first_time(self, consumer: str, message_id: str) -> bool:
        """Remember a heard message; False for a copy."""
        return self._inbox.first_time(self._connection, consumer, message_id)
