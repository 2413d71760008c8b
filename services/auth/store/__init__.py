"""Reads and writes auth's tables: one file for each subject, all of them in one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection

from services.auth.store.accounts import AccountRows
from services.auth.store.challenges import ChallengeRows
from services.auth.store.events import EventRows
from services.auth.store.factors import FactorRows
from services.auth.store.links import LinkRows
from services.auth.store.mails import MailRows
from services.auth.store.passwords import PasswordRows
from services.auth.store.policies import PolicyRows
from services.auth.store.sessions import SessionRows
from services.auth.store.throttles import ThrottleRows
from services.auth.store.usage import UsageRows
from services.auth.tables import INBOX, OUTBOX
from shared.bus.inbox import Inbox
from shared.bus.outbox import Outbox
from shared.bus.outgoing import fact
from shared.clock import Clock
from shared.contracts.accounts import AccountFact
from shared.contracts.envelope import enclose
from shared.db import Database

SERVICE = "auth"


class AuthStore:
    """Auth's state."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @contextmanager
    def transaction(self) -> Iterator[AuthUnit]:
        """One atomic change."""
        with self._database.transaction() as connection:
            yield AuthUnit(connection, self._clock, writes=True)

    @contextmanager
    def reading(self) -> Iterator[AuthUnit]:
        """A consistent look that changes nothing."""
        with self._database.reading() as connection:
            yield AuthUnit(connection, self._clock, writes=False)


class AuthUnit:
    """What can be done inside one transaction.

    Attributes:
        now: The one moment at which all of it happens.
        writes: Whether it can change anything.
    """

    def __init__(self, connection: Connection, clock: Clock, *, writes: bool) -> None:
        self.now = clock.now()
        self.writes = writes
        self._connection = connection
        self._clock = clock
        self._outbox = Outbox(OUTBOX)
        self._inbox = Inbox(INBOX)
        self.accounts = AccountRows(connection, self.now)
        self.passwords = PasswordRows(connection, self.now)
        self.sessions = SessionRows(connection, self.now)
        self.challenges = ChallengeRows(connection, self.now)
        self.links = LinkRows(connection, self.now)
        self.factors = FactorRows(connection, self.now)
        self.throttles = ThrottleRows(connection, self.now)
        self.events = EventRows(connection, self.now)
        self.usage = UsageRows(connection, self.now)
        self.policies = PolicyRows(connection, self.now)
        self.mails = MailRows(connection, self.now)

    def publish(self, message: AccountFact) -> None:
        """Tell whoever listens, if the transaction commits."""
        envelope = enclose(
            message, source=f"/studiomatic/{SERVICE}", account_id=message.account_id, clock=self._clock
        )
        self._outbox.add(self._connection, fact(envelope, SERVICE))

    def first_time(self, consumer: str, message_id: str) -> bool:
        """Remember a heard message; False for a copy."""
        return self._inbox.first_time(self._connection, consumer, message_id)
