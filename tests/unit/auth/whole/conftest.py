"""Auth and keyvault together, as the bus would join them, with a clock that tests set and cheap hashes."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyotp
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from services.auth.dependencies import AuthDesk
from services.auth.domain.records import LinkPurpose
from services.auth.handlers.links import Links
from services.auth.hashing import Argon2Hasher, Cost
from services.auth.tables import METADATA
from services.keyvault.crypto.keyring_files import FileKeyring, make_keyring
from services.keyvault.dependencies import VaultDesk
from services.keyvault.probing import NobodyProbes
from shared.bus.context import Caller
from shared.clock import FixedClock
from shared.config import Settings
from shared.contracts.accounts import ClientInfo, ConfirmAddress, RegisterAccount
from shared.contracts.envelope import enclose
from shared.contracts.factors import BeginTotp, EnableTotp, FactorEnabled
from shared.contracts.message import Query
from shared.contracts.sessions import LogIn, LoginAnswer, Reauthenticate, SessionOpened
from shared.db import open_database
from shared.errors import BrokerUnavailableError
from shared.ids import AccountId
from shared.migrate import migrate
from shared.sealing import SealingKey, totp_info
from shared.service_keys import ServiceKeys
from shared.signing import Signer, Verifier, key_id

PASSWORD = "thirteen plums on ice"
CLIENT = ClientInfo(ip="192.0.2.7", user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0")
SERVICES = ("auth", "keyvault")
SIGNERS = ("auth", "content", "edge", "gdpr", "keyvault", "orchestrator")


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a confirmed account, and perhaps a program that shows codes."""

    email: str
    session: SessionOpened = field(repr=False)
    seed: bytes = b""
    recovery_codes: tuple[str, ...] = ()

    @property
    def account_id(self) -> str:
        return self.session.account_id


class Whole:
    """Auth and keyvault, and people in front of them."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.clock = FixedClock()
        self.password = PASSWORD
        self.vault_away = False
        self.databases = {name: open_database(database_url, schema=name) for name in SERVICES}
        signers = {name: _signer(name) for name in SIGNERS}
        self.keys = ServiceKeys(
            pins=Verifier(
                public_keys={signer.key_id: signer.private_key.public_key() for signer in signers.values()},
                sealing_keys={signer.key_id: signer.sealing_key.public for signer in signers.values()},
            ),
            signers=signers,
        )
        make_keyring(folder / "keyring.json")
        self.vault_desk = VaultDesk(
            self.databases["keyvault"],
            lambda _store: FileKeyring(folder / "keyring.json"),
            self.keys,
            self.clock,
            NobodyProbes(),
        )
        self.auth_desk = AuthDesk(
            self.databases["auth"],
            Settings(data_dir=folder, public_url="https://studio.example"),
            signer=signers["auth"],
            ask=self._vault_of_auth,
            clock=self.clock,
            hasher=Argon2Hasher(Cost(memory_kib=8, rounds=1, lanes=1)),
        )

    def close(self) -> None:
        for database in self.databases.values():
            database.close()

    def ask(self, query: Query) -> Any:
        """Ask auth."""
        return self.auth_desk.answer(query)

    def ask_vault(self, query: Query, account_id: str, signer: str = "edge") -> Any:
        envelope = enclose(query, source=f"/studiomatic/{signer}", account_id=account_id)
        caller = Caller(account_id=AccountId(account_id), envelope=envelope, signer=signer)
        return self.vault_desk.answer(query, caller)

    def person(self, email: str = "ada@example.org") -> Person:
        """Register, confirm the address and log in."""
        self.ask(
            RegisterAccount(
                name="Ada", email=email, password=PASSWORD, birth_date=date(1990, 5, 17), client=CLIENT
            )
        )
        with self.auth_desk.store.transaction() as unit:
            account = unit.accounts.by_address(email)
            link = Links().issue(unit, account.account_id, LinkPurpose.CONFIRM_ADDRESS, email)
        self.ask(ConfirmAddress(link=link, client=CLIENT))
        session = self.log_in(email).session
        assert session is not None
        return Person(email=email, session=session)

    def log_in(self, email: str = "ada@example.org", password: str = PASSWORD) -> LoginAnswer:
        answer: LoginAnswer = self.ask(LogIn(email=email, password=password, client=CLIENT))
        return answer

    def with_totp(self, person: Person) -> Person:
        """Set time-based codes up, and wait until the next code."""
        key = SealingKey.one_time()
        begun = self.ask(BeginTotp(session=person.session.token, reply_key=key.public))
        seed = key.open(begun.sealed_seed, info=totp_info(person.account_id, begun.enrolment_id))
        known = replace(person, seed=seed)
        enabled: FactorEnabled = self.ask(
            EnableTotp(
                session=person.session.token,
                enrolment_id=begun.enrolment_id,
                code=self.code(known),
                client=CLIENT,
            )
        )
        self.clock.advance(60)
        return replace(known, recovery_codes=enabled.recovery_codes)

    def code(self, person: Person, steps: int = 0) -> str:
        """What the person's program shows, so many steps from now."""
        program = pyotp.TOTP(base64.b32encode(person.seed).decode())
        return program.at(int(self.clock.now().timestamp()) + 30 * steps)

    def fresh(self, person: Person, **proof: str) -> Person:
        """Authenticate anew."""
        asked = Reauthenticate(session=person.session.token, password=PASSWORD, client=CLIENT, **proof)
        return replace(person, session=self.ask(asked).session)

    def stored_by_auth(self) -> str:
        """All that auth's database holds, as text."""
        with self.databases["auth"].reading() as connection:
            return "\n".join(
                repr(tuple(row)) for table in METADATA.sorted_tables for row in connection.execute(select(table))
            )

    def _vault_of_auth(self, query: Query, _reply: Any, account_id: str) -> Any:
        if self.vault_away:
            raise BrokerUnavailableError
        return self.ask_vault(query, account_id, signer="auth")


def _signer(service: str) -> Signer:
    key = Ed25519PrivateKey.generate()
    return Signer(key_id=key_id(service, key.public_key()), private_key=key)


@pytest.fixture(scope="session")
def migrated_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables of both services; each test gets a copy, which is faster than making them anew."""
    folder = tmp_path_factory.mktemp("migrated")
    for service in SERVICES:
        database = open_database(f"sqlite:///{folder}", schema=service)
        migrate(database, service)
        database.close()  # the last connection writes the log back into the file
    return folder


@pytest.fixture
def database_url(tmp_path: Path, migrated_folder: Path) -> str:
    """SQLite here; some of these tests run on PostgreSQL in tests/integration."""
    for service in SERVICES:
        shutil.copy(migrated_folder / f"{service}.sqlite3", tmp_path)
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Whole]:
    desk = Whole(database_url, tmp_path)
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def make_whole(tmp_path_factory: pytest.TempPathFactory, migrated_folder: Path) -> Iterator[Callable[[], Whole]]:
    """Makes desks that tests of one file share."""
    made: list[Whole] = []

    def make() -> Whole:
        folder = tmp_path_factory.mktemp("whole")
        for service in SERVICES:
            shutil.copy(migrated_folder / f"{service}.sqlite3", folder)
        made.append(Whole(f"sqlite:///{folder}", folder))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


@pytest.fixture(scope="session")
def client() -> ClientInfo:
    return CLIENT


@pytest.fixture(scope="session")
def password() -> str:
    return PASSWORD
