"""The whole vault on a database and a keyring file; people, auth and gdpr are played by the test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from sqlalchemy import select

from services.keyvault.crypto.keyring_files import FileKeyring, make_keyring
from services.keyvault.dependencies import VaultDesk
from services.keyvault.tables import AUDIT
from shared.bus.context import Caller
from shared.clock import FixedClock
from shared.contracts import vault
from shared.contracts.accounts import AccountFact
from shared.contracts.envelope import enclose
from shared.contracts.factors import Purpose
from shared.contracts.grants import Ticket
from shared.contracts.message import Query
from shared.contracts.vault import KeyStatus, Provider
from shared.db import Database, open_database
from shared.grants import issue
from shared.ids import AccountId, new_id
from shared.migrate import migrate
from shared.sealing import SealingKey, seal, secret_info, totp_info
from shared.service_keys import ServiceKeys
from shared.signing import Signer, Verifier, key_id

ACCOUNT = "01a20e67-f96c-7495-a999-000000000001"
SECRET = b"sk-test-1234567890-secret"
SERVICES = ("auth", "content", "edge", "gdpr", "keyvault", "orchestrator")


class Probe:
    """Answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status = KeyStatus.NOT_CHECKED
        self.asked: list[tuple[str, str, Provider]] = []

    def probe(self, account_id: str, record_id: str, provider: Provider) -> KeyStatus:
        self.asked.append((account_id, record_id, provider))
        return self.status


