"""All of auth on a database, with a clock that tests set, cheap hashes that are counted, and a played vault."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import event, select

from services.auth.dependencies import AuthDesk
from services.auth.domain.records import Account, LinkPurpose
from services.auth.handlers.links import Links
from services.auth.hashing import Argon2Hasher, Cost
from services.auth.tables import MAILS, METADATA, OUTBOX, PASSWORDS, SECURITY_EVENTS, SESSIONS
from shared.clock import FixedClock
from shared.config import Settings
from shared.contracts.accounts import AccountState, ClientInfo, Role
from shared.contracts.message import Query, Reply
from shared.contracts.sessions import LogIn, PassChallenge, Reauthenticate, SessionOpened
from shared.contracts.vault import TotpChecked
from shared.db import open_database
from shared.ids import new_id
from shared.migrate import migrate
from shared.signing import Signer, key_id

PASSWORD = "thirteen plums on ice"
CODE = "123456"
CLIENT = ClientInfo(ip="192.0.2.7", user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")
CHEAP = Cost(memory_kib=8, rounds=1, lanes=1)


class CountingHasher(Argon2Hasher):
    """Real Argon2id, as cheap as it gets; notes each call."""

    def __init__(self, cost: Cost = CHEAP) -> None:
        super().__init__(cost)
        self.calls: list[str] = []

    def hash(self, data: bytes) -> str:
        self.calls.append("hash")
        return super().hash(data)

    def fits(self, phc: str, data: bytes) -> bool:
        self.calls.append("fits")
        return super().fits(phc, data)


class Desk:
    """Auth, and what stands around it."""

    def __init__(self, database_url: str, clock: FixedClock | None = None, **settings: Any) -> None:
        self.database_url = database_url
        self.clock = clock or FixedClock()
        self.hasher = CountingHasher(settings.pop("cost", CHEAP))
        self.database = open_database(database_url, schema="auth")
        key = Ed25519PrivateKey.generate()
        self.auth = AuthDesk(
            self.database,
            Settings(**{"data_dir": Path("/nonexistent"), **settings}),
            signer=Signer(key_id=key_id("auth", key.public_key()), private_key=key),
            ask=self._vault,
            clock=self.clock,
            hasher=self.hasher,
        )
        self.store = self.auth.store

    def close(self) -> None:
        self.database.close()

    def another(self, **settings: Any) -> Desk:
        """A second replica, or the same one after a restart."""
        return Desk(self.database_url, self.clock, **settings)

    def ask(self, query: Query) -> Any:
        return self.auth.answer(query)

    # People

    def person(self, email: str = "Ada@example.org", password: str = PASSWORD, **changes: Any) -> Account:
        """A confirmed account that never logged in."""
        values: dict[str, Any] = {
            "account_id": new_id(),
            "state": AccountState.ACTIVE,
            "role": Role.USER,
            "name": "Ada Lovelace",
            "email": email,
            "address_key": email.lower(),
            "company": None,
            "country": None,
            "language": None,
            "created_at": self.clock.now(),
            "confirmed_at": self.clock.now(),
            "deletion_requested_at": None,
            "factors_removed_at": None,
        }
        account = Account(**{**values, **changes})
        hashing = self.auth._parts.hashing
        with self.store.transaction() as unit:
            assert unit.accounts.add(account)
            unit.accounts.update(account.account_id, state=account.state.value, role=account.role.value)
            unit.passwords.set(account.account_id, *hashing.hashed(password))
        self.hasher.calls.clear()
        return account

    def with_totp(self, account: Account) -> None:
        """Give an account a second factor whose code is always the same."""
        with self.store.transaction() as unit:
            unit.factors.set_totp(account.account_id, new_id())

    def log_in(
        self, email: str = "Ada@example.org", password: str = PASSWORD, client: ClientInfo = CLIENT
    ) -> SessionOpened:
        answer = self.ask(LogIn(email=email, password=password, client=client))
        if answer.challenge is None:
            opened: SessionOpened = answer.session
            return opened
        passed = self.ask(PassChallenge(challenge=answer.challenge, totp=CODE, client=client))
        session: SessionOpened = passed.session
        return session

    def reauthenticate(self, session: SessionOpened, **changes: Any) -> SessionOpened:
        values = {"session": session.token, "password": PASSWORD, "client": CLIENT, **changes}
        renewed: SessionOpened = self.ask(Reauthenticate(**values)).session
        return renewed

    def link(self, account: Account, purpose: LinkPurpose) -> str:
        """The token in a mail, as the sender of mails makes it."""
        with self.store.transaction() as unit:
            return Links().issue(unit, account.account_id, purpose, account.email)

    def change_account(self, account: Account, **columns: Any) -> None:
        with self.store.transaction() as unit:
            unit.accounts.update(account.account_id, **columns)

    # What is stored

    def phc(self, account: Account) -> str:
        with self.database.reading() as connection:
            found: str = connection.scalar(
                select(PASSWORDS.c.phc).where(PASSWORDS.c.account_id == account.account_id)
            )
            return found

    def letters(self, account: Account) -> list[str]:
        """Templates of the mails to somebody, the oldest first."""
        found = select(MAILS.c.template).where(MAILS.c.account_id == account.account_id)
        with self.database.reading() as connection:
            return list(connection.scalars(found.order_by(MAILS.c.mail_id)))

    def events(self, account_id: str) -> list[tuple[str, str]]:
        columns = SECURITY_EVENTS.c
        found = select(columns.kind, columns.outcome).where(columns.account_id == account_id)
        with self.database.reading() as connection:
            return [(row.kind, row.outcome) for row in connection.execute(found.order_by(columns.event_id))]

    def facts(self) -> list[str]:
        """Routing keys of what auth told others, in order."""
        with self.database.reading() as connection:
            return list(connection.scalars(select(OUTBOX.c.routing_key).order_by(OUTBOX.c.position)))

    def sessions_stored(self) -> int:
        with self.database.reading() as connection:
            return len(connection.execute(select(SESSIONS)).all())

    def everything(self) -> str:
        """All that auth's database holds, as text."""
        with self.database.reading() as connection:
            return "\n".join(
                repr(tuple(row)) for table in METADATA.sorted_tables for row in connection.execute(select(table))
            )

    def statements(self, call: Any) -> list[str]:
        """Kinds and tables of the statements that ``call`` makes, in order; what it raises is swallowed."""
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            seen.append(_shape(statement))

        engine = self.database._connections.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            call()
        except Exception as error:  # noqa: BLE001
            seen.append(type(error).__name__)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        return seen

    def _vault(self, query: Query, _reply: type[Reply], _account_id: str) -> Any:
        return TotpChecked(valid=getattr(query, "code", None) == CODE)


def _shape(statement: str) -> str:
    """A statement without the names of its parameters."""
    return re.sub(r"\s+", " ", statement)


@pytest.fixture(scope="session")
def migrated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Auth's tables in a folder; each test gets a copy, which is faster than making them anew."""
    folder = tmp_path_factory.mktemp("migrated")
    database = open_database(f"sqlite:///{folder}", schema="auth")
    migrate(database, "auth")
    database.close()
    return folder


@pytest.fixture
def database_url(tmp_path: Path, migrated_folder: Path) -> str:
    """SQLite here; some of these tests run on PostgreSQL in tests/integration."""
    shutil.copytree(migrated_folder, tmp_path, dirs_exist_ok=True)
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    desk = Desk(database_url)
    yield desk
    desk.close()


@pytest.fixture
def make_desk(database_url: str) -> Iterator[Any]:
    """Makes desks with other settings on the same database."""
    made: list[Desk] = []

    def make(**settings: Any) -> Desk:
        made.append(Desk(database_url, **settings))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def client() -> ClientInfo:
    return CLIENT


@pytest.fixture
def password() -> str:
    return PASSWORD
