"""All of auth on a database, with a clock that tests set, cheap hashes that are counted, and mails that are caught."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event, func, select

from services.auth.dependencies import AuthDesk
from services.auth.domain.records import Account
from services.auth.domain.written_mail import WrittenMail
from services.auth.hashing import Argon2Hasher, Cost
from services.auth.tables import MAILS, METADATA, OUTBOX, SECURITY_EVENTS
from shared.clock import FixedClock
from shared.config import Settings
from shared.contracts.accounts import (
    AccountView,
    ClientInfo,
    ConfirmAddress,
    GetAccount,
    MakeFirstAdministrator,
    RegisterAccount,
)
from shared.contracts.message import Query
from shared.contracts.sessions import LogIn, Reauthenticate, SessionOpened
from shared.db import open_database
from shared.migrate import migrate
from shared.signing import Signer, key_id

PASSWORD = "thirteen plums on ice"
CLIENT = ClientInfo(ip="192.0.2.7", user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")
PUBLIC_URL = "https://studio.example"


class CountingHasher(Argon2Hasher):
    """Real Argon2id, as cheap as it gets; notes each call."""

    def __init__(self) -> None:
        super().__init__(Cost(memory_kib=8, rounds=1, lanes=1))
        self.calls: list[str] = []

    def hash(self, data: bytes) -> str:
        self.calls.append("hash")
        return super().hash(data)

    def fits(self, phc: str, data: bytes) -> bool:
        self.calls.append("fits")
        return super().fits(phc, data)


class CaughtMails:
    """Takes every mail, unless it is told how to fail."""

    def __init__(self) -> None:
        self.sent: list[WrittenMail] = []
        self.failure: Exception | None = None

    def send(self, mail: WrittenMail) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append(mail)


class Desk:
    """Auth, its mails, and what a person does there."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.clock = FixedClock()
        self.hasher = CountingHasher()
        self.database = open_database(database_url, schema="auth")
        migrate(self.database, "auth")
        key = Ed25519PrivateKey.generate()
        self.auth = AuthDesk(
            self.database,
            Settings(public_url=PUBLIC_URL, data_dir=folder),
            signer=Signer(key_id=key_id("auth", key.public_key()), private_key=key),
            ask=self._vault,
            clock=self.clock,
            hasher=self.hasher,
        )
        self.store = self.auth.store
        self.mails = CaughtMails()
        self.auth.mail_delivery._transport = self.mails

    def ask(self, query: Query) -> Any:
        return self.auth.answer(query)

    # What people do

    def register(self, email: str = "Ada@example.org", **changes: Any) -> Any:
        values = {
            "name": "Ada Lovelace",
            "email": email,
            "password": PASSWORD,
            "birth_date": date(1990, 1, 1),
            "client": CLIENT,
        }
        return self.ask(RegisterAccount(**{**values, **changes}))

    def person(self, email: str = "ada@example.org", **changes: Any) -> Account:
        """Somebody whose address is confirmed."""
        self.register(email, **changes)
        self.ask(ConfirmAddress(link=self.link(), client=CLIENT))
        return self.account(email)

    def administrator(self) -> SessionOpened:
        """A session of just now of an administrator."""
        self.person("root@example.org")
        token = self.auth.first_administrator.offer()
        self.ask(MakeFirstAdministrator(token=token, email="root@example.org"))
        return self.log_in("root@example.org")

    def log_in(self, email: str = "ada@example.org", password: str = PASSWORD) -> SessionOpened:
        opened: SessionOpened = self.ask(LogIn(email=email, password=password, client=CLIENT)).session
        return opened

    def prove_again(self, session: SessionOpened) -> SessionOpened:
        renewed = self.ask(Reauthenticate(session=session.token, password=PASSWORD, client=CLIENT))
        opened: SessionOpened = renewed.session
        return opened

    def view(self, session: SessionOpened) -> AccountView:
        view: AccountView = self.ask(GetAccount(session=session.token))
        return view

    # Mails

    def deliver(self) -> list[WrittenMail]:
        """Send what waits; the mails of this round."""
        before = len(self.mails.sent)
        self.auth.mail_delivery.send_all()
        return self.mails.sent[before:]

    def link(self) -> str:
        """The token in the newest mail that has one, after sending what waits."""
        self.deliver()
        for mail in reversed(self.mails.sent):
            if found := re.search(r"/account/\w+#([\w-]{43})$", mail.text, re.M):
                return found[1]
        raise AssertionError("no mail has a link")

    def told(self) -> list[tuple[str, str]]:
        """Template and recipient of every mail that is waiting or was sent, the oldest first."""
        with self.database.reading() as connection:
            rows = connection.execute(select(MAILS.c.template, MAILS.c.recipient).order_by(MAILS.c.mail_id))
            return [(row.template, row.recipient) for row in rows]

    # What is stored

    def account(self, email: str) -> Account:
        with self.store.reading() as unit:
            account = unit.accounts.by_address(email.lower())
        assert account is not None
        return account

    def facts(self) -> list[str]:
        """Routing keys of what auth told others, in order."""
        with self.database.reading() as connection:
            return list(connection.scalars(select(OUTBOX.c.routing_key).order_by(OUTBOX.c.position)))

    def events(self, account: Account) -> list[tuple[str, str]]:
        columns = SECURITY_EVENTS.c
        found = select(columns.kind, columns.outcome).where(columns.account_id == account.account_id)
        with self.database.reading() as connection:
            return [(row.kind, row.outcome) for row in connection.execute(found.order_by(columns.event_id))]

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with self.database.reading() as connection:
            return {
                table.name: connection.scalar(select(func.count()).select_from(table)) or 0
                for table in METADATA.sorted_tables
            }

    def everything(self) -> str:
        """All that auth's database holds, as text."""
        with self.database.reading() as connection:
            return "\n".join(
                repr(tuple(row)) for table in METADATA.sorted_tables for row in connection.execute(select(table))
            )

    def statements(self, call: Any) -> int:
        """How many statements ``call`` makes."""
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        engine = self.database._connections.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            call()
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    @staticmethod
    def _vault(*_: Any) -> Any:
        raise AssertionError("nobody here has a second factor")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Auth's tables in a file; each test gets a copy, which is faster than making them anew."""
    folder = tmp_path_factory.mktemp("migrated")
    database = open_database(f"sqlite:///{folder}", schema="auth")
    migrate(database, "auth")
    database.close()  # the last connection writes the log back into the file
    return folder / "auth.sqlite3"


@pytest.fixture
def database_url(tmp_path: Path, migrated_file: Path) -> str:
    """SQLite here; some of these tests run on PostgreSQL in tests/integration."""
    shutil.copy(migrated_file, tmp_path)
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(database_url, tmp_path)
    yield desk
    desk.database.close()


@pytest.fixture
def client() -> ClientInfo:
    return CLIENT


@pytest.fixture
def password() -> str:
    return PASSWORD