class Desk:
    """One process of keyvault, and everybody around it."""

    def __init__(
        self, database: Database, keyring_path: Path, clock: FixedClock, signers: dict[str, Signer]
    ) -> None:
        self.database, self.keyring_path, self.clock, self.signers = database, keyring_path, clock, signers
        self.keys = ServiceKeys(
            pins=Verifier(
                public_keys={signer.key_id: signer.private_key.public_key() for signer in signers.values()},
                sealing_keys={signer.key_id: signer.sealing_key.public for signer in signers.values()},
            ),
            signers=signers,
        )
        self.probe = Probe()
        self.vault = VaultDesk(database, lambda _store: FileKeyring(keyring_path), self.keys, clock, self.probe)
        self.store = self.vault.store

    def another_process(self) -> Desk:
        """What runs beside it, or after a restart: the same database and keyring file."""
        return Desk(self.database, self.keyring_path, self.clock, self.signers)

    def ask(self, query: Query, *, signer: str | None = "edge", account: str = ACCOUNT) -> Any:
        envelope = enclose(query, source=f"/studiomatic/{signer}", account_id=account)
        return self.vault.answer(query, Caller(account_id=AccountId(account), envelope=envelope, signer=signer))

    def ticket(self, purpose: Purpose = Purpose.VAULT_WRITE, by: str = "auth", **changes: Any) -> str:
        now = self.clock.now()
        values = {
            "ticket_id": new_id(),
            "account_id": ACCOUNT,
            "session_id": "session-1",
            "audience": "keyvault",
            "purpose": purpose,
            "issued_at": now,
            "expires_at": now + timedelta(minutes=5),
        }
        return issue(Ticket(**(values | changes)), self.signers[by])

    def admin_ticket(self, **changes: Any) -> str:
        return self.ticket(Purpose.VAULT_ADMINISTER, **changes)

    def boxed(self, secret: bytes, account: str = ACCOUNT, provider: str = Provider.ZAI) -> str:
        public = self.keys.pins.sealing_key_of("keyvault")
        return seal(secret, public, info=secret_info(account, provider))

    def put(
        self, secret: bytes = SECRET, *, account: str = ACCOUNT, provider: Provider = Provider.ZAI, **changes: Any
    ) -> vault.KeySummary:
        values: dict[str, Any] = {
            "ticket": self.ticket(account_id=account),
            "provider": provider,
            "label": "mine",
            "sealed_secret": self.boxed(secret, account, provider),
        }
        view = self.ask(vault.PutKey(**(values | changes)), account=account)
        return view.key

    def replace(self, record_id: str, secret: bytes, account: str = ACCOUNT, **changes: Any) -> vault.KeySummary:
        values: dict[str, Any] = {
            "ticket": self.ticket(account_id=account),
            "record_id": record_id,
            "sealed_secret": self.boxed(secret, account),
        }
        view = self.ask(vault.ReplaceKey(**(values | changes)), account=account)
        return view.key

    def remove(self, record_id: str, account: str = ACCOUNT) -> None:
        self.ask(vault.RemoveKey(ticket=self.ticket(account_id=account), record_id=record_id), account=account)

    def listed(self, account: str = ACCOUNT) -> tuple[vault.KeySummary, ...]:
        keys: tuple[vault.KeySummary, ...] = self.ask(vault.ListKeys(), account=account).keys
        return keys

    def opened(self, record_id: str, account: str = ACCOUNT) -> bytes:
        """What a delivery would open."""
        with self.store.reading() as unit:
            record = unit.records.get(account, record_id, "provider_key")
            key = unit.user_keys.get(account, record.user_key_version)
        return bytes(self.vault.user_keys.open(key, 1, record.binding, record.sealed))

    def rotate(self, **changes: Any) -> vault.RewrapStatus:
        status: vault.RewrapStatus = self.ask(vault.RotateKeyring(ticket=self.admin_ticket(), **changes))
        return status

    def rewrap_status(self) -> vault.RewrapStatus:
        status: vault.RewrapStatus = self.ask(vault.GetRewrapStatus(ticket=self.admin_ticket()))
        return status

    def shred(self, account: str = ACCOUNT) -> vault.UserShredded:
        shredded: vault.UserShredded = self.ask(vault.ShredUser(), signer="gdpr", account=account)
        return shredded

    def new_seed(self, account: str = ACCOUNT) -> tuple[str, bytes]:
        """A pending seed: its record and its bytes, as the person's browser has them."""
        one_time = SealingKey.one_time()
        made = self.ask(vault.NewTotp(reply_key=one_time.public), signer="auth", account=account)
        return made.record_id, one_time.open(made.sealed_seed, info=totp_info(account, made.record_id))

    def confirmed_seed(self, account: str = ACCOUNT) -> bytes:
        record_id, seed = self.new_seed(account)
        assert self.confirm(record_id, self.code(seed), account)
        self.clock.advance(30)
        return seed

    def confirm(self, record_id: str, code: str, account: str = ACCOUNT) -> bool:
        query = vault.ConfirmTotp(record_id=record_id, code=code)
        return bool(self.ask(query, signer="auth", account=account).valid)

    def check(self, code: str, account: str = ACCOUNT) -> bool:
        return bool(self.ask(vault.CheckTotp(code=code), signer="auth", account=account).valid)

    def code(self, seed: bytes, *, steps: int = 0) -> str:
        """What a telephone shows, so many steps of 30 s from now."""
        counter = int(self.clock.now().timestamp()) // 30 + steps
        return HOTP(seed, 6, SHA1()).generate(counter).decode()  # noqa: S303

    def hear(self, fact: AccountFact, **changes: Any) -> None:
        envelope = enclose(fact, source="/studiomatic/auth", account_id=fact.account_id, clock=self.clock)
        self.vault.accounts.hear(envelope.model_copy(update=changes))

    def denied(self) -> Any:
        """The newest row of a refusal."""
        return next(row for row in reversed(self.audited()) if row.outcome == "denied")

    def audited(self) -> list[Any]:
        with self.database.reading() as connection:
            return list(connection.execute(select(AUDIT).order_by(AUDIT.c.sequence)))


def played() -> dict[str, Signer]:
    keys = {service: Ed25519PrivateKey.generate() for service in SERVICES}
    return {
        service: Signer(key_id=key_id(service, key.public_key()), private_key=key) for service, key in keys.items()
    }


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite here; the same tests run on PostgreSQL in tests/integration."""
    return f"sqlite:///{tmp_path}"


@pytest.fixture
def keyring_path(tmp_path: Path) -> Path:
    path = tmp_path / "keyring.json"
    make_keyring(path)
    return path


@pytest.fixture
def open_desk(database_url: str, keyring_path: Path) -> Iterator[Callable[[], Desk]]:
    """Starts keyvault; what it raises is what its start would."""
    database = open_database(database_url, schema="keyvault")
    migrate(database, "keyvault")
    clock, signers = FixedClock(), played()
    yield lambda: Desk(database, keyring_path, clock, signers)
    database.close()


@pytest.fixture
def desk(open_desk: Callable[[], Desk]) -> Desk:
    return open_desk()


@pytest.fixture
def rewrite_keyring(keyring_path: Path) -> Callable[[str], None]:
    """Puts another text in the place of the keyring."""

    def rewrite(text: str) -> None:
        keyring_path.unlink()
        with os.fdopen(os.open(keyring_path, os.O_WRONLY | os.O_CREAT, 0o400), "w") as file:
            file.write(text)

    return rewrite
